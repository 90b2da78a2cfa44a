import { MongoServerError } from 'mongodb';
import { type Model, Types } from 'mongoose';
import type { Database } from '../models/database.ts';
import { DUPLICATE_KEY } from './mongo-errors.ts';

type AnyModel = Model<unknown>;

/** The id of no document: none is made in 1970. */
const NOWHERE = new Types.ObjectId('000000000000000000000000');

function modelsOf(db: Database): AnyModel[] {
  return Object.values(db.connection.models) as AnyModel[];
}

const same = (a: unknown, b: unknown) => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);

const refusals: Record<number, string> = {
  [DUPLICATE_KEY]: 'cannot be built: stored documents are doubles by it',
  85: 'cannot be built: another index of other options is in its place',
  86: 'cannot be built: another index has its name',
};

/** True where what is stored is in the way; anything else, such as a lost connection, is tried again. */
function isRefusal(error: unknown): error is MongoServerError {
  return error instanceof MongoServerError && Number(error.code) in refusals;
}

/** Without what MongoDB quotes, which may be somebody's data. */
function describeRefusal({ collection, schema }: AnyModel, error: MongoServerError): string {
  const names = schema.indexes().map(([, options]) => String(options.name));
  const name = names.find((one) => new RegExp(`\\b${one}\\b`).test(error.message)) ?? 'of it';
  return `${collection.collectionName}: index ${name} ${refusals[Number(error.code)]}`;
}

/** Writes nothing, and is refused all the same where writing would be. */
async function requireWriteRights(model: AnyModel): Promise<void> {
  await model.collection.updateOne({ _id: NOWHERE }, { $unset: { nothing: 1 } });
  await model.collection.deleteOne({ _id: NOWHERE });
}

/**
 * Builds what is missing and compares what is there with what the promise needs.
 * @returns one line for every index that is missing or different; empty when all is well
 * @throws what MongoDB answers while it is away or its user lacks rights
 */
export async function buildIndexes(db: Database): Promise<string[]> {
  // Side by side: each waits for the disk more than for anything else.
  const problems = await Promise.all(modelsOf(db).map(buildIndexesOf));
  return problems.flat();
}

async function buildIndexesOf(model: AnyModel): Promise<string[]> {
  const problems: string[] = [];
  await model.createCollection();
  await model.createIndexes().catch((error: unknown) => {
    if (!isRefusal(error)) throw error;
    problems.push(describeRefusal(model, error));
  });
  problems.push(...(await compareIndexes(model)));
  await requireWriteRights(model);
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
