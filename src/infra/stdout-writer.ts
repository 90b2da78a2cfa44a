import { constants, fstatSync, openSync, writeSync } from 'node:fs';

/** How long a line waits for others, in milliseconds. */
const GATHER_MS = 20;
/** When a full pipe is tried again, in milliseconds. */
const RETRY_MS = 5;
/** Bytes of lines that wait for whoever reads stdout, at most. */
const MOST_UNREAD = 16 * 1024 * 1024;
/** What a pipe takes whole or not at all (PIPE_BUF). */
const ATOMIC_BYTES = 4096;
/** At its end the process waits as long for a reader that reads nothing, and for one that does, in milliseconds. */
const STALLED_MS = 2000;
const END_MS = 5000;

const NEW_LINE = 10;

export interface LineWriter {
  write(line: string): void;
}

/**
 * A descriptor on which a write that does not fit fails, and never waits. O_NONBLOCK belongs to what all
 * processes share that have the pipe, and one of them may unset it: where the system has it, the pipe
 * is opened once more. Elsewhere to touch node's own stream makes it so.
 */
function openNonBlocking(fd: 1 | 2): number {
  const stat = fstatSync(fd);
  if (stat.isFIFO() || stat.isCharacterDevice()) {
    try {
      const flags = constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
      return openSync(`/proc/self/fd/${fd}`, flags);
    } catch {}
  }
  void (fd === 1 ? process.stdout : process.stderr);
  return fd;
}

/** Errors that pass by themselves: a full pipe, a full disk. */
const passing = new Set(['EAGAIN', 'ENOSPC', 'EDQUOT']);

/** Where the next piece ends: whole lines that fit into one atomic write, or a line that is longer. */
function endOfPiece(bytes: Buffer, start: number): number {
  const end = bytes.lastIndexOf(NEW_LINE, start + ATOMIC_BYTES - 1) + 1;
  return end > start ? end : bytes.indexOf(NEW_LINE, start) + 1;
}

function countLines(bytes: Buffer): number {
  let count = 0;
  for (const byte of bytes) if (byte === NEW_LINE) count++;
  return count;
}

const sleeper = new Int32Array(new SharedArrayBuffer(4));

/**
 * A gathering writer: few writes for many lines, since one a line costs a busy server a tenth of its time.
 * They are synchronous and do not wait, so that it is always known which bytes are written. What is left
 * when the process exits is written then, as long as somebody reads; one that is killed loses the lines of
 * its last moment. Where nobody reads, lines are dropped, and how many is said when somebody does again.
 */
export function createStdoutWriter(): LineWriter {
  let fd: number | undefined;
  let lines: string[] = [];
  /** Of the lines; in characters, since counting bytes costs a line more than it tells. */
  let gathered = 0;
  let chunk = Buffer.alloc(0);
  let written = 0;
  let dropped = 0;
  let hasTimer = false;
  let hasEnded = false;

  /** Makes a chunk of what was gathered; of how many lines were dropped, once all others are written. */
  const takeChunk = (): boolean => {
    if (lines.length === 0 && dropped > 0) {
      const msg = `${dropped} lines of the log were dropped: nobody read them`;
      lines.push(`${JSON.stringify({ level: 40, time: Date.now(), msg })}\n`);
      dropped = 0;
    }
    chunk = Buffer.from(lines.join(''));
    written = 0;
    lines = [];
    gathered = 0;
    return chunk.length > 0;
  };

  /** Writes what fits; whether that was all. */
  const send = (): boolean => {
    fd ??= openNonBlocking(1);
    try {
      while (written < chunk.length || takeChunk()) {
        written += writeSync(fd, chunk, written, endOfPiece(chunk, written) - written);
      }
      return true;
    } catch (error) {
      if (passing.has((error as NodeJS.ErrnoException).code ?? '')) return false;
      hasEnded = true;
      lines = [];
      chunk = Buffer.alloc(0);
      return true;
    }
  };

  const sendAfter = (ms: number) => {
    hasTimer = true;
    const timer = setTimeout(() => {
      hasTimer = false;
      const before = written;
      if (!send()) sendAfter(written === before ? GATHER_MS : RETRY_MS);
    }, ms);
    timer.unref();
  };

  const sayUnwritten = () => {
    const unwritten = countLines(chunk.subarray(written)) + lines.length + dropped;
    try {
      const said = `The last ${unwritten} lines of the log were not written: nobody read them\n`;
      writeSync(openNonBlocking(2), said);
    } catch {}
  };

  process.on('exit', () => {
    const start = performance.now();
    let moved = start;
    let before = -1;
    while (!hasEnded && !send()) {
      const now = performance.now();
      if (written !== before) moved = now;
      before = written;
      if (now - moved > STALLED_MS || now - start > END_MS) return sayUnwritten();
      Atomics.wait(sleeper, 0, 0, 1);
    }
  });

  return {
    write(line) {
      if (hasEnded) return;
      if (gathered + chunk.length - written + line.length > MOST_UNREAD) {
        dropped++;
        return;
      }
      gathered += line.length;
      lines.push(line);
      if (!hasTimer) sendAfter(GATHER_MS);
    },
  };
}
