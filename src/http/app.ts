import type { IncomingMessage, ServerResponse } from 'node:http';
import createRouter, { type HTTPMethod } from 'find-my-way';
import type { AppContext } from '../context.ts';
import { AppError, notFound } from '../errors.ts';
import { applyCors } from './cors.ts';
import { serve } from './endpoint.ts';
import { sendError } from './reply.ts';
import {
  logRequest,
  openRequest,
  type RequestContext,
  type RequestScope,
} from './request-context.ts';
import { routes } from './routes.ts';
import { socketPath, wantsWebSocket } from './upgrades.ts';
import { createWidgetRoutes } from './widget-assets.ts';

type Params = Record<string, string>;
type Answer = (request: RequestContext, params: Params) => void | Promise<void>;

/** Answers a request below `/socket.io/`; what it refuses it hands to `refuse`. */
export type ServeSockets = (
  req: IncomingMessage,
  res: ServerResponse,
  refuse: (error: unknown) => void,
) => void;

interface Router {
  /** @throws AppError NOT_FOUND, METHOD_NOT_ALLOWED, BAD_REQUEST */
  find(request: RequestContext): { answer: Answer; params: Params };
}

/** One table for every route there is, and who answers it. */
function createTable(ctx: AppContext): Router {
  // A path that is not valid UTF-8 once decoded belongs to no method.
  const badPath: Answer = () => {
    throw new AppError('BAD_REQUEST', 'the path is not valid UTF-8');
  };
  const router = createRouter({
    ignoreTrailingSlash: true,
    caseSensitive: false,
    maxParamLength: 1000,
    onBadUrl: () => undefined,
  });
  const methods = new Set<HTTPMethod>();
  const add = (method: HTTPMethod, path: string, answer: Answer) => {
    methods.add(method);
    router.on(method, path, () => undefined, answer);
    if (method === 'GET') add('HEAD', path, answer);
  };
  for (const route of routes) {
    add(route.row.method, route.row.path, (request, params) =>
      'endpoint' in route
        ? serve(ctx, route.endpoint, request, params)
        : route.answer(ctx, request, params),
    );
  }
  for (const [path, answer] of createWidgetRoutes(ctx)) add('GET', path, answer);
  const match = (method: HTTPMethod, path: string) => {
    const found = router.find(method, path);
    if (!found) return undefined;
    const params = found.params as Params;
    if (Object.values(params).includes('')) return undefined;
    return { answer: (found.store as Answer | null) ?? badPath, params };
  };
  return {
    find({ req, path }) {
      const method = req.method as HTTPMethod;
      const found = match(method, path);
      if (found) return found;
      const allowed = [...methods].filter((other) => match(other, path));
      if (allowed.length === 0) throw notFound('route');
      throw new AppError('METHOD_NOT_ALLOWED', `${method} is not allowed here`, {
        headers: { Allow: allowed.join(', ') },
      });
    },
  };
}

/** RFC 9112, section 3.2: a request has one Host. Node keeps the first and drops the others. */
function requireOneHost({ httpVersion, headers, rawHeaders }: IncomingMessage): void {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    if (name.length === 4 && name.toLowerCase() === 'host') count++;
  }
  if (count > 1) throw new AppError('BAD_REQUEST', 'there is more than one Host header');
  if (httpVersion === '1.1' && headers.host === undefined) {
    throw new AppError('BAD_REQUEST', 'the Host header is missing');
  }
}

/** The HTTP door: every request comes in here, those of Socket.IO's polling too. */
export function createRequestListener(
  ctx: AppContext,
  scope: RequestScope,
  isAllowedOrigin: (req: IncomingMessage) => boolean,
  serveSockets: ServeSockets | undefined,
): (req: IncomingMessage, res: ServerResponse) => Promise<void> {
  const table = createTable(ctx);
  const answer = (request: RequestContext, refuse: (error: unknown) => void) => {
    const { req, res, path } = request;
    requireOneHost(req);
    if (applyCors(isAllowedOrigin, request)) return undefined;
    if (serveSockets && path.startsWith(socketPath)) return serveSockets(req, res, refuse);
    if (wantsWebSocket(req)) throw notFound('WebSocket');
    const found = table.find(request);
    return found.answer(request, found.params);
  };
  return async (req, res) => {
    const request = openRequest(scope, req, res);
    // A poll is answered as often as there is news; only one that is refused says anything.
    const isPoll = serveSockets !== undefined && request.path.startsWith(socketPath);
    if (!isPoll) logRequest(ctx, scope, request);
    const refuse = (error: unknown) => {
      if (isPoll) logRequest(ctx, scope, request);
      sendError(ctx, request, error);
    };
    try {
      await answer(request, refuse);
    } catch (error) {
      refuse(error);
    }
  };
}
