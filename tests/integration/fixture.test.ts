import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Db, MongoClient } from 'mongodb';
import { readExpected } from '../support/fixture-answers.ts';
import { type Fixture, hashOf, loadFixture, readDatabase } from '../support/fixture-database.ts';
import { freshDatabaseName, testMongoUri } from '../support/mongo.ts';

const folderOf = (name: string) => join(import.meta.dirname, '../fixtures', name);

describe.each(['6814949', 'e9d06b5'])('the fixture of %s', (name) => {
  const folder = folderOf(name);
  let client: MongoClient;
  let db: Db;
  let fixture: Fixture;
  let expected: Awaited<ReturnType<typeof readExpected>>;

  beforeAll(async () => {
    client = await new MongoClient(testMongoUri()).connect();
    db = client.db(freshDatabaseName());
    fixture = await loadFixture(db, folder);
    expected = await readExpected(folder);
  });
  afterAll(async () => {
    await db.dropDatabase();
    await client.close();
  });

  test('when the fixture is restored, then every row and index is there as it was', async () => {
    const restored = await readDatabase(db);
    expect(hashOf(restored)).toBe(expected.sha256);
    expect(restored.indexes).toEqual(fixture.indexes);
    for (const [name, rows] of Object.entries(restored.documents)) {
      expect([name, rows.length]).toEqual([name, expected.counts[name]]);
    }
    expect(restored.documents.tickets).toHaveLength(Object.keys(expected.tickets).length);
  });

  test('when the database is not empty, then nothing is restored over it', async () => {
    await expect(loadFixture(db, folder)).rejects.toThrow(/is not empty/);
    expect(hashOf(await readDatabase(db))).toBe(expected.sha256);
  });

  test('when a file of the fixture is read back, then its bytes are those that were shown', async () => {
    for (const [id, sha256] of Object.entries(expected.answers.files)) {
      const chunks = (fixture.documents['files.chunks'] ?? []).filter(
        ({ files_id }) => String(files_id) === id,
      );
      const bytes = Buffer.concat(chunks.sort((a, b) => a.n - b.n).map(({ data }) => data.buffer));
      expect([id, createHash('sha256').update(bytes).digest('hex')]).toEqual([id, sha256]);
    }
  });
});
