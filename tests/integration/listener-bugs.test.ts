import { afterEach, expect, test } from '@jest/globals';
import { type App, createApp } from '../../src/app.ts';
import type { DomainEvent } from '../../src/domain/events.ts';
import { createReconciliation } from '../../src/domain/log/reconciliation.ts';
import { createLocalBus } from '../../src/infra/bus-local.ts';
import { createLog } from '../../src/infra/log.ts';
import { testConfig } from '../support/app.ts';
import { openTicket } from '../support/bridge.ts';
import { eventually } from '../support/eventually.ts';

const bug = new Error('a bug of a listener');
const fail = () => {
  throw bug;
};
let app: App | undefined;
afterEach(async () => {
  await app?.ctx.db.connection.db?.dropDatabase();
  await app?.close();
  app = undefined;
});

test('a bug in a reconciliation listener is reported, and keeps neither the watermark nor others back', async () => {
  const config = testConfig({ LOG_LEVEL: 'silent' });
  app = createApp(config, createLog(config), config.mongoUri as string);
  await app.ready;
  const { db, log } = app.ctx;
  const reported: unknown[] = [];
  const polls = createReconciliation(db, { intervalMs: 50 }, log, (error) => reported.push(error));
  const heard: string[] = [];
  polls.onChanges(fail);
  polls.onChanges(({ tickets }) => heard.push(...tickets.map(({ id }) => id)));
  const begun = polls.watermarkSince(0);
  const { id } = await openTicket(app.ctx);
  await eventually(() => expect(heard).toContain(id));
  expect(reported).toContain(bug);
  await eventually(() => expect(polls.watermarkSince(0).greaterThan(begun)).toBe(true), {
    timeout: 20_000,
  });
  polls.close();
});

test('a bug in a bus listener is reported, and the others hear the event', () => {
  const reported: unknown[] = [];
  const log = createLog(testConfig({ LOG_LEVEL: 'silent' }));
  const bus = createLocalBus<DomainEvent | string>(log, (error) => reported.push(error));
  const heard: unknown[] = [];
  bus.subscribe(fail);
  bus.subscribe((event) => heard.push(event));
  bus.publish('hello');
  expect([reported, heard]).toEqual([[bug], ['hello']]);
});
