import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { BSON, type Db, type Document, type IndexDescription } from 'mongodb';

const { EJSON } = BSON;
const ENDING = '.ejson.gz';
const INDEXES = 'indexes.json';

/** Indexes of each collection as `listIndexes` tells them, without the one of `_id`. */
export type FixtureIndexes = Record<string, IndexDescription[]>;

/** What a folder of a fixture holds; documents keep their BSON types and the order of their fields. */
export interface Fixture {
  indexes: FixtureIndexes;
  documents: Record<string, Document[]>;
}

/** Without these the driver would make plain numbers of what is stored as a 64-bit one or a double. */
const asStored = {
  promoteValues: false,
  promoteLongs: false,
  promoteBuffers: false,
  bsonRegExp: true,
} as const;

/** Reads every collection of a database, in the order of `_id`. */
export async function readDatabase(db: Db): Promise<Fixture> {
  const found = await db.listCollections({}, { nameOnly: true }).toArray();
  const fixture: Fixture = { indexes: {}, documents: {} };
  for (const name of found.map((one) => one.name).sort()) {
    const collection = db.collection(name);
    const indexes = (await collection.indexes()).filter((index) => index.name !== '_id_');
    fixture.indexes[name] = indexes.map(({ v: _, ...rest }) => rest as IndexDescription);
    fixture.documents[name] = await collection.find({}, asStored).sort({ _id: 1 }).toArray();
  }
  return fixture;
}

/** Canonical extended JSON, one document a line. */
export function toLines(documents: readonly Document[]): string {
  return documents.map((one) => `${EJSON.stringify(one, { relaxed: false })}\n`).join('');
}

/** One SHA-256 over every document of every collection. */
export function hashOf({ documents }: Fixture): string {
  const digest = createHash('sha256');
  for (const name of Object.keys(documents).sort()) {
    digest.update(`${name}\n${toLines(documents[name] ?? [])}`);
  }
  return digest.digest('hex');
}

/** Writes a fixture into an empty folder: a gzipped file for each collection, and its indexes beside. */
export async function writeFixture(fixture: Fixture, folder: string): Promise<void> {
  const zip = promisify(gzip);
  await writeFile(join(folder, INDEXES), `${JSON.stringify(fixture.indexes, null, 1)}\n`);
  for (const [name, documents] of Object.entries(fixture.documents)) {
    await writeFile(join(folder, name + ENDING), await zip(toLines(documents), { level: 9 }));
  }
}

/** Reads what `writeFixture` has written. */
export async function readFixture(folder: string): Promise<Fixture> {
  const unzip = promisify(gunzip);
  const indexes = JSON.parse(await readFile(join(folder, INDEXES), 'utf8')) as FixtureIndexes;
  const fixture: Fixture = { indexes, documents: {} };
  for (const file of (await readdir(folder)).filter((one) => one.endsWith(ENDING)).sort()) {
    const text = (await unzip(await readFile(join(folder, file)))).toString('utf8');
    fixture.documents[file.slice(0, -ENDING.length)] = text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => EJSON.parse(line, { relaxed: false }) as Document);
  }
  return fixture;
}

/**
 * Restores the database of a fixture, files in GridFS included, exactly as it was: every BSON type,
 * the order of fields, empty collections, every index.
 * @throws Error where the database is not empty; nothing is written then
 */
export async function loadFixture(db: Db, folder: string): Promise<Fixture> {
  const there = await db.listCollections({}, { nameOnly: true }).toArray();
  if (there.length > 0) throw new Error(`the database ${db.databaseName} is not empty`);
  const fixture = await readFixture(folder);
  for (const [name, indexes] of Object.entries(fixture.indexes)) {
    const collection = await db.createCollection(name);
    const documents = fixture.documents[name] ?? [];
    if (documents.length > 0) await collection.insertMany(documents);
    if (indexes.length > 0) await collection.createIndexes(indexes);
  }
  return fixture;
}
