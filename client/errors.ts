import type { AckError, ErrorBody, ErrorCode, FieldError } from '../src/contract/errors.ts';

/** The contract's codes, and what only a client can meet. */
export type DeskErrorCode =
  | ErrorCode
  | 'NETWORK'
  | 'TIMEOUT'
  | 'TOKEN'
  | 'DISCARDED'
  | 'CLIENT'
  | 'FILE_GONE';

interface Details {
  /** The file it is about, where it is about one of several. */
  file?: string | undefined;
  errors?: readonly FieldError[] | undefined;
  /** Seconds. */
  retryAfter?: number | undefined;
  cause?: unknown;
}

/** What a call of the client fails with; `code` is for programs, `message` for people. */
export class DeskError extends Error {
  readonly code: DeskErrorCode;
  readonly errors: readonly FieldError[];
  /** Seconds to wait, where the server has said so. */
  readonly retryAfter: number | undefined;
  /** The name of the file it is about. */
  readonly file: string | undefined;

  constructor(code: DeskErrorCode, message: string, details: Details = {}) {
    super(message, { cause: details.cause });
    this.name = 'DeskError';
    this.code = code;
    this.errors = details.errors ?? [];
    this.retryAfter = details.retryAfter;
    this.file = details.file;
  }
}

const refusals: ReadonlySet<DeskErrorCode> = new Set<DeskErrorCode>([
  'BAD_REQUEST',
  'FORBIDDEN',
  'NOT_FOUND',
  'METHOD_NOT_ALLOWED',
  'CONFLICT',
  'PAYLOAD_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
  'FILE_GONE',
]);

/** True where the same request would be refused again; everything else is worth another try. */
export function isRefusal(error: DeskError): boolean {
  return refusals.has(error.code);
}

/** The error an answer of the server stands for. */
export function answerError(body: ErrorBody | AckError, retryAfter?: number): DeskError {
  const wait = retryAfter ?? ('retry_after' in body ? body.retry_after : undefined);
  return new DeskError(body.error, body.message, { errors: body.errors, retryAfter: wait });
}

/** Why something was refused, as it is kept and shown. */
export interface Reason {
  code: DeskErrorCode;
  message: string;
  /** The reason as a word, where the code stands for several. */
  type?: string;
  /** What the rule was about: a limit, until when. */
  context?: unknown;
  /** The name of the file it is about. */
  file?: string;
}

/** The reason that an error gives. */
export function reasonOf({ code, message, file, errors }: DeskError): Reason {
  const [first] = errors;
  return {
    ...{ code, message },
    ...(first && { type: first.type }),
    ...(first?.context !== undefined && { context: first.context }),
    ...(file !== undefined && { file }),
  };
}

/** Anything thrown, as a `DeskError`. */
export function toDeskError(thrown: unknown, code: DeskErrorCode = 'NETWORK'): DeskError {
  if (thrown instanceof DeskError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new DeskError(code, message, { cause: thrown });
}
