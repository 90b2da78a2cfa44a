import type { Server as HttpServer, IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Server } from 'socket.io';
import type { AppContext } from '../context.ts';
import { sizes } from '../contract/limits.ts';
import { toAppError } from '../errors.ts';
import type { DeskServer, DeskSocket } from './audience.ts';
import { type Authorizer, createAuthorizer } from './authorize.ts';
import { createDelivery } from './delivery.ts';
import { answerError, handleEvents } from './handlers.ts';
import { watchSlowConsumers } from './slow-consumers.ts';

export interface Realtime {
  io: DeskServer;
  /** Tells every socket when to come back, spread over `spreadMs`, then closes them all. */
  close(spreadMs: number): Promise<void>;
}

function createIo(ctx: AppContext, http: HttpServer, isAllowed: (req: IncomingMessage) => boolean) {
  const io: DeskServer = new Server(http, {
    maxHttpBufferSize: sizes.body,
    connectTimeout: sizes.authorizeWithin,
    perMessageDeflate: false,
    httpCompression: false,
    serveClient: false,
    cors: { origin: true },
    allowRequest(req, decide) {
      if (!isAllowed(req)) decide('origin not allowed', false);
      else if (io.engine.clientsCount >= ctx.config.maxConnections) decide('server full', false);
      else decide(null, true);
    },
  });
  return io;
}

/** Verifies the token of the handshake, when there is one, before the socket exists for anybody. */
function admitAtHandshake(io: DeskServer, authorizer: Authorizer): void {
  io.use((socket, next) => {
    authorizer.admit(socket).then(
      () => next(),
      (thrown) => {
        const { code, message } = toAppError(thrown);
        next(Object.assign(new Error(message), { data: { error: code, message } }));
      },
    );
  });
}

/** Closes a socket that does not authorise in time. */
function awaitAuthorize(socket: DeskSocket): void {
  const timer = setTimeout(() => {
    if (socket.data.actor) return;
    const message = `authorize within ${sizes.authorizeWithin / 1000} s`;
    socket.emit('error', { error: 'UNAUTHORIZED', message });
    socket.disconnect(true);
  }, sizes.authorizeWithin).unref();
  socket.once('disconnect', () => clearTimeout(timer));
}

/** A socket that has authorised at the handshake is told so; any other has to do it soon. */
async function welcome(ctx: AppContext, authorizer: Authorizer, socket: DeskSocket): Promise<void> {
  if (!socket.data.actor) return awaitAuthorize(socket);
  try {
    socket.emit('authorized', await authorizer.authorize(socket, undefined));
  } catch (error) {
    answerError(ctx, socket, 'authorize', error, undefined);
    socket.disconnect(true);
  }
}

/** The Socket.IO door. */
export function createRealtime(
  ctx: AppContext,
  http: HttpServer,
  isAllowedOrigin: (req: IncomingMessage) => boolean,
): Realtime {
  const io = createIo(ctx, http, isAllowedOrigin);
  const delivery = createDelivery(ctx, io);
  const authorizer = createAuthorizer(ctx, io, delivery);
  const stopWatching = watchSlowConsumers(ctx, io);
  admitAtHandshake(io, authorizer);
  io.on('connection', (socket) => {
    // The request of the handshake has been read by now, and weighs more than the socket.
    (socket.conn as { request: unknown }).request = null;
    handleEvents(ctx, authorizer, socket);
    void welcome(ctx, authorizer, socket);
  });
  return {
    io,
    async close(spreadMs) {
      for (const socket of io.sockets.sockets.values()) {
        socket.emit('server_restarting', { retry_in: Math.round(Math.random() * spreadMs) });
      }
      await sleep(Math.min(100, spreadMs));
      stopWatching();
      delivery.close();
      await io.close();
    },
  };
}
