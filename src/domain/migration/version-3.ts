import { newTicketFields, type TicketRow } from '../../models/ticket.ts';
import { seedCategories } from '../categories/categories.ts';
import { oid } from '../log/collections.ts';
import { seedPriorities } from '../priorities/priorities.ts';
import { type MigrationRun, rowsOf } from './migration-run.ts';

/** Tickets migrated together; after each the place is written down. */
const TICKETS_AT_ONCE = 500;
const PROGRESS_MS = 2000;

/**
 * From the version before the help desk: tickets get the fields it added, so that lists find them by
 * those. What entries say of tickets is completed where they are read.
 */
export async function migrateToVersion3(run: MigrationRun): Promise<void> {
  const { ctx } = run;
  await seedPriorities(ctx);
  await seedCategories(ctx);
  const tickets = rowsOf(ctx, 'tickets');
  const total = await tickets.estimatedDocumentCount();
  let from = run.from;
  let done = 0;
  let told = Date.now();
  for (;;) {
    run.require();
    const rows = await tickets
      .find(from ? { _id: { $gt: oid(from) } } : {})
      .sort({ _id: 1 })
      .limit(TICKETS_AT_ONCE)
      .toArray();
    const last = rows.at(-1);
    if (!last) return;
    ctx.failpoint('before-migration-step');
    await tickets.bulkWrite(
      rows.map((row) => {
        const { _id } = row;
        const $set = newTicketFields(row as TicketRow);
        return { updateOne: { filter: { _id, clock: { $exists: false } }, update: { $set } } };
      }),
      { ordered: false },
    );
    from = last._id.toHexString() as string;
    ctx.failpoint('before-migration-step');
    await run.reached(from);
    done += rows.length;
    if (Date.now() - told < PROGRESS_MS) continue;
    told = Date.now();
    ctx.log.info({ tickets: done, of: total }, 'migrating the database');
  }
}
