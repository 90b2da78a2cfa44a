import type { ServerResponse } from 'node:http';
import { unavailable } from '../errors.ts';
import type { Log } from '../infra/log.ts';

/**
 * How long nothing may move on a connection that is being answered, in milliseconds: longer than a
 * poll without news waits for its ping, and that ping for its answer.
 */
export const STALLED_MS = 60_000;
/** How old an answer must be to be given up for a new one, in milliseconds. */
const EVICTABLE_MS = 5000;
/** Smaller answers lie in the system's buffers, and are not worth the bookkeeping. */
const COUNTED_BYTES = 16 * 1024;

/**
 * Back-pressure for readers that do not read: what answers hold until they are sent, counted for the
 * whole process. Beyond the budget the oldest is cut, or where none is old, the new one refused.
 */
export class UnsentAnswers {
  readonly #maxBytes: number;
  readonly #log: Log;
  /** In the order they were begun. */
  readonly #answers = new Map<ServerResponse, { bytes: number; since: number }>();
  #bytes = 0;

  constructor(maxBytes: number, log: Log) {
    this.#maxBytes = maxBytes;
    this.#log = log;
  }

  /**
   * Counts an answer until it is sent or its connection has ended.
   * @throws AppError SERVICE_UNAVAILABLE
   */
  add(res: ServerResponse, bytes: number): void {
    // Of one that has been cut nobody would hear the end.
    if (bytes < COUNTED_BYTES || res.destroyed) return;
    this.#makeRoom(bytes);
    this.#answers.set(res, { bytes, since: performance.now() });
    this.#bytes += bytes;
    res.once('close', () => {
      this.#remove(res);
    });
  }

  #remove(res: ServerResponse): void {
    this.#bytes -= this.#answers.get(res)?.bytes ?? 0;
    this.#answers.delete(res);
  }

  #makeRoom(bytes: number): void {
    for (const [res, { since }] of this.#answers) {
      if (this.#bytes + bytes <= this.#maxBytes) return;
      if (performance.now() - since < EVICTABLE_MS) break;
      this.#log.warn({ unsent: this.#bytes }, 'cut a slow reader of an answer');
      this.#remove(res);
      res.socket?.destroy();
    }
    if (this.#answers.size > 0 && this.#bytes + bytes > this.#maxBytes) {
      throw unavailable('too many answers wait to be read, try again');
    }
  }
}
