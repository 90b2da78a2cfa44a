import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Entry } from '../../src/domain/log/entry.ts';
import { createLog } from '../../src/infra/log.ts';
import { Sequencer } from '../../src/realtime/sequencer.ts';
import { testConfig } from '../support/app.ts';

const TICKET = 'a'.repeat(24);
/** Longer than a sequencer tries to read a hole. */
const FOR_LONG_MS = 60_000;

const buildEntry = (seq: number) => ({ ticket_id: TICKET, owner: 'ana', seq, at: seq }) as Entry;

/** A sequencer over a log of `head` entries whose first `failures` reads fail. */
function createSequencer(head: number, failures: number) {
  const emitted: number[] = [];
  const lost: string[][] = [];
  let reads = 0;
  const sequencer = new Sequencer({
    emit: ({ seq }) => void emitted.push(seq),
    audienceSince: () => 0,
    async read(_ticketId, after, upTo) {
      if (++reads <= failures) throw new Error('the database is away');
      const all = Array.from({ length: head }, (_, index) => buildEntry(index + 1));
      return all.filter(({ seq }) => seq > after && seq <= upTo);
    },
    settledBefore: () => 0,
    onLost: (ticketId, owner) => void lost.push([ticketId, owner]),
    log: createLog(testConfig({ LOG_LEVEL: 'silent' })),
  });
  return { sequencer, emitted, lost };
}

describe('a hole in what a node has heard of', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  test('when it can be read after some tries, then it comes in its place, and nobody is told', async () => {
    const { sequencer, emitted, lost } = createSequencer(4, 3);
    for (const seq of [1, 2, 4]) sequencer.accept(buildEntry(seq));
    expect(emitted).toEqual([1, 2]);
    await jest.advanceTimersByTimeAsync(FOR_LONG_MS);
    expect(emitted).toEqual([1, 2, 3, 4]);
    expect(lost).toEqual([]);
  });

  test('when it cannot be read for long, then its sockets are told once, and nothing skips it', async () => {
    const { sequencer, emitted, lost } = createSequencer(4, Number.POSITIVE_INFINITY);
    for (const seq of [1, 2, 4]) sequencer.accept(buildEntry(seq));
    await jest.advanceTimersByTimeAsync(FOR_LONG_MS);
    expect(lost).toEqual([[TICKET, 'ana']]);
    expect(emitted).toEqual([1, 2]);
  });

  test('when the sweep knows of an entry that cannot be read for long, then its sockets are told', async () => {
    const { sequencer, emitted, lost } = createSequencer(3, Number.POSITIVE_INFINITY);
    sequencer.base(TICKET, 'ana', 2);
    sequencer.expect(TICKET, 'ana', 3);
    await jest.advanceTimersByTimeAsync(FOR_LONG_MS);
    expect(lost).toEqual([[TICKET, 'ana']]);
    expect(emitted).toEqual([]);
  });
});
