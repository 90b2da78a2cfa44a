import type { AppContext } from '../../src/context.ts';

const ticketRows = /\.(entries|visibility|tickets)$/;

/** What MongoDB examined for a piece of work: keys and rows, commands, and whether all went by an index. */
export async function examinedBy(
  ctx: AppContext,
  work: () => Promise<unknown>,
  collections = ticketRows,
) {
  const { db } = ctx.db.connection;
  if (!db) throw new Error('not connected');
  await db.command({ profile: 2 });
  const from = new Date();
  await work();
  await db.command({ profile: 0 });
  const rows = await db
    .collection('system.profile')
    .find({
      ts: { $gte: from },
      ns: collections,
      // The reconciliation poll, which may run meanwhile, belongs to no work.
      planSummary: { $ne: 'IXSCAN { stored: 1 }' },
    })
    .toArray();
  const sum = (name: string) => rows.reduce((all, row) => all + Number(row[name] ?? 0), 0);
  return {
    examined: sum('keysExamined') + sum('docsExamined'),
    keys: sum('keysExamined'),
    rows: sum('docsExamined'),
    commands: rows.length,
    plans: rows.map(({ planSummary }) => String(planSummary ?? '')),
  };
}
