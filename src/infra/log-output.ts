import { writeSync } from 'node:fs';

/** How long a line waits for others, in milliseconds. */
const GATHER_MS = 20;
/** When a full pipe is tried again, in milliseconds. */
const RETRY_MS = 5;
/** Bytes of lines that wait for whoever reads, at most. */
const MOST_UNREAD = 16 * 1024 * 1024;
/** What the end of the process waits for a reader: without progress, and in all, in milliseconds. */
const LAST_WORDS = { still: 2000, all: 5000 } as const;
/** Of one write: a pipe takes 64 KiB, and a file no turn of the event loop. */
const MOST_AT_ONCE = 1024 * 1024;

/** Errors after which nobody will ever read. */
const ends = new Set(['EPIPE', 'EBADF', 'EIO', 'ECONNRESET']);

export interface LineWriter {
  write(line: string): void;
}

const pause = new Int32Array(new SharedArrayBuffer(4));

/**
 * A buffered writer: few writes for many lines, since one a line costs a busy server a tenth of its time. Each
 * write is synchronous and non-blocking, so that at every moment it is known what has been written: when the
 * process exits the rest is written then, for as long as somebody reads. One that is killed loses the lines of
 * its last moment. Where nobody reads, lines are dropped, and how many is said when somebody does again.
 * @param fd a file, a terminal or a pipe; a pipe must not block, see `openStdout`
 */
export class LineOutput implements LineWriter {
  readonly #fd: number;
  /** What the next write takes, as text. */
  #lines: string[] = [];
  /** What has been taken from `#lines` and is not written, the first of it in part. */
  #unread: Buffer[] = [];
  #bytes = 0;
  #dropped = 0;
  #timer: NodeJS.Timeout | undefined;
  #ended = false;
  /** When the end began, after which no timer comes (monotonic milliseconds). */
  #overAt: number | undefined;

  constructor(fd: number) {
    this.#fd = fd;
  }

  write(line: string): void {
    if (this.#ended) return;
    this.#lines.push(line);
    if (this.#overAt !== undefined) this.end();
    else this.#timer ??= setTimeout(this.#onTimer, GATHER_MS).unref();
  }

  /** Writes what is left before the process is over; nothing else runs meanwhile. */
  end(): void {
    let progressAt = performance.now();
    this.#overAt ??= progressAt;
    this.#take();
    for (;;) {
      const before = this.#bytes;
      if (this.#send()) return;
      const now = performance.now();
      if (this.#bytes < before) progressAt = now;
      if (now - progressAt > LAST_WORDS.still || now - this.#overAt > LAST_WORDS.all) return;
      Atomics.wait(pause, 0, 0, 1);
    }
  }

  readonly #onTimer = () => {
    this.#timer = undefined;
    this.#take();
    if (!this.#send()) this.#timer = setTimeout(this.#onTimer, RETRY_MS).unref();
  };

  #take(): void {
    if (this.#lines.length === 0) return;
    const count = this.#lines.length;
    const taken = Buffer.from(this.#lines.join(''));
    this.#lines = [];
    if (this.#bytes + taken.length > MOST_UNREAD) this.#dropped += count;
    else this.#queue(taken);
  }

  #queue(bytes: Buffer): void {
    this.#unread.push(bytes);
    this.#bytes += bytes.length;
  }

  /** @returns true where nothing is left to write */
  #send(): boolean {
    while (!this.#ended) {
      const [first] = this.#unread;
      if (!first && this.#dropped === 0) return true;
      if (first) {
        const written = this.#try(first);
        if (written === 0) return false;
        this.#bytes -= written;
        if (written === first.length) this.#unread.shift();
        else this.#unread[0] = first.subarray(written);
      } else {
        const msg = `${this.#dropped} lines of the log were dropped: nobody read them`;
        this.#dropped = 0;
        this.#queue(Buffer.from(`${JSON.stringify({ level: 40, time: Date.now(), msg })}\n`));
      }
    }
    return true;
  }

  /** @returns how many bytes were written; none where the reader is behind */
  #try(bytes: Buffer): number {
    try {
      return writeSync(this.#fd, bytes, 0, Math.min(bytes.length, MOST_AT_ONCE));
    } catch (error) {
      if (ends.has((error as NodeJS.ErrnoException).code ?? '')) this.#giveUp();
      return 0;
    }
  }

  #giveUp(): void {
    this.#ended = true;
    this.#unread = [];
    this.#lines = [];
    this.#bytes = 0;
  }
}

/** The process's standard output, whose last lines are written when it exits. */
export function openStdout(): LineOutput {
  // Its first use is what makes a pipe non-blocking.
  const { fd } = process.stdout;
  const output = new LineOutput(fd);
  process.once('exit', () => output.end());
  return output;
}
