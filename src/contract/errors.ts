/** Error codes of the wire, each with its HTTP status. The names never change. */
export const errorStatus = {
  BAD_REQUEST: 400,
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  REQUEST_TIMEOUT: 408,
  CONFLICT: 409,
  PAYLOAD_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  RANGE_NOT_SATISFIABLE: 416,
  RATELIMIT: 429,
  HEADERS_TOO_LARGE: 431,
  INTERNAL_SERVER_ERROR: 500,
  SERVICE_UNAVAILABLE: 503,
} as const;

export type ErrorCode = keyof typeof errorStatus;

/** One wrong field. `location` is the field's name, dotted where nested (`attachments.0`). */
export interface FieldError {
  location: string;
  message: string;
  /** Stable, for programs: `required` `invalid_type` `too_short` `too_long` `blank` … */
  type: string;
  /** What the rule was about: a limit, the allowed values. */
  context?: unknown;
  in: 'body' | 'query' | 'path';
}

/** The body of every answer that is not 2xx, on every status and every path. */
export interface ErrorBody {
  error: ErrorCode;
  message: string;
  errors?: FieldError[];
}

/** A negative acknowledgement of a socket event; `retry_after` is in seconds. */
export interface AckError extends ErrorBody {
  ok: false;
  retry_after?: number;
}
