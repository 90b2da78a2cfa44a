import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AppContext } from '../context.ts';
import { redactUrl } from '../infra/log.ts';

/** One request and its answer, from whichever route. */
export interface RequestContext {
  id: string;
  req: IncomingMessage;
  res: ServerResponse;
  /** The path without the query. */
  path: string;
  query: URLSearchParams;
  /** Key of the user, once known; for the log. */
  user?: string;
}

const prefix = randomBytes(5).toString('hex');
let count = 0;

/** A new id for a request that brings none. */
export function nextRequestId(): string {
  return `${prefix}-${(count++).toString(36)}`;
}

const acceptable = /^[\w.:-]{1,64}$/;

/** Names the request (by its own `X-Request-Id` where it brings a sane one) and logs it when it ends. */
export function openRequest(
  ctx: AppContext,
  req: IncomingMessage,
  res: ServerResponse,
): RequestContext {
  const given = req.headers['x-request-id'];
  const id = typeof given === 'string' && acceptable.test(given) ? given : nextRequestId();
  res.setHeader('X-Request-Id', id);
  const url = req.url ?? '/';
  const mark = url.indexOf('?');
  const request: RequestContext = {
    id,
    req,
    res,
    path: mark < 0 ? url : url.slice(0, mark),
    query: new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1)),
  };
  if (ctx.log.isLevelEnabled('info')) logWhenDone(ctx, request);
  return request;
}

function logWhenDone(ctx: AppContext, request: RequestContext): void {
  const { req, res } = request;
  const start = performance.now();
  res.once('close', () => {
    const line = {
      request: request.id,
      method: req.method,
      url: redactUrl(req.url ?? ''),
      status: res.writableFinished ? res.statusCode : 'aborted',
      ms: Math.round((performance.now() - start) * 10) / 10,
      user: request.user,
    };
    if (request.path === '/healthz' || request.path === '/readyz') ctx.log.debug(line, 'request');
    else ctx.log.info(line, 'request');
  });
}
