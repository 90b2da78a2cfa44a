import type { AppContext } from '../../context.ts';
import type { CategoryRow } from '../../models/catalogue.ts';
import { createRowCache, seededId } from '../cached-rows.ts';
import { majority, native } from '../log/collections.ts';

export type Category = Omit<CategoryRow, '_id'> & { id: string };

/** Those of the sibling systems; whom each is routed to is for ADMIN to say. */
const first: readonly Omit<CategoryRow, '_id' | 'archived'>[] = [
  { name: 'TECHNICAL', support_role: 'TECHNICAL' },
  { name: 'BILLING', support_role: 'GENERAL' },
  { name: 'ACCOUNT', support_role: 'GENERAL' },
  { name: 'GENERAL', support_role: 'GENERAL' },
  { name: 'FEATURE_REQUEST', support_role: 'GENERAL' },
  { name: 'OTHER', support_role: 'GENERAL' },
];

export function toCategory({ _id, ...rest }: CategoryRow): Category {
  return { id: _id.toHexString(), ...rest };
}

/** Puts the first rows in where there are none yet. */
export async function seedCategories(ctx: Pick<AppContext, 'db'>): Promise<void> {
  const categories = native(ctx.db.categories);
  if (await categories.findOne({}, { projection: { _id: 1 } })) return;
  await categories.bulkWrite(
    first.map((row) => ({
      updateOne: {
        filter: { name: row.name },
        update: { $setOnInsert: { _id: seededId('category', row.name), ...row, archived: false } },
        upsert: true,
      },
    })),
    { ordered: false },
  );
}

const cache = createRowCache(async (ctx) => {
  const read = () =>
    native(ctx.db.categories).find({}, { readConcern: majority }).sort({ name: 1 }).toArray();
  let rows = await read();
  if (rows.length === 0) {
    await seedCategories(ctx);
    rows = await read();
  }
  return rows.map(toCategory);
});

/**
 * Those of some names that no category has; an archived one has its name, since tickets may be of it.
 * @returns none where there are no categories at all, which is before the first start
 */
export async function listUnknownCategories(
  { db }: Pick<AppContext, 'db'>,
  names: readonly string[],
): Promise<string[]> {
  if (names.length === 0) return [];
  const rows = await native(db.categories)
    .find({}, { readConcern: majority, projection: { name: 1 } })
    .toArray();
  const known = new Set(rows.map(({ name }) => name));
  return known.size === 0 ? [] : names.filter((name) => !known.has(name));
}

/** All of them, archived ones too, by name. */
export const listCategories = cache.list;
/** Has the next list read what has just been changed. */
export const forgetCategories = cache.forget;
