import type { ServerResponse } from 'node:http';
import type { AppContext } from '../context.ts';
import type { ErrorBody } from '../contract/errors.ts';
import { toAppError } from '../errors.ts';
import type { RequestContext } from './request-context.ts';

/** What an endpoint answers with. */
export interface Reply {
  status: number;
  body: unknown;
  headers?: Record<string, string>;
}

export function sendJson(
  res: ServerResponse,
  status: number,
  body: unknown,
  headers?: Record<string, string>,
): void {
  if (res.headersSent || res.destroyed) return;
  const text = JSON.stringify(body);
  res.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...headers,
  });
  res.end(text);
}

/** The one place where an error becomes an answer over HTTP. Bugs are reported, without detail. */
export function sendError(ctx: AppContext, request: RequestContext, thrown: unknown): void {
  const error = toAppError(thrown);
  if (error.code === 'INTERNAL_SERVER_ERROR') {
    const where = { request: request.id, method: request.req.method, path: request.path };
    ctx.log.error({ err: thrown, ...where }, 'unexpected error');
    ctx.reports.report(thrown, where);
  }
  const { errors, retryAfter, headers } = error.details;
  const body: ErrorBody = { error: error.code, message: error.message, ...(errors && { errors }) };
  sendJson(request.res, error.status, body, {
    ...(retryAfter !== undefined && { 'Retry-After': String(retryAfter) }),
    ...(error.code === 'UNAUTHORIZED' && { 'WWW-Authenticate': 'Bearer' }),
    ...headers,
  });
}
