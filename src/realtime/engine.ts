import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { Socket as Connection, Server as Engine, type ServerOptions } from 'engine.io';
import { sizes } from '../contract/limits.ts';
import { AppError } from '../errors.ts';

/** How long a session of polling may wait for its first poll, in milliseconds. */
const FIRST_POLL_MS = 5000;
/** How long the end of a session waits for the poll that it would be told in, in milliseconds. */
const FAREWELL_MS = 1000;

export type Refuse = (error: unknown) => void;

/** What of an Engine.IO connection is used here beyond its types. */
export interface EngineConnection {
  id: string;
  readyState: string;
  writeBuffer: { data?: string | Buffer }[];
  remoteAddress: string;
  request: IncomingMessage | null;
  transport: {
    name: string;
    /** Of polling: the poll that waits for an answer, and the message that arrives. */
    req?: IncomingMessage | null;
    dataReq?: IncomingMessage | null;
    closeTimeout?: number;
    /** Of a WebSocket: the socket of `ws`, and the one of the network beneath it. */
    socket?: { terminate?(): void; _socket?: Duplex | null };
  };
  /** Hands what waits to the transport. */
  flush(): void;
  /** It is going to be flushed in this tick. */
  isWaiting?: boolean;
  /** Set where a lone packet waits for the next. */
  patience?: NodeJS.Timeout | undefined;
  close(discard?: boolean): void;
  on(event: string, listener: (...args: never[]) => void): void;
  once(event: string, listener: (...args: never[]) => void): void;
}

type EngineRequest = IncomingMessage & { _query: Record<string, string> };
type ErrorNumber = 0 | 1 | 2 | 3 | 4 | 5;
type HandshakeArguments = [
  transport: 'polling' | 'websocket' | 'webtransport',
  req: EngineRequest,
  close: (code?: ErrorNumber, context?: Record<string, unknown>) => void,
];

const reasons: Partial<Record<ErrorNumber, string>> = {
  0: 'transport must be polling or websocket',
  1: 'there is no session with this sid',
  2: 'a session begins with GET',
  3: 'this does not fit the session',
};

/** Ends a connection at once, without waiting until its reader has read what is queued. */
export function cutConnection(connection: EngineConnection): void {
  const { transport } = connection;
  connection.close(true);
  transport.socket?.terminate?.();
}

/** How long a packet waits for the next one that is known to follow, in milliseconds. */
const NEXT_PACKET_MS = 25;

/** Has the packet that is going to be sent in this tick wait for the next, so that both go by one write. */
export function awaitNextPacket(connection: EngineConnection): void {
  connection.patience = setTimeout(() => {
    connection.patience = undefined;
    connection.flush();
  }, NEXT_PACKET_MS);
}

/**
 * What is sent to a connection within one tick goes together, by one write: an event and the answer to whoever
 * caused it, for example, or one poll instead of two.
 * @param onBug told what a connection throws, which ends that one alone
 */
function createGathering(onBug: (error: unknown) => void) {
  let waiting: EngineConnection[] = [];
  const { flush } = Connection.prototype as unknown as EngineConnection;
  const flushOne = (connection: EngineConnection) => {
    if (connection.patience !== undefined) {
      clearTimeout(connection.patience);
      connection.patience = undefined;
    }
    const isAlone = connection.writeBuffer.length < 2;
    const network = isAlone ? undefined : connection.transport.socket?._socket;
    network?.cork();
    try {
      flush.call(connection);
    } catch (error) {
      onBug(error);
      cutConnection(connection);
    } finally {
      network?.uncork();
    }
  };
  const awaitsNext = ({ patience, writeBuffer, readyState }: EngineConnection) =>
    patience !== undefined && writeBuffer.length === 1 && readyState === 'open';
  const flushAll = () => {
    const due = waiting;
    // First of all: what is flushed may have others wait, and none may be stuck where one of them throws.
    waiting = [];
    for (const connection of due) connection.isWaiting = false;
    for (const connection of due) {
      if (!awaitsNext(connection)) flushOne(connection);
    }
  };
  /** One for all connections: it replaces the method of each. */
  function flushSoon(this: EngineConnection): void {
    // What is said as it closes has to be out before the transport closes.
    if (this.readyState !== 'open') flushOne(this);
    else if (!this.isWaiting) {
      this.isWaiting = true;
      if (waiting.push(this) === 1) process.nextTick(flushAll);
    }
  }
  return (connection: EngineConnection): void => {
    connection.isWaiting = false;
    connection.patience = undefined;
    connection.flush = flushSoon;
  };
}

/**
 * Engine.IO, with every refusal handed back to the door it came through, before an upgrade is
 * answered with 101: what Engine.IO itself says has another body, and into a WebSocket it writes it
 * raw.
 */
export class DeskEngine extends Engine {
  readonly #admit: (req: IncomingMessage) => void;
  readonly #refusals = new WeakMap<IncomingMessage, Refuse>();
  /** Sessions of polling that have not polled yet. */
  readonly #unpolled = new Map<string, NodeJS.Timeout>();

  /**
   * @param admit throws an AppError where a new session is not let in
   * @param onBug told what sending to a connection has thrown
   */
  constructor(
    options: ServerOptions,
    admit: (req: IncomingMessage) => void,
    onBug: (error: unknown) => void,
  ) {
    super({ maxHttpBufferSize: sizes.body, ...options });
    this.#admit = admit;
    const gather = createGathering(onBug);
    this.on('connection', (connection: EngineConnection) => {
      gather(connection);
      this.#awaitPoll(connection);
    });
    this.#refuseBadHandshakes();
    this.#welcomeAtOnce();
    this.#closeSoon();
  }

  /** Serves polling. */
  serve(req: IncomingMessage, res: ServerResponse, refuse: Refuse): void {
    this.#guard(req, refuse, () => {
      requirePollingRequest(req);
      this.handleRequest(req, res);
    });
  }

  /** Serves WebSockets. */
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer, refuse: Refuse): void {
    this.#guard(req, refuse, () => this.handleUpgrade(req, socket, head));
  }

  get connections(): readonly EngineConnection[] {
    return Object.values(this.clients) as unknown as EngineConnection[];
  }

  #guard(req: IncomingMessage, refuse: Refuse, act: () => void): void {
    this.#refusals.set(req, refuse);
    try {
      act();
    } catch (thrown) {
      // Engine.IO reads the address with `new URL`, which throws on what is none.
      const isBadUrl = (thrown as NodeJS.ErrnoException).code === 'ERR_INVALID_URL';
      refuse(isBadUrl ? new AppError('BAD_REQUEST', 'the address is no URL') : thrown);
    }
  }

  /** Nobody in Engine.IO waits for it, so an error would end the process. */
  protected override async handshake(...args: HandshakeArguments): Promise<unknown> {
    try {
      return await super.handshake(...args);
    } catch (thrown) {
      this.#refusals.get(args[1])?.(thrown);
      return undefined;
    }
  }

  protected override verify(
    req: EngineRequest,
    upgrade: boolean,
    next: (code?: ErrorNumber, context?: Record<string, unknown>) => void,
  ): void {
    const attempt = (act: () => void, then: () => void) => {
      try {
        act();
      } catch (thrown) {
        this.#refusals.get(req)?.(thrown);
        return;
      }
      then();
    };
    const check = () => {
      requireProtocol(req);
      this.#requireTurn(req, upgrade);
    };
    const enter = () => {
      if (req._query.sid === undefined) this.#admit(req);
      else this.#notePoll(req._query.sid);
    };
    attempt(check, () => {
      super.verify(req, upgrade, (code) => {
        attempt(() => {
          if (code !== undefined) throw new AppError('BAD_REQUEST', reasons[code] ?? 'refused');
          enter();
        }, next);
      });
    });
  }

  /** Two polls of one session at once, or two messages, are a mistake that ends it. */
  #requireTurn({ method, _query: { sid } }: EngineRequest, upgrade: boolean): void {
    if (upgrade || sid === undefined || !Object.hasOwn(this.clients, sid)) return;
    const connection = this.clients[sid] as unknown as EngineConnection;
    const { req, dataReq } = connection.transport;
    if (method === 'GET' ? !req : !dataReq) return;
    connection.close(true);
    throw new AppError('BAD_REQUEST', 'a request of this session is already under way');
  }

  /** A session whose client has gone gives its place back, instead of waiting for a heartbeat. */
  #awaitPoll(connection: EngineConnection): void {
    if (connection.transport.name !== 'polling') return;
    connection.transport.closeTimeout = FAREWELL_MS;
    const { id } = connection;
    const timer = setTimeout(() => connection.close(true), FIRST_POLL_MS).unref();
    this.#unpolled.set(id, timer);
    connection.once('close', () => this.#notePoll(id));
  }

  #notePoll(id: string): void {
    clearTimeout(this.#unpolled.get(id));
    this.#unpolled.delete(id);
  }

  /** The answer to the upgrade and the session's first packet go by one write. */
  #welcomeAtOnce(): void {
    const { ws } = this as unknown as { ws: NodeJS.EventEmitter };
    ws.on('headers', (_headers: string[], { socket }: IncomingMessage) => {
      socket.cork();
      setImmediate(() => socket.uncork());
    });
  }

  /** A peer that does not close what the server has closed is cut: it has no place among those who are counted. */
  #closeSoon(): void {
    const { ws } = this as unknown as { ws: { options: { closeTimeout: number } } };
    ws.options.closeTimeout = sizes.closeWithin;
  }

  /** What `ws` refuses of an upgrade: a version, a key. */
  #refuseBadHandshakes(): void {
    const { ws } = this as unknown as { ws: NodeJS.EventEmitter };
    ws.on('wsClientError', (error: Error, _socket: Duplex, req: IncomingMessage) => {
      this.#refusals.get(req)?.(new AppError('BAD_REQUEST', error.message));
    });
  }
}

function requirePollingRequest({ method, headers }: IncomingMessage): void {
  if (method !== 'GET' && method !== 'POST') {
    throw new AppError('METHOD_NOT_ALLOWED', `${method} is not allowed here`, {
      headers: { Allow: 'GET, POST' },
    });
  }
  if (Number(headers['content-length'] ?? 0) > sizes.body) {
    throw new AppError('PAYLOAD_TOO_LARGE', `the body may have at most ${sizes.body} bytes`);
  }
  if (headers['content-type'] === 'application/octet-stream') {
    throw new AppError('UNSUPPORTED_MEDIA_TYPE', 'what is polled is text');
  }
}

function requireProtocol({ _query: { EIO, j } }: EngineRequest): void {
  if (EIO !== '4') {
    const shown = EIO === undefined ? 'is missing' : `is "${EIO.slice(0, 20)}"`;
    throw new AppError(
      'BAD_REQUEST',
      `EIO ${shown}: this server speaks version 4 of Engine.IO, which clients of Socket.IO 3 and 4 do`,
    );
  }
  // A script tag sends no Origin, so any page could open a session with one.
  if (j !== undefined) throw new AppError('BAD_REQUEST', 'JSONP is not served');
}
