import { DeskError } from './errors.ts';

/** How an upload is followed and called off. */
export interface UploadWatch {
  signal?: AbortSignal;
  /** Told now and then: from 0 to 1. */
  onProgress?: (share: number) => void;
}

/** The part of XMLHttpRequest that is used; Node has none. */
interface Xhr {
  upload: { onprogress: ((event: { loaded: number; total: number }) => void) | null };
  timeout: number;
  status: number;
  responseText: string;
  onload: (() => void) | null;
  onerror: (() => void) | null;
  ontimeout: (() => void) | null;
  onabort: (() => void) | null;
  open(method: string, url: string): void;
  setRequestHeader(name: string, value: string): void;
  getAllResponseHeaders(): string;
  send(body: FormData): void;
  abort(): void;
}

const { XMLHttpRequest: XhrClass } = globalThis as unknown as { XMLHttpRequest?: new () => Xhr };

/** True where the progress is wanted and can be had: `fetch` tells nothing of it. */
export function hasProgress({ onProgress }: UploadWatch): boolean {
  return onProgress !== undefined && XhrClass !== undefined;
}

function readHeaders(lines: string): Headers {
  const headers = new Headers();
  for (const line of lines.trim().split(/[\r\n]+/)) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return headers;
}

/** Posts a form and tells how far it has come. @throws DeskError NETWORK, TIMEOUT or DISCARDED */
export function sendForm(
  url: string,
  options: UploadWatch & { headers: Record<string, string>; body: FormData; timeout: number },
): Promise<{ ok: boolean; status: number; headers: Headers; body: unknown }> {
  return new Promise((resolve, reject) => {
    if (!XhrClass) return reject(new DeskError('CLIENT', 'there is no XMLHttpRequest'));
    const { headers, body, timeout, signal, onProgress } = options;
    const xhr = new XhrClass();
    const fail = (code: 'NETWORK' | 'TIMEOUT' | 'DISCARDED', message: string) => () =>
      reject(new DeskError(code, message));
    xhr.upload.onprogress = ({ loaded, total }) => onProgress?.(total > 0 ? loaded / total : 0);
    xhr.onerror = fail('NETWORK', 'the upload was cut');
    xhr.ontimeout = fail('TIMEOUT', 'the upload took too long');
    xhr.onabort = fail('DISCARDED', 'the upload was called off');
    xhr.onload = () => {
      const { status, responseText } = xhr;
      let parsed: unknown;
      try {
        parsed = responseText ? JSON.parse(responseText) : undefined;
      } catch {
        // Something in between has answered; the status says what it was.
      }
      const ok = status >= 200 && status < 300;
      resolve({ ok, status, headers: readHeaders(xhr.getAllResponseHeaders()), body: parsed });
    };
    xhr.open('POST', url);
    xhr.timeout = timeout;
    for (const [name, value] of Object.entries(headers)) xhr.setRequestHeader(name, value);
    if (signal?.aborted) return reject(new DeskError('DISCARDED', 'the upload was called off'));
    signal?.addEventListener('abort', () => xhr.abort(), { once: true });
    xhr.send(body);
  });
}
