import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { AppContext } from '../context.ts';
import type { ErrorBody } from '../contract/errors.ts';
import { sizes } from '../contract/limits.ts';
import { createRequestListener } from './app.ts';
import { createOriginCheck } from './origins.ts';
import { nextRequestId } from './request-context.ts';

/**
 * Milliseconds a peer may take for its headers, for a whole request, and between two requests, which
 * is longer than a usual balancer keeps a connection; and how often it is looked for who took longer.
 */
const patience = {
  headers: 15_000,
  request: sizes.requestWithin,
  keepAlive: 65_000,
  check: 1000,
};

const parserErrors: Record<string, string> = {
  HPE_HEADER_OVERFLOW: 'the headers are too large',
  ERR_HTTP_REQUEST_TIMEOUT: 'the request took too long',
};

/** Answers what Node's parser refuses before there is a request: the same body, the same headers. */
function refuseMalformed(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const message = parserErrors[error.code ?? ''] ?? 'the request is not HTTP';
  const text = JSON.stringify({ error: 'BAD_REQUEST', message } satisfies ErrorBody);
  const lines = [
    'HTTP/1.1 400 Bad Request',
    `X-Request-Id: ${nextRequestId()}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${text.length}`,
    'Connection: close',
  ];
  socket.end(`${lines.join('\r\n')}\r\n\r\n${text}`);
}

/** Builds the HTTP server with its REST routes; `listen` opens it. */
export function createHttpServer(ctx: AppContext): {
  http: Server;
  isAllowedOrigin: ReturnType<typeof createOriginCheck>;
} {
  const isAllowedOrigin = createOriginCheck(ctx.config.allowedOrigins, ctx.log);
  const listener = createRequestListener(ctx, isAllowedOrigin);
  // A missing Host is refused by the listener, with the body every error has.
  const http = createServer(
    { requireHostHeader: false, connectionsCheckingInterval: patience.check },
    listener,
  );
  http.headersTimeout = patience.headers;
  http.requestTimeout = patience.request;
  http.keepAliveTimeout = patience.keepAlive;
  http.on('checkExpectation', (req, res) => http.emit('request', req, res));
  http.on('clientError', refuseMalformed);
  return { http, isAllowedOrigin };
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
