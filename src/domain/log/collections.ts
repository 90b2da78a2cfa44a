import type { Collection, Document } from 'mongodb';
import type { Model } from 'mongoose';
import { unavailable } from '../../errors.ts';

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

export const majority = { level: 'majority' } as const;
