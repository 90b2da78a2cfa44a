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

export interface FaultConnection {
  reset(): void;
  /** Whether bytes were lost on it, so that it can never be right again. */
  readonly tainted: boolean;
}

const HIGH_WATER = 1024 * 1024;

/** Carries bytes both ways between two sockets, with the faults in force. */
export function joinWithFaults(options: ConnectionOptions): FaultConnection {
  const { client, target, counters, random } = options;
  const state = { tainted: false, armed: false, swallowing: false, passed: 0, limit: 0 };
  const find = <T extends Fault['type']>(type: T, direction?: Direction) =>
    options.faults().find((fault): fault is Extract<Fault, { type: T }> => {
      const only = 'direction' in fault ? fault.direction : undefined;
      return fault.type === type && (!only || !direction || only === direction);
    });

  function end(how: 'reset' | 'close' = 'reset'): void {
    for (const socket of [client, target]) {
      if (how === 'reset') socket.resetAndDestroy();
      else socket.destroySoon();
    }
  }

  function reserveCut(): boolean {
    if (!options.takeCut()) return false;
    counters.cuts++;
    return true;
  }

  function cut(fault: Cut): boolean {
    if (!reserveCut()) return false;
    end(fault.how);
    return true;
  }

  function swallow(chunk: Buffer): void {
    state.tainted = true;
    counters.bytesSwallowed += chunk.length;
  }

  /** Whether the fault takes the chunk, rather than the other side getting it. */
  function intercept(chunk: Buffer, direction: Direction): boolean {
    const fault = find('cut');
    const isArmed = () => {
      if (direction === 'toTarget') state.armed ||= fault?.when?.(chunk) ?? true;
      return state.armed;
    };
    if (fault?.at === 'connect') return cut(fault);
    if (fault?.at === 'request' && direction === 'toTarget' && isArmed()) return cut(fault);
    const isReply = fault?.at === 'reply' && isArmed() && direction === 'toClient';
    if (isReply && !state.swallowing && reserveCut()) {
      state.swallowing = true;
      setTimeout(() => end(fault.how), fault.holdMs ?? 0);
    }
    if (!(state.swallowing && direction === 'toClient') && !find('blackHole', direction)) {
      return false;
    }
    swallow(chunk);
    return true;
  }

  /** The part of the chunk that a limit on the data still lets through. */
  function limit(chunk: Buffer, direction: Direction): { part: Buffer; last: boolean } {
    const fault = find('limitData', direction);
    if (!fault) return { part: chunk, last: false };
    if (state.limit === 0) {
      const [low, high] =
        typeof fault.bytes === 'number' ? [fault.bytes, fault.bytes] : fault.bytes;
      state.limit = Math.max(1, Math.floor(low + random() * (high - low + 1)));
    }
    const part = chunk.subarray(0, state.limit - state.passed);
    state.passed += part.length;
    const last = state.passed >= state.limit && reserveCut();
    return { part: last ? part : chunk, last };
  }

  function pump(source: Socket, sink: Socket, direction: Direction): void {
    const queue: { chunk: Buffer; at: number }[] = [];
    const counter = direction === 'toTarget' ? 'bytesToTarget' : 'bytesToClient';
    let queued = 0;
    let busy = false;
    let ended = false;

    async function deliver(chunk: Buffer): Promise<void> {
      const slice = find('slice', direction);
      const step = slice?.bytes ?? chunk.length;
      for (let start = 0; start < chunk.length && !sink.destroyed; start += step) {
        const { part, last } = limit(chunk.subarray(start, start + step), direction);
        counters[counter] += part.length;
        await new Promise<void>((resolve) => sink.write(part, () => resolve()));
        if (last) return end('close');
        const rate = find('bandwidth', direction)?.bytesPerSecond;
        const wait = (slice?.delayMs ?? 0) + (rate ? (part.length / rate) * 1000 : 0);
        if (wait > 0) await sleep(wait);
      }
    }

    async function drain(): Promise<void> {
      if (busy) return;
      busy = true;
      for (let next = queue.shift(); next && !sink.destroyed; next = queue.shift()) {
        const early = next.at - Date.now();
        if (early > 0) await sleep(early);
        await deliver(next.chunk);
        queued -= next.chunk.length;
        if (queued < HIGH_WATER) source.resume();
      }
      busy = false;
      if (ended && queue.length === 0 && !find('blackHole', direction)) sink.end();
    }

    source.on('data', (chunk: Buffer) => {
      if (intercept(chunk, direction)) return;
      const latency = find('latency', direction);
      const delay = latency ? latency.ms + random() * (latency.jitter ?? 0) : 0;
      // In order, whatever the jitter.
      const at = Math.max(Date.now() + delay, queue.at(-1)?.at ?? 0);
      queue.push({ chunk, at });
      queued += chunk.length;
      if (queued >= HIGH_WATER) source.pause();
      void drain();
    });
    source.on('end', () => {
      ended = true;
      void drain();
    });
    source.on('error', () => sink.resetAndDestroy());
    source.on('close', () => {
      if (!ended) sink.destroy();
    });
  }

  const onConnect = find('cut');
  if (onConnect?.at === 'connect') cut(onConnect);
  pump(client, target, 'toTarget');
  pump(target, client, 'toClient');
  return {
    reset: () => end('reset'),
    get tainted() {
      return state.tainted;
    },
  };
}
