/** An error in the shape Discord answers with: HTTP status, JSON code, message and nested field errors. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: number;
  readonly errors: unknown;

  constructor(status: number, code: number, message: string, errors?: unknown) {
    super(message);
    this.status = status;
    this.code = code;
    this.errors = errors;
  }
}

/** A 429. `retryAfter` is in seconds; `headers` are those of the bucket, if it has any to show. */
export class RateLimited extends ApiError {
  readonly retryAfter: number;
  readonly scope: 'user' | 'global' | 'shared';

  constructor(retryAfter: number, scope: 'user' | 'global' | 'shared') {
    super(429, 0, 'You are being rate limited.');
    this.retryAfter = retryAfter;
    this.scope = scope;
  }
}

const UNKNOWN = {
  application: [10002, 'Unknown Application'],
  channel: [10003, 'Unknown Channel'],
  guild: [10004, 'Unknown Guild'],
  member: [10007, 'Unknown Member'],
  message: [10008, 'Unknown Message'],
  overwrite: [10009, 'Unknown permission overwrite'],
  role: [10011, 'Unknown Role'],
  user: [10013, 'Unknown User'],
  emoji: [10014, 'Unknown Emoji'],
  webhook: [10015, 'Unknown Webhook'],
  ban: [10026, 'Unknown Ban'],
  sticker: [10060, 'Unknown sticker'],
  interaction: [10062, 'Unknown interaction'],
  command: [10063, 'Unknown application command'],
} as const;

/** 404 with the code of the thing that is not there. */
export function unknown(what: keyof typeof UNKNOWN): ApiError {
  const [code, message] = UNKNOWN[what];
  return new ApiError(404, code, message);
}

/** 403: may not see the channel at all. */
export function missingAccess(): ApiError {
  return new ApiError(403, 50001, 'Missing Access');
}

/** 403: sees it, but lacks the permission for this act. */
export function missingPermissions(): ApiError {
  return new ApiError(403, 50013, 'Missing Permissions');
}

/** 400 with a code of its own and no field errors. */
export function refused(code: number, message: string): ApiError {
  return new ApiError(400, code, message);
}

/** 400 code 50035; `errors` mirrors the shape of the body, with `_errors` at each faulty place. */
export function invalidForm(errors: unknown): ApiError {
  return new ApiError(400, 50035, 'Invalid Form Body', errors);
}

/** 400 code 50035 for one field; `path` leads to it. */
export function invalidField(path: string[], code: string, message: string): ApiError {
  let errors: unknown = { _errors: [{ code, message }] };
  for (const key of path.toReversed()) errors = { [key]: errors };
  return invalidForm(errors);
}
