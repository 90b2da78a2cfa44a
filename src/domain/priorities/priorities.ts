import type { AppContext } from '../../context.ts';
import type { PriorityRow } from '../../models/catalogue.ts';
import { createRowCache, seededId } from '../cached-rows.ts';
import { majority, native } from '../log/collections.ts';

export type Priority = Omit<PriorityRow, '_id'> & { id: string };

const HOUR = 3_600_000;

/** Those of the sibling systems, with their times. */
const first: readonly Omit<PriorityRow, '_id' | 'archived'>[] = [
  {
    name: 'LOW',
    rank: 10,
    issue_level: 'NORMAL',
    first_response_ms: 24 * HOUR,
    resolution_ms: 240 * HOUR,
  },
  {
    name: 'MEDIUM',
    rank: 20,
    issue_level: 'NORMAL',
    first_response_ms: 8 * HOUR,
    resolution_ms: 120 * HOUR,
  },
  {
    name: 'HIGH',
    rank: 30,
    issue_level: 'URGENT',
    first_response_ms: 4 * HOUR,
    resolution_ms: 48 * HOUR,
  },
  {
    name: 'URGENT',
    rank: 40,
    issue_level: 'CRITICAL',
    first_response_ms: 2 * HOUR,
    resolution_ms: 24 * HOUR,
  },
];

export function toPriority({ _id, ...rest }: PriorityRow): Priority {
  return { id: _id.toHexString(), ...rest };
}

/** Puts the first rows in where there are none yet. */
export async function seedPriorities(ctx: Pick<AppContext, 'db'>): Promise<void> {
  const priorities = native(ctx.db.priorities);
  if (await priorities.findOne({}, { projection: { _id: 1 } })) return;
  await priorities.bulkWrite(
    first.map((row) => ({
      updateOne: {
        filter: { name: row.name },
        update: { $setOnInsert: { _id: seededId('priority', row.name), ...row, archived: false } },
        upsert: true,
      },
    })),
    { ordered: false },
  );
}

const cache = createRowCache(async (ctx) => {
  const read = () =>
    native(ctx.db.priorities).find({}, { readConcern: majority }).sort({ rank: 1 }).toArray();
  let rows = await read();
  if (rows.length === 0) {
    await seedPriorities(ctx);
    rows = await read();
  }
  return rows.map(toPriority);
});

/** All of them, archived ones too, the least urgent first. */
export const listPriorities = cache.list;
/** Has the next list read what has just been changed. */
export const forgetPriorities = cache.forget;
