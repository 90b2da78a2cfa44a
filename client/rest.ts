import type { ErrorBody } from '../src/contract/errors.ts';
import { answerError, DeskError, toDeskError } from './errors.ts';
import type { Tokens } from './tokens.ts';
import { hasProgress, sendForm, type UploadWatch } from './upload.ts';

export interface RestOptions {
  /** Where the server is, without a slash at the end. */
  url: string;
  tokens: Tokens;
  fetch: typeof globalThis.fetch;
  /** Milliseconds until an answer that does not come counts as lost. */
  timeout: number;
  /** Told when a fresh token is refused as well. */
  onAuthRequired(error: DeskError): void;
}

export interface Answer<T> {
  body: T;
  headers: Headers;
}

type Query = Record<string, string | number | undefined>;

interface CallOptions extends UploadWatch {
  query?: Query;
  body?: unknown;
  timeout?: number;
}

interface RequestParts extends UploadWatch {
  method: string;
  headers: Record<string, string>;
  body: unknown;
  timeout: number;
}

function requestOf({ method, headers, body, timeout, signal }: RequestParts): RequestInit {
  const late = AbortSignal.timeout(timeout);
  const request: RequestInit = {
    ...{ method, headers },
    signal: signal ? AbortSignal.any([late, signal]) : late,
  };
  if (body !== undefined) request.body = body instanceof FormData ? body : JSON.stringify(body);
  return request;
}

/** The REST API: a token with every request, a refused one replaced once, errors as `DeskError`. */
export class Rest {
  readonly #options: RestOptions;

  constructor(options: RestOptions) {
    this.#options = options;
  }

  /** @throws DeskError of the server's code, NETWORK, TIMEOUT or TOKEN */
  async call<T>(
    method: string,
    path: string,
    { query = {}, body, timeout, ...watch }: CallOptions = {},
  ): Promise<Answer<T>> {
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) search.set(name, String(value));
    }
    const address = `/api/v1${path}${search.size > 0 ? `?${search}` : ''}`;
    try {
      return await this.#try<T>(method, address, body, timeout, watch);
    } catch (error) {
      if (!(error instanceof DeskError) || error.code !== 'UNAUTHORIZED') throw error;
    }
    try {
      return await this.#try<T>(method, address, body, timeout, watch);
    } catch (error) {
      if (error instanceof DeskError && error.code === 'UNAUTHORIZED') {
        this.#options.onAuthRequired(error);
      }
      throw error;
    }
  }

  async #try<T>(
    method: string,
    address: string,
    body: unknown,
    timeout = this.#options.timeout,
    watch: UploadWatch = {},
  ): Promise<Answer<T>> {
    const { url, tokens } = this.#options;
    const token = await tokens.get();
    const isForm = body instanceof FormData;
    const headers: Record<string, string> = { authorization: `Bearer ${token}` };
    if (body !== undefined && !isForm) headers['content-type'] = 'application/json';
    const answer =
      isForm && hasProgress(watch)
        ? await sendForm(url + address, { headers, body, timeout, ...watch })
        : await this.#send(url + address, requestOf({ method, headers, body, timeout, ...watch }));
    if (!answer.ok) {
      if (answer.status === 401) tokens.drop(token);
      throw refusalOf(answer);
    }
    return { body: answer.body as T, headers: answer.headers };
  }

  async #send(address: string, request: RequestInit) {
    try {
      const answer = await this.#options.fetch(address, request);
      const { ok, status, headers } = answer;
      const text = await answer.text();
      return { ok, status, headers, body: text ? (JSON.parse(text) as unknown) : undefined };
    } catch (thrown) {
      const late = thrown instanceof Error && thrown.name === 'TimeoutError';
      throw toDeskError(thrown, late ? 'TIMEOUT' : 'NETWORK');
    }
  }
}

function refusalOf(answer: { status: number; headers: Headers; body: unknown }): DeskError {
  const after = Number(answer.headers.get('retry-after') ?? Number.NaN);
  const retryAfter = Number.isFinite(after) ? after : undefined;
  const body = answer.body as Partial<ErrorBody> | undefined;
  if (body?.error !== undefined) return answerError(body as ErrorBody, retryAfter);
  // A proxy in between has answered; whatever it meant, it was not our server's last word.
  const code = answer.status === 401 ? 'UNAUTHORIZED' : 'NETWORK';
  return new DeskError(code, `the answer was ${answer.status}`, { retryAfter });
}
