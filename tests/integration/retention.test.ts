import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Types } from 'mongoose';
import type { ErasureView } from '../../src/contract/erasures.ts';
import type { TicketsReportView } from '../../src/contract/reports.ts';
import type { TicketView } from '../../src/contract/tickets.ts';
import { native, oid } from '../../src/domain/log/collections.ts';
import { scheduleWork } from '../../src/domain/schedule.ts';
import { startWorker } from '../../src/worker-role.ts';
import { type RunningApp, startApp, testConfig } from '../support/app.ts';
import { quickLease } from '../support/bridge.ts';
import { withWorker } from '../support/erasure.ts';
import { eventually } from '../support/eventually.ts';
import { newPerson, type Person } from '../support/people.ts';

const DAY = 24 * 3_600_000;
let app: RunningApp;
let root: Person;
let ana: Person;
beforeAll(async () => {
  app = await startApp({ RETENTION_DAYS: '30' });
  root = newPerson(app.url, 'ADMIN');
  ana = newPerson(app.url, 'CUSTOMER');
});
afterAll(() => app.stop());

/** A ticket that ended so many days ago. */
async function endedTicket(days: number): Promise<TicketView> {
  const ticket = await ana.createTicket();
  await ana.close(ticket.id);
  await age(ticket.id, days);
  return ticket;
}
const age = (id: string, days: number) =>
  native(app.ctx.db.tickets).updateOne(
    { _id: oid(id) },
    { $set: { closed_at: Date.now() - days * DAY } },
  );
const left = async () =>
  (await native(app.ctx.db.tickets).find().toArray()).map(({ _id }) => _id.toHexString());
const again = () => scheduleWork(app.ctx, { kind: 'retention', key: '', at: 0 });

test('deletes what ended longer ago, and nothing else; its receipt says why', async () => {
  const old = await endedTicket(31);
  const young = await endedTicket(29);
  const open = await ana.createTicket();
  const reopened = await endedTicket(1);
  await ana.call('POST', `/tickets/${reopened.id}/reopen`, {});
  const report = async () =>
    (await root.call<TicketsReportView>('GET', '/admin/reports/tickets')).body;
  await withWorker(app.ctx, async () => {
    expect((await left()).toSorted()).toEqual([young.id, open.id, reopened.id].toSorted());
    // They are not counted any more.
    expect((await report()).total.count).toBe(3);
  });
  const { body } = await root.call<ErasureView>('GET', `/erasures/${old.id}`);
  expect(body).toMatchObject({
    kind: 'ticket',
    why: 'retention',
    by: { id: 'system', name: 'Deskcord' },
    ticket: { number: old.number },
  });
});

test('a round is bounded, the next one follows, and two workers delete each ticket once', async () => {
  const before = await native(app.ctx.db.erasures).countDocuments();
  const ids: string[] = [];
  for (let nth = 0; nth < 3; nth++) {
    const made = await Promise.all(Array.from({ length: 20 }, () => endedTicket(40)));
    ids.push(...made.map(({ id }) => id));
  }
  await again();
  const workers = [startWorker(app.ctx, quickLease), startWorker(app.ctx, quickLease)];
  try {
    await eventually(
      async () => expect((await left()).filter((id) => ids.includes(id))).toEqual([]),
      { timeout: 60_000 },
    );
  } finally {
    await Promise.all(workers.map((worker) => worker.stop()));
  }
  expect(await native(app.ctx.db.erasures).countDocuments()).toBe(before + ids.length);
  const ends = await app.ctx.db.entries.collection.countDocuments({
    ticket_id: { $in: ids.map(oid) },
    stream: 'public',
    action: 'deleted',
  });
  expect(ends).toBe(ids.length);
}, 90_000);

test('without RETENTION_DAYS nothing is deleted', async () => {
  const old = await endedTicket(4000);
  await again();
  const forever = { ...app.ctx, config: { ...app.ctx.config, retentionDays: 0 } };
  await withWorker(forever, async () => {
    const row = await native(app.ctx.db.due).findOne({ _id: 'retention ' });
    expect(row?.at).toBeGreaterThan(0);
  });
  expect(await left()).toContain(old.id);
});

test('RETENTION_DAYS that ends before a ticket may no longer be reopened is refused at the start', () => {
  expect(() => testConfig({ RETENTION_DAYS: '7' })).toThrow(/RETENTION_DAYS: got "7".*REOPEN_DAYS/);
  expect(() => testConfig({ RETENTION_DAYS: '-1' })).toThrow(/RETENTION_DAYS/);
  expect(testConfig({ RETENTION_DAYS: '8' }).retentionDays).toBe(8);
  expect(testConfig().retentionDays).toBe(0);
});

test('while 500 deleted tickets wait for Discord no more are deleted, and then they are', async () => {
  const old = await endedTicket(40);
  const erasures = app.ctx.db.erasures.collection;
  const some = await erasures.findOne({ kind: 'ticket' });
  const waiting = {
    ...some,
    discord: 'waiting',
    wiped_at: 1,
    done_at: null,
    ticket: { number: -1 },
  };
  await erasures.insertMany(
    Array.from({ length: 500 }, () => ({ ...waiting, _id: new Types.ObjectId() })) as never,
  );
  const at = Date.now();
  await again();
  await withWorker(app.ctx, async () => {
    const row = await native(app.ctx.db.due).findOne({ _id: 'retention ' });
    expect(row?.at).toBeGreaterThan(at + 5 * 60_000);
  });
  expect(await left()).toContain(old.id);
  await erasures.updateOne({ 'ticket.number': -1 }, { $set: { discord: 'done' } });
  await again();
  await withWorker(app.ctx, async () => expect(await left()).not.toContain(old.id));
  await erasures.deleteMany({ 'ticket.number': -1 });
});
