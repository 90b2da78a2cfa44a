import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { Server } from 'socket.io';
import type { AppContext } from '../context.ts';
import { sizes } from '../contract/limits.ts';
import { countRequest } from '../domain/access/rate.ts';
import { AppError, toAppError } from '../errors.ts';
import type { DeskServer, DeskSocket } from './audience.ts';
import { type Authorizer, createAuthorizer } from './authorize.ts';
import { answerPresence } from './customer-presence.ts';
import { createDelivery } from './delivery.ts';
import { awaitNextPacket, DeskEngine, type EngineConnection, type Refuse } from './engine.ts';
import { createEventBudget } from './event-budget.ts';
import { answerError, handleEvents } from './handlers.ts';
import { Places } from './places.ts';
import { watchSlowConsumers } from './slow-consumers.ts';

export interface Realtime {
  io: DeskServer;
  /** Serves a request of polling. */
  serve(req: IncomingMessage, res: ServerResponse, refuse: Refuse): void;
  /** Serves a WebSocket. */
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer, refuse: Refuse): void;
  /** Tells every socket when to come back, spread over `spreadMs`, then closes them all. */
  close(spreadMs: number): Promise<void>;
}

/** What the door asks of a request before there is a socket. */
export interface Requests {
  isAllowedOrigin(req: IncomingMessage): boolean;
  addressOf(req: IncomingMessage): string;
}

function createPlaces({ config, log }: AppContext, requests: Requests, count: () => number) {
  const { maxConnections, maxConnectionsPerUser, rateLimitFactor } = config;
  return new Places({
    maxConnections,
    maxConnectionsPerUser,
    rateLimitFactor,
    countConnections: count,
    addressOf: requests.addressOf,
    log,
  });
}

function createEngine(ctx: AppContext, requests: Requests): { engine: DeskEngine; places: Places } {
  const admit = (req: IncomingMessage) => {
    if (!requests.isAllowedOrigin(req))
      throw new AppError('FORBIDDEN', 'the origin is not allowed');
    places.admit(req);
  };
  const onBug = (error: unknown) => {
    ctx.log.error({ err: error }, 'a connection was ended, since sending to it failed');
    ctx.reports.report(error, { part: 'sockets' });
  };
  const options = { perMessageDeflate: false, httpCompression: false };
  const engine = new DeskEngine(options, admit, onBug);
  const places = createPlaces(ctx, requests, () => engine.clientsCount);
  // Before Socket.IO hears of a connection, so that what is refused here never reaches it.
  engine.on('connection', (connection: EngineConnection) => {
    places.open(connection, connection.request as IncomingMessage);
    allowOneSocket(connection);
    connection.once('close', (_reason: string, error?: CloseError) => {
      places.leave(connection);
      reportOversize(ctx, connection, error);
    });
  });
  return { engine, places };
}

/**
 * There is one namespace, so a connection carries one socket. Socket.IO notices a second CONNECT only
 * when the first has been dealt with: a packet full of them would make a socket of each.
 */
function allowOneSocket(connection: EngineConnection): void {
  let connected = false;
  connection.on('data', (data: unknown) => {
    if (typeof data !== 'string' || data[0] !== '0') return;
    if (connected) connection.close(true);
    connected = true;
  });
}

interface CloseError {
  description?: { code?: string };
}

/** A message beyond the size ends the connection within `ws`, where nobody hears of it. */
function reportOversize(
  { log }: AppContext,
  connection: EngineConnection,
  error: CloseError | undefined,
): void {
  if (error?.description?.code !== 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') return;
  log.info(
    { connection: connection.id },
    `an event of more than ${sizes.body} bytes ended its socket`,
  );
}

/** Verifies the token of the handshake, when there is one, before the socket exists for anybody. */
function admitAtHandshake(ctx: AppContext, io: DeskServer, authorizer: Authorizer): void {
  const admit = async (socket: DeskSocket): Promise<Error | undefined> => {
    try {
      await authorizer.admit(socket);
      const { actor } = socket.data;
      if (actor) await countRequest(ctx, 'authorize', actor.key);
      return undefined;
    } catch (thrown) {
      const { code, message, details } = toAppError(thrown);
      const { retryAfter } = details;
      const data = { error: code, message, ...(retryAfter && { retry_after: retryAfter }) };
      return Object.assign(new Error(message), { data });
    }
  };
  io.use((socket, next) => void admit(socket).then(next));
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
  awaitNextPacket(socket.conn as unknown as EngineConnection);
  try {
    socket.emit('authorized', await authorizer.authorize(socket, undefined));
  } catch (error) {
    answerError(ctx, socket, 'authorize', error, undefined);
    socket.disconnect(true);
  }
}

/**
 * Ends what polls by ending its connection, as a crash would: some clients take the packet that says
 * "closed" for the end, and do not come back.
 */
function dropPolls(engine: DeskEngine): void {
  for (const connection of engine.connections) {
    if (connection.transport.name !== 'polling') continue;
    const { req } = connection.transport;
    if (req) req.socket.destroy();
    else connection.close(true);
  }
}

/** The Socket.IO door. */
export function createRealtime(ctx: AppContext, requests: Requests): Realtime {
  const { engine, places } = createEngine(ctx, requests);
  const io: DeskServer = new Server({
    connectTimeout: sizes.authorizeWithin,
    serveClient: false,
  });
  io.bind(engine);
  const delivery = createDelivery(ctx, io);
  const stopAnswering = answerPresence(ctx, io, delivery.audience);
  const authorizer = createAuthorizer(ctx, places, delivery);
  const budget = createEventBudget(ctx, places);
  const stopWatching = watchSlowConsumers(ctx, engine, (connection) => places.ownerOf(connection));
  admitAtHandshake(ctx, io, authorizer);
  let restartSpreadMs: number | undefined;
  const tellRestart = (socket: DeskSocket, spreadMs: number) => {
    socket.emit('server_restarting', { retry_in: Math.round(Math.random() * spreadMs) });
  };
  io.on('connection', (socket) => {
    if (restartSpreadMs !== undefined) tellRestart(socket, restartSpreadMs);
    // The request of the handshake has been read by now, and weighs more than the socket.
    (socket.conn as { request: unknown }).request = null;
    handleEvents(ctx, authorizer, budget, socket);
    void welcome(ctx, authorizer, socket);
  });
  return {
    io,
    serve: (req, res, refuse) => engine.serve(req, res, refuse),
    upgrade: (req, socket, head, refuse) => engine.upgrade(req, socket, head, refuse),
    async close(spreadMs) {
      restartSpreadMs = spreadMs;
      for (const socket of io.sockets.sockets.values()) tellRestart(socket, spreadMs);
      await sleep(Math.min(100, spreadMs));
      stopWatching();
      stopAnswering();
      delivery.close();
      dropPolls(engine);
      await io.close();
    },
  };
}
