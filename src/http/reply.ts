import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { AppContext } from '../context.ts';
import type { ErrorBody } from '../contract/errors.ts';
import { toAppError } from '../errors.ts';
import { refusesContinue } from './body.ts';
import { discardBody, hasUnreadBody } from './discard.ts';
import type { RequestContext } from './request-context.ts';

/** What an endpoint answers with. */
export interface Reply {
  status: number;
  body: unknown;
  headers?: Record<string, string>;
  /** Goes out in place of the body. */
  csv?: string | undefined;
  /** Goes out in place of the body, one line of JSON after the other. */
  lines?: AsyncIterable<unknown>;
}

/** What an endpoint answers with that has done what was asked, and has nothing to say. */
export const noContent = { status: 204, body: undefined } as const;

/** Ends an answer so that it is read, whatever of the request has not been. */
function finish(res: ServerResponse, text: string | Buffer): void {
  const { req } = res;
  if (!hasUnreadBody(req) || refusesContinue(req)) {
    res.end(text);
    return;
  }
  if (res.shouldKeepAlive) {
    res.end(text);
    discardBody(req);
    return;
  }
  // Node closes the connection as soon as the answer has ended.
  res.write(text);
  discardBody(req, () => res.end());
}

export function sendJson(
  res: ServerResponse,
  status: number,
  body: unknown,
  headers?: Record<string, string>,
): void {
  sendText(res, status, JSON.stringify(body), headers);
}

function sendText(
  res: ServerResponse,
  status: number,
  text: string | Buffer,
  headers?: Record<string, string>,
): void {
  if (res.headersSent || res.destroyed) return;
  if (refusesContinue(res.req)) res.shouldKeepAlive = false;
  res.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...headers,
  });
  finish(res, text);
}

/** RFC 9110, section 15.3.5: an answer with 204 has neither a body nor its length. */
function sendNothing(res: ServerResponse, { status, headers }: Reply): void {
  if (res.headersSent || res.destroyed) return;
  if (refusesContinue(res.req)) res.shouldKeepAlive = false;
  res.writeHead(status, { 'Cache-Control': 'no-store', ...headers });
  finish(res, '');
}

/** A long text is held as the bytes that are sent, once; a short one goes out with its headers. */
const LONG_TEXT = 16 * 1024;

const csvHeaders = { 'Content-Type': 'text/csv; charset=utf-8' };

/**
 * Answers with what an endpoint returned, within the budget for what waits to be read.
 * @throws AppError SERVICE_UNAVAILABLE
 */
export function sendReply({ res, unsent }: RequestContext, reply: Reply): void {
  if (reply.body === undefined) {
    sendNothing(res, reply);
    return;
  }
  const text = reply.csv ?? JSON.stringify(reply.body);
  const headers = reply.csv === undefined ? reply.headers : { ...reply.headers, ...csvHeaders };
  const shown = text.length > LONG_TEXT ? Buffer.from(text) : text;
  if (typeof shown !== 'string') unsent?.add(res, shown.length);
  sendText(res, reply.status, shown, headers);
}

async function* toNdjson(lines: AsyncIterable<unknown>) {
  for await (const line of lines) yield `${JSON.stringify(line)}\n`;
}

/**
 * Answers with lines as they are made, no faster than they are read. Where making them fails the connection
 * is cut: what has no end is seen not to be whole.
 */
export async function sendLines(
  { req, res }: RequestContext,
  status: number,
  lines: AsyncIterable<unknown>,
  headers?: Record<string, string>,
): Promise<void> {
  res.writeHead(status, {
    'Content-Type': 'application/x-ndjson; charset=utf-8',
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...headers,
  });
  if (req.method === 'HEAD') return void res.end();
  await pipeline(toNdjson(lines), res);
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
