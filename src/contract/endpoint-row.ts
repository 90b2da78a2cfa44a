import { z } from 'zod';
import type { ErrorCode } from './errors.ts';
import { hexId } from './ids.ts';
import type { RateLimitName } from './limits.ts';

/**
 * One row of the REST table: all that a document, a client or a router needs to know of an endpoint.
 * `src/http` binds a handler to each by its name.
 */
export interface EndpointRow {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** From the root; `:name` stands for one segment. */
  path: string;
  summary: string;
  /** `token`: a bearer's; `link`: the signature in the address; `none`: nobody is asked. */
  auth: 'token' | 'link' | 'none';
  /** Who of those with a token, in words; the rules themselves are `domain/access/policy`. */
  may: string;
  /** None where nothing is counted. */
  limit?: RateLimitName;
  params?: z.ZodObject;
  query?: z.ZodType;
  /** A JSON body. */
  body?: z.ZodType;
  /** The file field of a multipart body. */
  file?: string;
  /** Files that may come with the fields as a form instead of JSON, and the field of `body` for their ids. */
  files?: { field: string; into: string };
  /** Other names of fields of the body, as sibling systems call them. */
  aliases?: Readonly<Record<string, string>>;
  /** Bodies by status; null is a body of bytes, or with 204 none at all. */
  answers: Readonly<Record<number, z.ZodType | null>>;
  /** Headers of the answer that a client needs. */
  headers?: readonly string[];
  /** Refusals beyond those of every endpoint, `commonErrors`. */
  errors: readonly ErrorCode[];
}

/** What any endpoint may answer: the form of the request, the limits, our own trouble. */
export const commonErrors = [
  'BAD_REQUEST',
  'RATELIMIT',
  'INTERNAL_SERVER_ERROR',
  'SERVICE_UNAVAILABLE',
] as const satisfies readonly ErrorCode[];

/** Parameters of a path below a ticket. */
export const inTicket = z.object({ ticketId: hexId });

/** The rows of one area, as they were written: their keys and schemas stay known to the compiler. */
export type EndpointRows = Record<string, EndpointRow>;
