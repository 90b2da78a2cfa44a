import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { clusterTime } from '../../src/domain/log/cluster-clock.ts';
import type { Entry } from '../../src/domain/log/entry.ts';
import { createLog } from '../../src/infra/log.ts';
import { ReorderBuffer } from '../../src/realtime/reorder-buffer.ts';
import { testConfig } from '../support/app.ts';

const TICKET = 'a'.repeat(24);
/** Longer than a reorderBuffer tries to read a hole. */
const FOR_LONG_MS = 60_000;

const buildEntry = (seq: number) => ({ ticket_id: TICKET, owner: 'ana', seq, at: seq }) as Entry;

/** A reorderBuffer over a log of `head` entries whose first `failures` reads fail; those above `recent` are new. */
function createSequencer(head: number, failures: number, recent = 0) {
  const emitted: number[] = [];
  const lost: [string, string, number][] = [];
  let reads = 0;
  let told = 1;
  const log = Array.from({ length: head }, (_, index) => buildEntry(index + 1));
  const read = (after: number, upTo: number) => {
    if (++reads <= failures) throw new Error('the database is away');
    return log.filter(({ seq }) => seq > after && seq <= upTo);
  };
  const reorderBuffer = new ReorderBuffer({
    emit: ({ seq }) => void emitted.push(seq),
    audienceSince: () => 0,
    read: async (_ticketId, after, upTo) => read(after, upTo),
    watermark: () => clusterTime(told * 1000),
    // An entry of seq n is of second n.
    readRecent: async (_ticketId, upTo, _since, watermark) =>
      read(Math.max(recent, watermark.t - 1), upTo),
    onLost: (...told) => void lost.push(told),
    log: createLog(testConfig({ LOG_LEVEL: 'silent' })),
  });
  /** From now on every node has been told of what is before the entry with that seq. */
  const setTold = (seq: number) => {
    told = seq;
  };
  return { reorderBuffer, emitted, lost, setTold };
}

describe('a hole in what a node has heard of', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  test('when it can be read after some tries, then it comes in its place, and nobody is told', async () => {
    const { reorderBuffer, emitted, lost } = createSequencer(4, 3);
    reorderBuffer.setBaseline(TICKET, 'ana', 0);
    for (const seq of [1, 2, 4]) reorderBuffer.accept(buildEntry(seq));
    expect(emitted).toEqual([1, 2]);
    await jest.advanceTimersByTimeAsync(FOR_LONG_MS);
    expect(emitted).toEqual([1, 2, 3, 4]);
    expect(lost).toEqual([]);
  });

  test('when it cannot be read for long, then its sockets are told once, and nothing skips it', async () => {
    const { reorderBuffer, emitted, lost } = createSequencer(4, Number.POSITIVE_INFINITY);
    reorderBuffer.setBaseline(TICKET, 'ana', 0);
    for (const seq of [1, 2, 4]) reorderBuffer.accept(buildEntry(seq));
    await jest.advanceTimersByTimeAsync(FOR_LONG_MS);
    expect(lost).toEqual([[TICKET, 'ana', 2]]);
    expect(emitted).toEqual([1, 2]);
  });

  test('when the sweep knows of an entry that cannot be read for long, then its sockets are told', async () => {
    const { reorderBuffer, emitted, lost } = createSequencer(3, Number.POSITIVE_INFINITY);
    reorderBuffer.setBaseline(TICKET, 'ana', 2);
    reorderBuffer.noteHead(TICKET, 'ana', 3);
    await jest.advanceTimersByTimeAsync(FOR_LONG_MS);
    expect(lost).toEqual([[TICKET, 'ana', 2]]);
    expect(emitted).toEqual([]);
  });
});

describe('a ticket a node meets for the first time', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  test('begins with the oldest entry that somebody here may not have been told of', async () => {
    const { reorderBuffer, emitted } = createSequencer(9, 0, 6);
    reorderBuffer.accept(buildEntry(9));
    await jest.advanceTimersByTimeAsync(FOR_LONG_MS);
    expect(emitted).toEqual([7, 8, 9]);
  });

  test('while it cannot be read, what is noted of it stays to be told though the watermark moves on', async () => {
    const { reorderBuffer, emitted, setTold } = createSequencer(9, 2, 6);
    reorderBuffer.accept(buildEntry(8));
    await jest.advanceTimersByTimeAsync(50);
    setTold(9);
    reorderBuffer.accept(buildEntry(9));
    await jest.advanceTimersByTimeAsync(FOR_LONG_MS);
    expect(emitted).toEqual([7, 8, 9]);
  });

  test('when the hint is of an old entry, then it is not told again, nor is what came after it', async () => {
    const { reorderBuffer, emitted } = createSequencer(81, 0, 80);
    reorderBuffer.accept(buildEntry(57));
    await jest.advanceTimersByTimeAsync(FOR_LONG_MS);
    expect(emitted).toEqual([]);
    reorderBuffer.accept(buildEntry(81));
    await jest.advanceTimersByTimeAsync(FOR_LONG_MS);
    expect(emitted).toEqual([81]);
  });

  test('when a head is read for a socket while an entry is awaited, then the entry is still told', async () => {
    const { reorderBuffer, emitted } = createSequencer(10, 0, 9);
    reorderBuffer.noteHead(TICKET, 'ana', 10, 150);
    reorderBuffer.setBaseline(TICKET, 'ana', 10);
    await jest.advanceTimersByTimeAsync(FOR_LONG_MS);
    expect(emitted).toEqual([10]);
  });
});
