/** A ticket and the token of its customer: where a sender sits. */
export interface Seat {
  ticket: string;
  token: string;
}

export type Transport = 'rest' | 'socket';

interface Target {
  port: number;
  /** Deskcord tells a socket when it is authorised; the bare program never does. */
  awaitAuthorized: boolean;
}

/** Closed loop: every sender sends its next message when the last one was accepted. */
export interface LoadJob extends Target {
  kind: 'load';
  transport: Transport;
  /** One sender for each. */
  seats: Seat[];
  warmUpMs: number;
  ms: number;
}

/** Open loop: messages leave by the clock, whatever became of those before. */
export interface PacedJob extends Target {
  kind: 'paced';
  transport: Transport;
  seats: Seat[];
  /** Where the ticket's other socket listens; undefined for nobody listening. */
  listenPort: number | undefined;
  /** Listens in Discord instead: a message has arrived when the gateway tells of its post. */
  gateway?: { url: string; token: string };
  /** Messages a second, over all seats. */
  rate: number;
  warmUpMs: number;
  ms: number;
}

/** One ticket with many listeners. */
export interface FanOutJob extends Target {
  kind: 'fan-out';
  seat: Seat;
  listeners: Seat[];
  /** Deskcord: what a staff socket emits to hear this ticket alone. */
  subscribe: boolean;
  senders: number;
  /** The server's process, whose processor time is taken while the deliveries are counted. */
  serverPid: number;
  warmUpMs: number;
  ms: number;
}

/** Opens sockets and keeps them until told `release`. */
export interface HoldJob extends Target {
  kind: 'hold';
  seats: Seat[];
  /** Sockets that are opened at the same time; all of them for a reconnect storm. */
  burst: number;
  /** Then ask for what was missed since this seq. */
  syncAfter?: number;
}

/** Reads pages of messages, several readers at a time. */
export interface CatchUpJob extends Target {
  kind: 'catch-up';
  seats: Seat[];
  query: string;
  rowsPerPage: number;
  warmUpMs: number;
  ms: number;
}

export type Job = LoadJob | PacedJob | FanOutJob | HoldJob | CatchUpJob;

export interface LatencySpread {
  count: number;
  p50: number;
  p99: number;
  p999: number;
  max: number;
}

export interface JobResult {
  /** What was counted within the measured time: sends, deliveries, rows. */
  count: number;
  seconds: number;
  refused: number;
  /** Milliseconds, from when it was due (open loop) or sent (closed loop). */
  latency?: LatencySpread;
  /** Sent within the measured time and never seen by the listener. */
  lost?: number;
  /** Share of one core the generator itself used. */
  ownCpu: number;
  /** Fan-out: seconds of processor time the server used within the measured time. */
  serverCpu?: number;
}
