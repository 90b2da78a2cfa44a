import type { IncomingMessage, ServerResponse } from 'node:http';
import express, { type Express, type Request, type Response } from 'express';
import type { AppContext } from '../context.ts';
import { AppError, notFound } from '../errors.ts';
import { applyCors } from './cors.ts';
import { type Endpoint, serve } from './endpoint.ts';
import { serveFile, uploadEndpoint } from './files.ts';
import { messageEndpoints, sendMessageEndpoint } from './messages.ts';
import { answerHealth, answerReady } from './probes.ts';
import { sendError } from './reply.ts';
import { openRequest, type RequestContext } from './request-context.ts';
import { ticketEndpoints } from './tickets.ts';
import { mountWidget } from './widget-assets.ts';

const base = '/api/v1';
const endpoints: readonly Endpoint[] = [...ticketEndpoints, ...messageEndpoints, uploadEndpoint];
const sendMessagePath = /^\/api\/v1\/tickets\/([^/]+)\/messages$/;

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

function mountEndpoints(ctx: AppContext, app: Express): void {
  const methods = new Map<string, string[]>();
  for (const endpoint of endpoints) {
    const path = base + endpoint.path;
    const verb = endpoint.method.toLowerCase() as 'get' | 'post' | 'patch' | 'delete';
    app[verb](path, (req, _res) =>
      serve(ctx, endpoint, requestOf(req), req.params as Record<string, string>),
    );
    methods.set(path, [...(methods.get(path) ?? []), endpoint.method]);
  }
  app.get(`${base}/files/:id/:name`, (req, _res) => serveFile(ctx, requestOf(req), req.params));
  methods.set(`${base}/files/:id/:name`, ['GET']);
  for (const [path, allowed] of methods) refuseOtherMethods(app, path, allowed);
}

function mountProbes(ctx: AppContext, app: Express): void {
  app.get('/healthz', (_req, res) => answerHealth(res));
  app.get('/readyz', (_req, res) => answerReady(ctx, res));
  for (const path of ['/healthz', '/readyz']) refuseOtherMethods(app, path, ['GET']);
}

function createExpress(ctx: AppContext): Express {
  const app = express();
  app.disable('x-powered-by').disable('etag').set('query parser', false);
  mountProbes(ctx, app);
  mountEndpoints(ctx, app);
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
