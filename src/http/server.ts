import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AppContext } from '../context.ts';
import { createOriginCheck } from '../infra/origins.ts';
import { createRequestListener } from './app.ts';

/** Milliseconds a peer may take for its headers, for a whole request, and between two requests. */
const patience = { headers: 15_000, request: 60_000, keepAlive: 65_000 };

const malformedRequest = JSON.stringify({
  error: 'BAD_REQUEST',
  message: 'the request is not HTTP',
});

/** Builds the HTTP server with its REST routes; `listen` opens it. */
export function createHttpServer(ctx: AppContext): {
  http: Server;
  isAllowedOrigin: ReturnType<typeof createOriginCheck>;
} {
  const isAllowedOrigin = createOriginCheck(ctx.config.allowedOrigins, ctx.log);
  const http = createServer(createRequestListener(ctx, isAllowedOrigin));
  http.headersTimeout = patience.headers;
  http.requestTimeout = patience.request;
  http.keepAliveTimeout = patience.keepAlive;
  http.on('clientError', (_error, socket) => {
    if (!socket.writable) return socket.destroy();
    socket.end(
      `HTTP/1.1 400 Bad Request\r\nContent-Type: application/json; charset=utf-8\r\n` +
        `Content-Length: ${malformedRequest.length}\r\nConnection: close\r\n\r\n${malformedRequest}`,
    );
  });
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
