import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Which bytes: those the client sends, or those it gets. Both, when not said. */
export type Direction = 'toTarget' | 'toClient';

/** Where a connection is cut, and how. */
export interface Cut {
  type: 'cut';
  /**
   * `connect`: as soon as it is open. `request`: when the client sends, before any of it is passed
   * on. `reply`: the request is passed on, and the connection ends when the reply comes, none of
   * which reaches the client.
   */
  at: 'connect' | 'request' | 'reply';
  /** Arms `request` and `reply` only once the client has sent a chunk for which this is true. */
  when?: (sent: Buffer) => boolean;
  /** How long `reply` swallows, from the first byte, before it ends the connection. Default 0. */
  holdMs?: number;
  /** An RST, or an orderly end. Default `reset`. */
  how?: 'reset' | 'close';
}

export type Fault =
  | { type: 'latency'; ms: number; jitter?: number; direction?: Direction }
  | { type: 'slice'; bytes: number; delayMs?: number; direction?: Direction }
  | { type: 'bandwidth'; bytesPerSecond: number; direction?: Direction }
  /** The connection is there, and its bytes vanish. */
  | { type: 'blackHole'; direction?: Direction }
  /** Ends the connection after so many bytes, or a number of them drawn from the range. */
  | { type: 'limitData'; bytes: number | readonly [number, number]; direction?: Direction }
  | Cut;

export interface FaultCounters {
  connections: number;
  open: number;
  /** Connections ended by a fault. */
  cuts: number;
  bytesToTarget: number;
  bytesToClient: number;
  bytesSwallowed: number;
}

export interface ConnectionOptions {
  client: Socket;
  target: Socket;
  /** The faults in force for it now. */
  faults(): readonly Fault[];
  /** Takes one cut from the fault's budget; `false` when that is spent. */
  takeCut(): boolean;
  counters: FaultCounters;
  random(): number;
}

const HIGH_WATER = 1024 * 1024;

/** The bytes on their way in one direction. */
interface Lane {
  source: Socket;
  sink: Socket;
  direction: Direction;
  queue: { chunk: Buffer; at: number }[];
  queued: number;
  busy: boolean;
  ended: boolean;
}

/** Carries bytes both ways between two sockets, with the faults in force. */
export class FaultConnection {
  /** Whether bytes were lost on it, so that it can never be right again. */
  tainted = false;
  readonly #options: ConnectionOptions;
  /** The cut whose request has been sent. */
  #armed: Cut | undefined;
  /** Whether a reply is being swallowed. */
  #swallowing = false;
  #passed = 0;
  #limit = 0;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    const { client, target } = options;
    const fault = this.#find('cut');
    if (fault?.at === 'connect') this.#cut(fault);
    this.#pump(client, target, 'toTarget');
    this.#pump(target, client, 'toClient');
  }

  end(how: 'reset' | 'close' = 'reset'): void {
    for (const socket of [this.#options.client, this.#options.target]) {
      if (how === 'reset') socket.resetAndDestroy();
      else socket.destroySoon();
    }
  }

  #find<T extends Fault['type']>(type: T, direction?: Direction) {
    return this.#options.faults().find((fault): fault is Extract<Fault, { type: T }> => {
      const only = 'direction' in fault ? fault.direction : undefined;
      return fault.type === type && (!only || !direction || only === direction);
    });
  }

  #reserveCut(): boolean {
    if (!this.#options.takeCut()) return false;
    this.#options.counters.cuts++;
    return true;
  }

  #cut(fault: Cut): boolean {
    if (!this.#reserveCut()) return false;
    this.end(fault.how);
    return true;
  }

  #pump(source: Socket, sink: Socket, direction: Direction): void {
    const lane: Lane = { source, sink, direction, queue: [], queued: 0, busy: false, ended: false };
    source.on('data', (chunk: Buffer) => {
      if (!this.#intercept(chunk, direction)) this.#enqueue(chunk, lane);
    });
    source.on('end', () => {
      lane.ended = true;
      void this.#drain(lane);
    });
    source.on('error', () => sink.resetAndDestroy());
    source.on('close', () => {
      if (!lane.ended) sink.destroy();
    });
  }

  /** Whether a fault takes the chunk, rather than the other side getting it. */
  #intercept(chunk: Buffer, direction: Direction): boolean {
    const fault = this.#find('cut');
    if (direction === 'toTarget' && fault) {
      if (fault.when?.(chunk) ?? true) this.#armed = fault;
      if (fault.at === 'request' && this.#armed === fault) return this.#cut(fault);
    }
    const isReply = fault?.at === 'reply' && this.#armed === fault && direction === 'toClient';
    if (isReply && !this.#swallowing && this.#reserveCut()) {
      this.#swallowing = true;
      setTimeout(() => this.end(fault.how), fault.holdMs ?? 0);
    }
    const isSwallowed = this.#swallowing && direction === 'toClient';
    if (!isSwallowed && !this.#find('blackHole', direction)) return false;
    this.tainted = true;
    this.#options.counters.bytesSwallowed += chunk.length;
    return true;
  }

  #enqueue(chunk: Buffer, lane: Lane): void {
    const latency = this.#find('latency', lane.direction);
    const delay = latency ? latency.ms + this.#options.random() * (latency.jitter ?? 0) : 0;
    // In order, whatever the jitter.
    const at = Math.max(Date.now() + delay, lane.queue.at(-1)?.at ?? 0);
    lane.queue.push({ chunk, at });
    lane.queued += chunk.length;
    if (lane.queued >= HIGH_WATER) lane.source.pause();
    void this.#drain(lane);
  }

  async #drain(lane: Lane): Promise<void> {
    if (lane.busy) return;
    lane.busy = true;
    for (let next = lane.queue.shift(); next && !lane.sink.destroyed; next = lane.queue.shift()) {
      const early = next.at - Date.now();
      if (early > 0) await sleep(early);
      await this.#deliver(next.chunk, lane);
      lane.queued -= next.chunk.length;
      if (lane.queued < HIGH_WATER) lane.source.resume();
    }
    lane.busy = false;
    if (lane.ended && !this.#find('blackHole', lane.direction)) lane.sink.end();
  }

  async #deliver(chunk: Buffer, { sink, direction }: Lane): Promise<void> {
    const slice = this.#find('slice', direction);
    const step = slice?.bytes ?? chunk.length;
    for (let start = 0; start < chunk.length && !sink.destroyed; start += step) {
      const { part, last } = this.#limitData(chunk.subarray(start, start + step), direction);
      const counter = direction === 'toTarget' ? 'bytesToTarget' : 'bytesToClient';
      this.#options.counters[counter] += part.length;
      await new Promise<void>((resolve) => sink.write(part, () => resolve()));
      if (last) return this.end('close');
      const rate = this.#find('bandwidth', direction)?.bytesPerSecond;
      const wait = (slice?.delayMs ?? 0) + (rate ? (part.length / rate) * 1000 : 0);
      if (wait > 0) await sleep(wait);
    }
  }

  /** The part of the chunk that a limit on the data still lets through. */
  #limitData(chunk: Buffer, direction: Direction): { part: Buffer; last: boolean } {
    const fault = this.#find('limitData', direction);
    if (!fault) return { part: chunk, last: false };
    if (this.#limit === 0) {
      const [low, high] =
        typeof fault.bytes === 'number' ? [fault.bytes, fault.bytes] : fault.bytes;
      this.#limit = Math.max(1, Math.floor(low + this.#options.random() * (high - low + 1)));
    }
    const part = chunk.subarray(0, this.#limit - this.#passed);
    this.#passed += part.length;
    const last = this.#passed >= this.#limit && this.#reserveCut();
    return { part: last ? part : chunk, last };
  }
}
