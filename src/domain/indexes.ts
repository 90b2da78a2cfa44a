import { type IndexDescription, MongoServerError } from 'mongodb';
import { type Model, Types } from 'mongoose';
import type { Database } from '../models/database.ts';
import { DUPLICATE_KEY, NAMESPACE_NOT_FOUND } from './mongo-errors.ts';

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

type Wanted = ReturnType<AnyModel['schema']['indexes']>[number];
type Found = Awaited<ReturnType<AnyModel['collection']['indexes']>>;

async function buildIndexesOf(model: AnyModel): Promise<string[]> {
  const before = await readIndexes(model);
  const missing = model.schema.indexes().filter((one) => complaintOf(before ?? [], one));
  const problems = missing.length > 0 ? await build(model, missing) : [];
  // Transactions want their collections to be there; an index makes its own.
  if (before === undefined && missing.length === 0) await model.createCollection();
  const after = missing.length > 0 ? await readIndexes(model) : before;
  problems.push(...compareIndexes(model, after ?? []));
  await requireWriteRights(model);
  return problems;
}

/** Undefined where there is no such collection yet. */
async function readIndexes({ collection }: AnyModel): Promise<Found | undefined> {
  try {
    return await collection.indexes();
  } catch (error) {
    if (error instanceof MongoServerError && error.code === NAMESPACE_NOT_FOUND) return undefined;
    throw error;
  }
}

/**
 * In one command, which waits for the disk once; one by one where that is refused, since one refusal
 * keeps all of a command from being built.
 * @returns a line for each that is refused
 */
async function build(model: AnyModel, wanted: readonly Wanted[]): Promise<string[]> {
  try {
    const indexes = wanted.map(([key, options]) => ({ ...options, key }) as IndexDescription);
    await model.collection.createIndexes(indexes);
    return [];
  } catch (error) {
    if (!isRefusal(error)) throw error;
    if (wanted.length === 1) return [describeRefusal(model, error)];
  }
  const problems: string[] = [];
  for (const one of wanted) problems.push(...(await build(model, [one])));
  return problems;
}

/** What is wrong with an index as it is found; undefined where all is well. */
function complaintOf(found: Found, [key, options]: Wanted): string | undefined {
  const index = found.find(({ name }) => name === options.name);
  if (!index) return 'is missing';
  if (!same(index.key, key)) return 'has other fields';
  if (Boolean(index.unique) !== Boolean(options.unique)) return 'differs in uniqueness';
  const isSameCover = same(index.partialFilterExpression, options.partialFilterExpression);
  return isSameCover ? undefined : 'covers other documents';
}

function compareIndexes({ collection, schema }: AnyModel, found: Found): string[] {
  return schema.indexes().flatMap((wanted) => {
    const complaint = complaintOf(found, wanted);
    const name = `${collection.collectionName}: index ${String(wanted[1].name)}`;
    return complaint ? [`${name} ${complaint}`] : [];
  });
}
