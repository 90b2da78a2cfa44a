import { Types } from 'mongoose';
import type { AppContext } from '../context.ts';
import { sizes } from '../contract/limits.ts';
import { native } from './log/collections.ts';
import { isDuplicateKey } from './mongo-errors.ts';
import { scheduleWork, type WorkHandler } from './schedule.ts';

/** Under this kind, and a table and a name in it, it is looked whether tickets were given the name meanwhile. */
const VACATED = 'vacated-name';

/** By then no request is under way that has seen the row: not on another node, whose list is seconds old. */
const SETTLED_MS = 2 * sizes.requestWithin;

/** What tickets know by its name, and the field in which they name it. */
const fieldOf = { categories: 'category', priorities: 'priority' } as const;
type Table = keyof typeof fieldOf;

/** What a row says beside its id. */
type Vacated = { name: string } & Record<string, unknown>;

/** True where a ticket names such a row. */
export async function isNamed(ctx: AppContext, table: Table, name: string): Promise<boolean> {
  const found = await native(ctx.db.tickets).findOne(
    { [fieldOf[table]]: name },
    { projection: { _id: 1 } },
  );
  return found !== null;
}

/**
 * To be called before a row that no ticket names goes, or gets another name: a ticket may be given the
 * name at that moment, by whoever has seen the row. Later the row is then put back, archived.
 */
export async function watchName(ctx: AppContext, table: Table, row: Vacated): Promise<void> {
  const at = ctx.clock.now() + SETTLED_MS;
  await scheduleWork(ctx, { kind: VACATED, key: `${table} ${row.name}`, at, data: { table, row } });
}

/** Puts back what tickets name; an unchanged row, or another of that name, stays as it is. */
async function restore(ctx: AppContext, table: Table, row: Vacated): Promise<void> {
  if (!(await isNamed(ctx, table, row.name))) return;
  try {
    const archived = { ...row, _id: new Types.ObjectId(), archived: true };
    await native(ctx.db[table] as typeof ctx.db.categories).insertOne(archived as never);
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
  }
}

export const vacatedNames: Readonly<Record<string, WorkHandler>> = {
  [VACATED]: {
    async run(ctx, { data }) {
      const { table, row } = data as { table: Table; row: Vacated };
      await restore(ctx, table, row);
      return undefined;
    },
  },
};
