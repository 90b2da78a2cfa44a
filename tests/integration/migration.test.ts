import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Db, MongoClient } from 'mongodb';
import mongoose from 'mongoose';
import { createApp } from '../../src/app.ts';
import type { AppContext } from '../../src/context.ts';
import { migrateDatabase, SCHEMA_VERSION } from '../../src/domain/migration/migrate.ts';
import { createLog } from '../../src/infra/log.ts';
import { defineModels } from '../../src/models/database.ts';
import { openApp, type RunningApp, startApp, testConfig } from '../support/app.ts';
import { type Answers, collectAnswers, readExpected } from '../support/fixture-answers.ts';
import { hashOf, loadFixture, readDatabase } from '../support/fixture-database.ts';
import { freshDatabaseName, testMongoUri } from '../support/mongo.ts';

const folderOf = (name: string) => join(import.meta.dirname, '../fixtures', name);
/** The first version. */
const folder = folderOf('6814949');
/** The last one before the help desk. */
const beforeDesk = folderOf('e9d06b5');
const versions = [
  ['the first version', folder],
  ['the version before the help desk', beforeDesk],
] as const;
/** Databases that are migrated beside each other. */
const AT_ONCE = 3;
const forever = new AbortController().signal;

let client: MongoClient;
let app: RunningApp;
const databases: Db[] = [];

beforeAll(async () => {
  client = await new MongoClient(testMongoUri()).connect();
  app = await startApp();
});
afterAll(async () => {
  await app.stop();
  for (const db of databases) await db.dropDatabase();
  await client.close();
});

async function restored(from: string = folder): Promise<Db> {
  const db = client.db(freshDatabaseName());
  databases.push(db);
  await loadFixture(db, from);
  return db;
}

/** The context of a program that works on that database. */
async function contextOn(db: Db, overrides: Partial<AppContext> = {}) {
  const connection = await mongoose
    .createConnection(testMongoUri(), { dbName: db.databaseName, autoIndex: false })
    .asPromise();
  const ctx: AppContext = { ...app.ctx, db: defineModels(connection), ...overrides };
  return { ctx, close: () => connection.close() };
}

async function migrated(db: Db) {
  const { ctx, close } = await contextOn(db);
  await migrateDatabase(ctx, forever);
  await close();
}

/** Everything but what differs from run to run: leases. */
async function stateOf(db: Db): Promise<string> {
  const { documents, indexes } = await readDatabase(db);
  const { leases: _, ...rest } = documents;
  return hashOf({ indexes, documents: rest });
}

/** A customer no longer sees the tickets of staff with the same id: they are different people. */
function withSides(answers: Answers): Answers {
  const isStaff = (role: string) => role === 'AGENT' || role === 'ADMIN';
  const lists = answers.lists.map(({ person, tickets }) => ({
    person,
    tickets: tickets.filter(({ user_role }) => isStaff(person.role) || !isStaff(user_role)),
  }));
  return { ...answers, lists };
}

test('when a server starts on the first version’s database, then people see what they saw before', async () => {
  const db = await restored();
  const { answers, people } = await readExpected(folder);
  const server = await startApp({ DB_NAME: db.databaseName });
  expect(await collectAnswers(server.url, people)).toMatchObject(withSides(answers));
  await server.stop();
});

test('when it has run, then entries say what changed, and staff and customers have keys of their own', async () => {
  const db = await restored();
  await migrated(db);
  const entries = await db.collection('entries').find().toArray();
  expect(entries.filter(({ type }) => type === 'status')).toEqual([]);
  const changes = entries.filter(({ type }) => type === 'ticket_change');
  expect(changes.length).toBeGreaterThan(10);
  for (const entry of changes) {
    expect(['closed', 'updated']).toContain(entry.action);
    expect(entry.change).toBeUndefined();
    if (entry.action === 'closed') expect(entry.changes.status).toEqual(['OPEN', 'CLOSED']);
    for (const [name, [, to]] of Object.entries<[unknown, unknown]>(entry.changes)) {
      expect(entry.ticket[name]).toEqual(to);
    }
  }
  for (const { author, of } of entries) {
    for (const one of [author, ...(of ? [of.author] : [])]) {
      const isStaff = one.role === 'AGENT' || one.role === 'ADMIN';
      expect([one.key, one.key.startsWith('staff|')]).toEqual([one.key, isStaff]);
    }
  }
  const tickets = await db.collection('tickets').find().toArray();
  for (const { owner, user_role, partner } of tickets) {
    expect(owner.startsWith('staff|')).toBe(user_role === 'AGENT' || user_role === 'ADMIN');
    expect(partner === null || typeof partner === 'string').toBe(true);
  }
  expect(tickets.some(({ partner }) => partner !== null)).toBe(true);
  const index = (await db.collection('entries').indexes()).find(
    ({ name }) => name === 'entry_client_id',
  );
  expect(Object.keys(index?.key ?? {})).toEqual(['ticket_id', 'stream', 'author.key', 'client_id']);
});

test('when a server starts on a database of the version before the help desk, then nothing is lost, people see what they saw, and tickets have what the desk adds', async () => {
  const db = await restored(beforeDesk);
  const rowsIn = async (name: string) =>
    (await db.collection(name).find().sort({ _id: 1 }).toArray()).map(({ _id, ...row }) => ({
      ...row,
      _id: String(_id),
    }));
  const kept = [
    'entries',
    'mirrors',
    'posts',
    'files.files',
    'files.chunks',
    'stored_files',
    'usage',
  ];
  const before = await Promise.all(kept.map(rowsIn));
  const tickets = await rowsIn('tickets');
  expect(tickets.length).toBeGreaterThan(20);
  const { answers, people } = await readExpected(beforeDesk);
  const server = await startApp({ DB_NAME: db.databaseName });
  expect(await collectAnswers(server.url, people)).toMatchObject(answers);
  expect(await Promise.all(kept.map(rowsIn))).toEqual(before);
  const after = await rowsIn('tickets');
  expect(after).toMatchObject(tickets);
  for (const row of after as Record<string, unknown>[]) {
    const { issue_level, status, status_seq, closed_at } = row;
    const priority = { NORMAL: 'MEDIUM', URGENT: 'HIGH', CRITICAL: 'URGENT' }[String(issue_level)];
    const isClosed = status === 'CLOSED';
    expect(row).toMatchObject({
      ...{ priority, category: null, assignee: null, tags: [], reopened: 0 },
      resolved_at: isClosed ? closed_at : null,
      ending_seq: isClosed ? status_seq : 0,
    });
  }
  expect(await db.collection('priorities').countDocuments()).toBe(4);
  await server.stop();
});

test.each([
  ['the first version', folder, 4],
  ['the version before the help desk', beforeDesk, 2],
] as const)(
  'when it is killed at any point of %s, then the next one ends where one that was not killed does',
  async (_, from, points) => {
    const endOf = async (db: Db) => {
      await migrated(db);
      return stateOf(db);
    };
    const killedAt = async (nth: number) => {
      const db = await restored(from);
      let left = nth;
      const failpoint = () => {
        if (--left === 0) throw new Error('killed');
      };
      const { ctx, close } = await contextOn(db, { failpoint });
      const outcome = await migrateDatabase(ctx, forever).then(
        () => 'done',
        (error: Error) => error.message,
      );
      await close();
      if (outcome === 'done') return outcome;
      expect(outcome).toBe('killed');
      return endOf(db);
    };
    const wanted = restored(from).then(endOf);
    for (let first = 1; ; first += AT_ONCE) {
      const nths = Array.from({ length: AT_ONCE }, (_, n) => first + n);
      const ends = await Promise.all(nths.map(killedAt));
      for (const [index, end] of ends.entries()) {
        const nth = first + index;
        if (end !== 'done') expect([nth, end]).toEqual([nth, await wanted]);
        else expect(nth).toBeGreaterThan(points);
      }
      if (ends.includes('done')) return;
    }
  },
  120_000,
);

test.each(versions)(
  'when several servers start at once on %s, then one migrates and the others wait for it',
  async (_, from) => {
    const db = await restored(from);
    const servers = await Promise.all([1, 2, 3].map(() => openApp({ DB_NAME: db.databaseName })));
    await Promise.all(servers.map(({ ready }) => ready));
    const meta = await db.collection<{ _id: string }>('meta').findOne({ _id: 'schema' });
    expect(meta).toMatchObject({ version: SCHEMA_VERSION });
    for (const server of servers) await server.stopServer();
    for (const server of servers) await server.close();
  },
);

test('when the database is of a newer version, then the program does not start and says so', async () => {
  const db = client.db(freshDatabaseName());
  databases.push(db);
  await db
    .collection<{ _id: string; version: number }>('meta')
    .insertOne({ _id: 'schema', version: SCHEMA_VERSION + 1 });
  const config = testConfig({ DB_NAME: db.databaseName });
  const newer = createApp(config, createLog(config), testMongoUri());
  await expect(newer.ready).rejects.toThrow(/start the newer one/);
  expect(newer.ctx.health.report().status).not.toBe('ok');
  await newer.close();
});
