import type { Document } from 'mongodb';
import type { AppContext } from '../../context.ts';
import { rowsOf } from './migration-run.ts';

/** The steps of a closing that version 1 wrote down without saying which closing they were of. */
const closingStep = /^(notice|transcript|removed)$/;

/** A ticket may be closed more than once from now on: each step names the entry of its closing. */
export async function migrateMirrors(ctx: AppContext, tickets: Document[]): Promise<void> {
  const closings = new Map(
    tickets
      .filter(({ status }) => status === 'CLOSED')
      .map((ticket) => [String(ticket._id), Number(ticket.status_seq)]),
  );
  const found = await rowsOf(ctx, 'mirrors')
    .find({ _id: { $in: tickets.map(({ _id }) => _id) }, steps: closingStep })
    .toArray();
  if (found.length === 0) return;
  await rowsOf(ctx, 'mirrors').bulkWrite(
    found.map(({ _id, steps }) => {
      const seq = closings.get(String(_id)) ?? 0;
      const named = (steps as string[]).map((step) =>
        closingStep.test(step) ? `${step}@${seq}` : step,
      );
      return { updateOne: { filter: { _id }, update: { $set: { steps: named } } } };
    }),
    { ordered: false },
  );
}
