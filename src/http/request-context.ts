import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AppContext } from '../context.ts';
import { redactUrl } from '../infra/redaction.ts';
import type { UnsentAnswers } from './unsent-answers.ts';

/** One request and its answer, from whichever route. */
export interface RequestContext {
  id: string;
  /**
   * Of a request whose id its client has chosen, which may be somebody else's: the name of ours that
   * stands beside it in the log.
   */
  serial?: string;
  req: IncomingMessage;
  res: ServerResponse;
  /** The path without the query. */
  path: string;
  query: URLSearchParams;
  /** What answers hold until they are read; absent where nothing large is answered. */
  unsent?: UnsentAnswers;
  /** Key of the user, once known; for the log. */
  user?: string;
}

/** What the requests of one server share. */
export interface RequestScope {
  unsent: UnsentAnswers;
  addressOf(req: IncomingMessage): string;
}

const prefix = randomBytes(5).toString('hex');
let count = 0;

/** A new id for a request that brings none. */
export function nextRequestId(): string {
  return `${prefix}-${(count++).toString(36)}`;
}

const acceptable = /^[\w.:-]{1,64}$/;

/** Names the request, by its own `X-Request-Id` where it brings a sane one. */
export function openRequest(
  scope: RequestScope,
  req: IncomingMessage,
  res: ServerResponse,
): RequestContext {
  const given = req.headers['x-request-id'];
  const isChosen = typeof given === 'string' && acceptable.test(given);
  const id = isChosen ? given : nextRequestId();
  res.setHeader('X-Request-Id', id);
  const url = req.url ?? '/';
  const mark = url.indexOf('?');
  return {
    id,
    ...(isChosen && { serial: nextRequestId() }),
    req,
    res,
    path: mark < 0 ? url : url.slice(0, mark),
    query: new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1)),
    unsent: scope.unsent,
  };
}

/** Logs a line about the request when it has ended. */
export function logRequest(ctx: AppContext, scope: RequestScope, request: RequestContext): void {
  if (!ctx.log.isLevelEnabled('info')) return;
  const { id, serial, req, res, path } = request;
  const start = performance.now();
  // The connection forgets it when it ends.
  const address = scope.addressOf(req);
  res.once('close', () => {
    const line = {
      request: id,
      serial,
      address,
      method: req.method,
      url: redactUrl(req.url ?? ''),
      status: res.writableFinished ? res.statusCode : 'aborted',
      ms: Math.round((performance.now() - start) * 10) / 10,
      user: request.user,
    };
    if (path === '/healthz' || path === '/readyz') ctx.log.debug(line, 'request');
    else ctx.log.info(line, 'request');
  });
}
