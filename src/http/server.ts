import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { AppContext } from '../context.ts';
import { sizes } from '../contract/limits.ts';
import { createAddressOf } from './addresses.ts';
import { createRequestListener, type ServeSockets } from './app.ts';
import { awaitContinue } from './body.ts';
import { refuseMalformed } from './malformed.ts';
import { createOriginCheck } from './origins.ts';
import { sendError } from './reply.ts';
import { logRequest, openRequest, type RequestScope } from './request-context.ts';
import { STALLED_MS, UnsentAnswers } from './unsent-answers.ts';
import { FrontDoorRequest, openUpgradeAnswer } from './upgrades.ts';

/**
 * Milliseconds a peer may take for its headers, for a whole request, and between two requests, which
 * is longer than a usual balancer keeps a connection; how long nothing may move while an answer is
 * sent, a poll without news included; and how often it is looked for who took longer.
 */
const patience = {
  headers: 15_000,
  request: sizes.requestWithin,
  keepAlive: 65_000,
  stalled: STALLED_MS,
  check: 1000,
};

/** What serves Socket.IO on the same port. */
export interface SocketDoor {
  serve: ServeSockets;
  upgrade(
    req: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    refuse: (error: unknown) => void,
  ): void;
}

/** What HTTP and Socket.IO both ask of a request. */
export interface Requests {
  isAllowedOrigin(req: IncomingMessage): boolean;
  addressOf(req: IncomingMessage): string;
}

export function createRequests({ config, log }: AppContext): Requests {
  return {
    isAllowedOrigin: createOriginCheck(config.allowedOrigins, log),
    addressOf: createAddressOf(config.trustedProxies),
  };
}

/** Error boundary of a connection: what its handling throws ends the connection, and not the process. */
function contain(ctx: AppContext, socket: Duplex, act: () => unknown): void {
  const end = (error: unknown) => {
    ctx.log.error({ err: error }, 'a connection was ended, since handling it failed');
    ctx.reports.report(error, { part: 'http' });
    socket.destroy();
  };
  try {
    const handled = act();
    if (handled instanceof Promise) handled.catch(end);
  } catch (error) {
    end(error);
  }
}

/** Of no scope: a listener made where the request is would keep that as long as the WebSocket. */
function destroy(this: Duplex): void {
  this.destroy();
}

/** Hands upgrades to Socket.IO; those it refuses are answered over HTTP, like any other request. */
function serveUpgrades(ctx: AppContext, http: Server, scope: RequestScope, door: SocketDoor): void {
  http.on('upgrade', (req, socket, head) => {
    // Node has taken its own listener off: from here on a reset would end the process.
    socket.on('error', destroy);
    const refuse = (error: unknown) => {
      const answer = openUpgradeAnswer(req, socket);
      if (!answer) return;
      const request = openRequest(scope, req, answer);
      logRequest(ctx, scope, request);
      sendError(ctx, request, error);
    };
    contain(ctx, socket, () => door.upgrade(req, socket, head, refuse));
  });
}

/** Builds the HTTP server with its REST routes and, where given, Socket.IO; `listen` opens it. */
export function createHttpServer(
  ctx: AppContext,
  requests: Requests = createRequests(ctx),
  sockets?: SocketDoor,
): Server {
  const scope: RequestScope = {
    unsent: new UnsentAnswers(ctx.config.maxUnsentBytes, ctx.log),
    addressOf: requests.addressOf,
  };
  const { isAllowedOrigin } = requests;
  const listener = createRequestListener(ctx, scope, isAllowedOrigin, sockets?.serve);
  // A missing Host is refused by the listener, with the body every error has.
  const http = createServer(
    {
      IncomingMessage: FrontDoorRequest,
      requireHostHeader: false,
      connectionsCheckingInterval: patience.check,
    },
    (req, res) => contain(ctx, req.socket, () => listener(req, res)),
  );
  http.headersTimeout = patience.headers;
  http.requestTimeout = patience.request;
  http.keepAliveTimeout = patience.keepAlive;
  http.timeout = patience.stalled;
  http.on('checkExpectation', (req, res) => http.emit('request', req, res));
  http.on('checkContinue', (req, res) => {
    awaitContinue(req);
    http.emit('request', req, res);
  });
  http.on('clientError', (error, socket) => {
    contain(ctx, socket, () => refuseMalformed(error, socket));
  });
  if (sockets) serveUpgrades(ctx, http, scope, sockets);
  return http;
}

/** Opens the port. @returns the port, which the system chose where `port` was 0 */
export function listen(http: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    http.once('error', reject);
    http.listen(port, host, 1024, () => {
      http.off('error', reject);
      resolve((http.address() as AddressInfo).port);
    });
  });
}
