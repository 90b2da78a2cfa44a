import { describe, expect, test } from '@jest/globals';
import { createBatches } from '../../src/domain/log/batches.ts';
import type { InsertResult } from '../../src/domain/log/insert-results.ts';
import type { EntryRow } from '../../src/models/entry.ts';

const row = (seq: number) => ({ seq }) as unknown as EntryRow;
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Batches whose inserts end when the test says so. */
function openBatches() {
  const sent: { seqs: number[]; ordered: boolean; end(): void }[] = [];
  const batches = createBatches((rows, ordered) => {
    return new Promise<InsertResult[]>((resolve) => {
      const seqs = rows.map((one) => (one as { seq: number }).seq);
      const end = () => resolve(seqs.map(() => ({ kind: 'stored' })));
      sent.push({ seqs, ordered, end });
    });
  });
  const commit = (seq: number) => batches.commit([row(seq)], false);
  const from = (first: number, count: number) =>
    Array.from({ length: count }, (_, n) => commit(first + n));
  return { batches, sent, commit, from };
}

describe('what is committed', () => {
  test('in one turn goes together at its end', async () => {
    const { sent, from } = openBatches();
    from(1, 5);
    expect(sent).toEqual([]);
    await turn();
    expect(sent.map(({ seqs }) => seqs)).toEqual([[1, 2, 3, 4, 5]]);
  });

  test('goes before the end of the turn as soon as it is enough, in three commands at most', async () => {
    const { sent, from } = openBatches();
    from(1, 130);
    expect(sent.map(({ seqs }) => seqs.length)).toEqual([32, 32, 32]);
    await turn();
    expect(sent).toHaveLength(3);
    // All that came meanwhile goes in the place of the first one that ends.
    sent[1]?.end();
    await turn();
    await turn();
    expect(sent.map(({ seqs }) => seqs.length)).toEqual([32, 32, 32, 34]);
  });

  test('is answered each with its own result, whichever command ends first', async () => {
    const { sent, from, batches } = openBatches();
    const run = batches.commit([row(1001), row(1002)], false);
    const answers = from(1, 40);
    await turn();
    for (const { end } of sent.toReversed()) end();
    expect(await run).toEqual([{ kind: 'stored' }, { kind: 'stored' }]);
    for (const answer of answers) expect(await answer).toEqual([{ kind: 'stored' }]);
    const run2 = sent.find(({ seqs }) => seqs[0] === 1001);
    expect(run2).toMatchObject({ seqs: [1001, 1002], ordered: true });
    expect(sent.flatMap(({ seqs }) => seqs).toSorted((a, b) => a - b)).toEqual([
      ...Array.from({ length: 40 }, (_, n) => n + 1),
      1001,
      1002,
    ]);
  });
});
