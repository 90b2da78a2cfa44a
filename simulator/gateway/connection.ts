import type { WebSocket } from 'ws';
import type { Settings } from '../settings.ts';
import { Closing, closings } from './closing.ts';
import type { Session } from './session.ts';

/** Gateway opcodes. */
export const Op = {
  dispatch: 0,
  heartbeat: 1,
  identify: 2,
  presence: 3,
  voice: 4,
  resume: 6,
  reconnect: 7,
  members: 8,
  invalid: 9,
  hello: 10,
  ack: 11,
} as const;

const MAX_PAYLOAD = 4096;
const MAX_SENDS = 120;
const SEND_WINDOW_MS = 60_000;
/** A heartbeat may be late by this share of its interval before the connection counts as dead. */
const GRACE = 1.5;

/** What a connection asks of the gateway it belongs to. */
export interface Host {
  readonly settings: Settings;
  /** Whether a fault keeps it from saying anything. */
  readonly silent: boolean;
  identify(connection: Connection, data: unknown): void;
  resume(connection: Connection, data: unknown): void;
  sendMembers(session: Session, data: unknown): void;
  /** Ends a session for good. */
  forget(session: Session): void;
  /** The socket is closed. */
  left(connection: Connection, code: number): void;
}

/** One socket: reads what the client says, and closes it with Discord's codes when it misbehaves. */
export class Connection {
  readonly socket: WebSocket;
  session: Session | undefined;
  private readonly gateway: Host;
  private sends: number[] = [];
  private pulse: NodeJS.Timeout | undefined;

  constructor(gateway: Host, socket: WebSocket) {
    this.gateway = gateway;
    this.socket = socket;
    socket.on('message', (data, binary) => this.receive(data as Buffer, binary));
    socket.on('close', (code) => this.closed(code));
    socket.on('error', () => {});
    this.send({
      op: Op.hello,
      t: null,
      s: null,
      d: { heartbeat_interval: gateway.settings.heartbeatIntervalMs, _trace: ['simulator'] },
    });
    this.expectHeartbeat();
  }

  /** Sends unless a fault keeps the gateway silent. */
  send(payload: unknown): void {
    if (this.socket.readyState !== this.socket.OPEN || this.gateway.silent) return;
    this.socket.send(JSON.stringify(payload));
  }

  close(code: number, reason: string): void {
    this.socket.close(code, reason);
  }

  /** A zombie is closed; its session cannot be resumed. */
  private expectHeartbeat(): void {
    clearTimeout(this.pulse);
    this.pulse = setTimeout(() => {
      if (this.session) this.gateway.forget(this.session);
      this.close(4009, 'Session timed out.');
    }, this.gateway.settings.heartbeatIntervalMs * GRACE);
    this.pulse.unref();
  }

  private closed(code: number): void {
    clearTimeout(this.pulse);
    this.gateway.left(this, code);
  }

  private receive(data: Buffer, binary: boolean): void {
    try {
      if (this.tooMany()) throw closings.rateLimited();
      if (binary || data.length > MAX_PAYLOAD) throw closings.decode();
      this.handle(decode(data));
    } catch (error) {
      if (!(error instanceof Closing)) throw error;
      this.close(error.code, error.message);
    }
  }

  private handle({ op, d }: { op: unknown; d: unknown }): void {
    const { session, gateway } = this;
    if ((op === Op.identify || op === Op.resume) && session) throw closings.alreadyAuthenticated();
    if (op === Op.heartbeat) this.heartbeat(d);
    else if (op === Op.identify) gateway.identify(this, d);
    else if (op === Op.resume) gateway.resume(this, d);
    else if (!session) throw closings.notAuthenticated();
    else if (op === Op.members) gateway.sendMembers(session, d);
    // People's clients say more than bots may; what they say besides is passed over.
    else if (op !== Op.presence && op !== Op.voice && session.user.bot) {
      throw closings.unknownOpcode();
    }
  }

  private heartbeat(d: unknown): void {
    if (typeof d === 'number' && this.session && d > this.session.seq) throw closings.badSeq();
    this.expectHeartbeat();
    this.send({ op: Op.ack, t: null, s: null, d: null });
  }

  private tooMany(): boolean {
    const now = Date.now();
    this.sends = this.sends.filter((at) => at > now - SEND_WINDOW_MS);
    this.sends.push(now);
    return this.sends.length > MAX_SENDS;
  }
}

function decode(data: Buffer): { op: unknown; d: unknown } {
  let payload: unknown;
  try {
    payload = JSON.parse(data.toString('utf8'));
  } catch {
    throw closings.decode();
  }
  if (typeof payload !== 'object' || payload === null) throw closings.decode();
  return { op: undefined, d: undefined, ...payload };
}
