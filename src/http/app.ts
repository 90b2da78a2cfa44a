import type { IncomingMessage, ServerResponse } from 'node:http';
import express, { type Express, type Request, type Response } from 'express';
import type { AppContext } from '../context.ts';
import { AppError, notFound } from '../errors.ts';
import { applyCors } from './cors.ts';
import { serve } from './endpoint.ts';
import { sendError } from './reply.ts';
import { openRequest, type RequestContext } from './request-context.ts';
import { routes, sendMessageEndpoint, sendMessagePath } from './routes.ts';
import { mountWidget } from './widget-assets.ts';

/** The request travels beside the request through Express. */
const requests = new WeakMap<IncomingMessage, RequestContext>();
const requestOf = (req: Request) => requests.get(req) as RequestContext;

/** What is there, but not for this method, says which methods there are. */
function refuseOtherMethods(app: Express, path: string, allowed: readonly string[]): void {
  app.all(path, (req) => {
    throw new AppError('METHOD_NOT_ALLOWED', `${req.method} is not allowed here`, {
      headers: { Allow: allowed.join(', ') },
    });
  });
}

/** Every row of the contract's table, and 405 for its path with any other method. */
function mountRoutes(ctx: AppContext, app: Express): void {
  const methods = new Map<string, string[]>();
  for (const route of routes) {
    const { method, path } = route.row;
    const verb = method.toLowerCase() as Lowercase<typeof method>;
    app[verb](path, (req) => {
      const params = req.params as Record<string, string>;
      return 'endpoint' in route
        ? serve(ctx, route.endpoint, requestOf(req), params)
        : route.answer(ctx, requestOf(req), params);
    });
    methods.set(path, [...(methods.get(path) ?? []), method]);
  }
  for (const [path, allowed] of methods) refuseOtherMethods(app, path, allowed);
}

function createExpress(ctx: AppContext): Express {
  const app = express();
  app.disable('x-powered-by').disable('etag').set('query parser', false);
  mountRoutes(ctx, app);
  mountWidget(ctx, app);
  app.use(() => {
    throw notFound('route');
  });
  app.use((error: unknown, req: Request, _res: Response, _next: unknown) => {
    // What Express itself refuses, such as a path that is not valid UTF-8, has a status.
    const status = (error as { status?: number }).status;
    const refused = !(error instanceof AppError) && status !== undefined && status < 500;
    const shown = refused ? new AppError('BAD_REQUEST', (error as Error).message) : error;
    sendError(ctx, requestOf(req), shown);
  });
  return app;
}

/**
 * The HTTP door. Sending a message, the one hot route, goes to its endpoint directly; everything
 * else is routed by Express to endpoints of the same form.
 */
export function createRequestListener(
  ctx: AppContext,
  isAllowedOrigin: (req: IncomingMessage) => boolean,
): (req: IncomingMessage, res: ServerResponse) => void {
  const app = createExpress(ctx);
  return (req, res) => {
    const request = openRequest(ctx, req, res);
    if (req.httpVersion === '1.1' && req.headers.host === undefined) {
      sendError(ctx, request, new AppError('BAD_REQUEST', 'the Host header is missing'));
      return;
    }
    if (applyCors(isAllowedOrigin, request)) return;
    const ticketId = req.method === 'POST' && sendMessagePath.exec(request.path)?.[1];
    if (ticketId) {
      void serve(ctx, sendMessageEndpoint, request, { ticketId });
      return;
    }
    requests.set(req, request);
    app(req, res);
  };
}
