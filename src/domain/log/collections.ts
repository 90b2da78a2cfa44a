import type { Collection, Document } from 'mongodb';
import { type Model, Types } from 'mongoose';
import { unavailable } from '../../errors.ts';
import type { Database } from '../../models/database.ts';

/**
 * The native driver's collection behind a model, for the hot paths: no casting, no hydration.
 * @throws AppError SERVICE_UNAVAILABLE before the first connection stands.
 */
export function native<T>(model: Model<T>): Collection<T & Document> {
  const database = model.db.db;
  if (!database) throw unavailable('the database is not reachable yet');
  return database.collection<T & Document>(
    model.collection.collectionName,
  ) as unknown as Collection<T & Document>;
}

/**
 * Runs one command on the database of the models; for what the driver's own helpers cost too much.
 * The driver does not repeat it.
 * @throws AppError SERVICE_UNAVAILABLE before the first connection stands.
 */
export async function runCommand<A>(db: Database, command: Document): Promise<A> {
  const database = db.connection.db;
  if (!database) throw unavailable('the database is not reachable yet');
  return (await database.command(command)) as A;
}

/** An id as it is stored, from its 24 hexadecimal characters. */
export const oid = (id: string) => Types.ObjectId.createFromHexString(id);

export const majority = { level: 'majority' } as const;

/** Of one document: what a majority has now. Costs the primary a round to the others. */
export const linearizable = { level: 'linearizable' } as const;

/** The entries, for reading: the driver's types do not cope with a union of rows. */
export const entryRows = (db: Database) => native(db.entries as never) as unknown as Collection;

/** So many entries, however large, have 11 MB, and one answer of MongoDB's may have 16. */
export const ENTRIES_IN_AN_ANSWER = 500;

type Query = { find: string; filter: Document } | { aggregate: string; pipeline: Document[] };

/**
 * Runs a query whose rows fit into one answer: without the session and the cursor of the driver, which
 * cost more than a few rows do. The caller sees to it that there are no more than `most`.
 */
export async function readAtOnce<R>(
  db: Database,
  query: Query,
  options: Document,
  most: number,
): Promise<R[]> {
  const batch =
    'find' in query
      ? { limit: most, batchSize: most, singleBatch: true }
      : { cursor: { batchSize: most + 1 } };
  const command = { ...query, ...options, ...batch };
  const { cursor } = await runCommand<{ cursor: { firstBatch: R[] } }>(db, command);
  return cursor.firstBatch;
}
