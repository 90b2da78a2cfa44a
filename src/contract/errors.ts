import { z } from 'zod';

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
const errorCodes = Object.keys(errorStatus) as [ErrorCode, ...ErrorCode[]];

/** One wrong field. */
export const fieldError = z.object({
  location: z.string().describe("The field's name, dotted where nested (`attachments.0`)."),
  message: z.string(),
  type: z
    .string()
    .describe('Stable, for programs: `required` `invalid_type` `too_short` `too_long` `blank` …'),
  context: z.unknown().optional().describe('What the rule was about: a limit, the allowed values.'),
  in: z.enum(['body', 'query', 'path']),
});
export type FieldError = z.infer<typeof fieldError>;

/** The body of every answer that is not 2xx, on every status and every path. */
export const errorBody = z.object({
  error: z.enum(errorCodes),
  message: z.string(),
  errors: z.array(fieldError).exactOptional(),
});
export type ErrorBody = z.infer<typeof errorBody>;

/** A negative acknowledgement of a socket event. */
export const ackError = errorBody.extend({
  ok: z.literal(false),
  retry_after: z.number().exactOptional().describe('In seconds.'),
});
export type AckError = z.infer<typeof ackError>;
