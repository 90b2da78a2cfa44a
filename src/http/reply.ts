import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { AppContext } from '../context.ts';
import type { ErrorBody } from '../contract/errors.ts';
import { sizes } from '../contract/limits.ts';
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
  /** Goes out in place of the body: a page of HTML, part by part. */
  page?: AsyncGenerator<Buffer>;
  /** Goes out in place of the body, one line of JSON after the other. */
  lines?: AsyncIterable<unknown>;
  /** Called once the answer has ended, however it has. */
  done?: () => void;
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
function sendNothing(res: ServerResponse, status: number, headers: Record<string, string>): void {
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
 * @param headers those of the reply among them
 * @throws AppError SERVICE_UNAVAILABLE
 */
export function sendReply(
  { res, unsent }: RequestContext,
  reply: Reply,
  headers: Record<string, string>,
): void {
  if (reply.body === undefined) {
    sendNothing(res, reply.status, headers);
    return;
  }
  const text = reply.csv ?? JSON.stringify(reply.body);
  const shown = text.length > LONG_TEXT ? Buffer.from(text) : text;
  if (typeof shown !== 'string') unsent?.add(res, shown.length);
  sendText(
    res,
    reply.status,
    shown,
    reply.csv === undefined ? headers : { ...headers, ...csvHeaders },
  );
}

interface StreamOptions {
  status?: number;
  headers?: Record<string, string>;
  /** How long it may take to be read, in milliseconds. */
  within?: number;
}

/** Answers with what is made piece by piece, no faster than it is read. */
async function sendStream(
  { req, res }: RequestContext,
  type: string,
  pieces: AsyncGenerator<string | Buffer>,
  { status = 200, headers = {}, within }: StreamOptions,
): Promise<void> {
  res.writeHead(status, {
    'Content-Type': `${type}; charset=utf-8`,
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...headers,
  });
  if (req.method === 'HEAD') return void res.end();
  if (within === undefined) await pipeline(pieces, res);
  else await pipeline(pieces, res, { signal: AbortSignal.timeout(within) });
}

async function* toNdjson(lines: AsyncIterable<unknown>) {
  for await (const line of lines) yield `${JSON.stringify(line)}\n`;
}

/**
 * Answers with lines as they are made. Where making them fails, or they are read too slowly, the connection
 * is cut: what has no end is seen not to be whole.
 */
export async function sendLines(
  request: RequestContext,
  status: number,
  lines: AsyncIterable<unknown>,
  headers?: Record<string, string>,
): Promise<void> {
  const options = { status, within: sizes.exportWithin, ...(headers && { headers }) };
  await sendStream(request, 'application/x-ndjson', toNdjson(lines), options);
}

/** Memory that a page under way is counted with, in bytes, and how long it may take, in milliseconds. */
export const pageLimits = { held: 4 * 1024 * 1024, within: sizes.transcriptWithin as number };

/**
 * Answers with a page of HTML as it is made. Where making it fails, or it is read too slowly, the
 * connection is cut.
 * @throws AppError SERVICE_UNAVAILABLE, before the first byte
 */
export async function sendPage(
  request: RequestContext,
  page: AsyncGenerator<Buffer>,
  headers: Record<string, string>,
): Promise<void> {
  const { req, res, unsent } = request;
  if (req.method !== 'HEAD') unsent?.add(res, pageLimits.held);
  await sendStream(request, 'text/html', page, { headers, within: pageLimits.within });
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
