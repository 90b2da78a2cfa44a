import type { Model } from 'mongoose';
import type { Database } from '../models/database.ts';

type AnyModel = Model<unknown>;

function modelsOf(db: Database): AnyModel[] {
  return Object.values(db.connection.models) as AnyModel[];
}

const same = (a: unknown, b: unknown) => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);

/**
 * Builds what is missing and compares what is there with what the promise needs.
 * @returns one line for every index that is missing or different; empty when all is well
 */
export async function buildIndexes(db: Database): Promise<string[]> {
  const problems: string[] = [];
  for (const model of modelsOf(db)) {
    await model.createCollection();
    await model.createIndexes().catch((error: Error) => {
      problems.push(`${model.collection.collectionName}: ${error.message}`);
    });
    problems.push(...(await compareIndexes(model)));
  }
  return problems;
}

async function compareIndexes(model: AnyModel): Promise<string[]> {
  const { collectionName } = model.collection;
  const found = await model.collection.indexes();
  const problems: string[] = [];
  for (const [key, options] of model.schema.indexes()) {
    const index = found.find(({ name }) => name === options.name);
    const complaint = (what: string) =>
      problems.push(`${collectionName}: index ${String(options.name)} ${what}`);
    if (!index) complaint('is missing');
    else if (!same(index.key, key)) complaint('has other fields');
    else if (Boolean(index.unique) !== Boolean(options.unique)) complaint('differs in uniqueness');
    else if (!same(index.partialFilterExpression, options.partialFilterExpression)) {
      complaint('covers other documents');
    }
  }
  return problems;
}
