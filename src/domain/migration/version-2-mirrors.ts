import type { Document } from 'mongodb';
import type { AppContext } from '../../context.ts';
import { rowsOf } from './migration-run.ts';

/** A step of a closing as version 1 wrote it down: without saying which closing it was of. */
const closingStep = /^(notice|transcript|removed)$/;
/** One of several posts of a transcript. */
const transcriptPost = /^transcript [0-9a-f]{24} (\d+)$/;

function nameStep(step: string, seq: number): string {
  const nth = transcriptPost.exec(step)?.[1];
  if (nth !== undefined) return `transcript@${seq} ${nth}`;
  return closingStep.test(step) ? `${step}@${seq}` : step;
}

/**
 * A ticket may be closed more than once from now on: each step, and what `done` speaks of, names the
 * entry of its closing. Rows get the fields that are new.
 */
export async function migrateMirrors(ctx: AppContext, tickets: Document[]): Promise<void> {
  const closings = new Map(
    tickets.map(({ _id, status, status_seq }) => [
      String(_id),
      status === 'CLOSED' ? Number(status_seq) : 0,
    ]),
  );
  const ids = tickets.map(({ _id }) => _id);
  const found = await rowsOf(ctx, 'mirrors')
    .find({ _id: { $in: ids } })
    .toArray();
  if (found.length === 0) return;
  await rowsOf(ctx, 'mirrors').bulkWrite(
    found.map(({ _id, state, steps, pending = [], deferred = [] }) => {
      const seq = closings.get(String(_id)) ?? 0;
      const named = (steps as string[]).map((step) => nameStep(step, seq));
      const closing = state === 'done' ? seq : 0;
      const $set = { steps: named, closing, pending, deferred };
      return { updateOne: { filter: { _id }, update: { $set } } };
    }),
    { ordered: false },
  );
}
