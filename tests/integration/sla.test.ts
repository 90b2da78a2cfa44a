import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { AppContext } from '../../src/context.ts';
import type { DeskEventView, SyncAck } from '../../src/contract/events.ts';
import type { TicketView } from '../../src/contract/tickets.ts';
import { systemActor } from '../../src/domain/access/actor.ts';
import { setCalendar } from '../../src/domain/calendar/calendar.ts';
import { forgetPriorities, listPriorities } from '../../src/domain/priorities/priorities.ts';
import { slaReplanning } from '../../src/domain/sla/replan.ts';
import { planTicket, slaWork } from '../../src/domain/sla/watch.ts';
import { startWorker } from '../../src/worker-role.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { quickLease } from '../support/bridge.ts';
import { eventually } from '../support/eventually.ts';
import { listenAt, newPerson, type Person } from '../support/people.ts';
import { type ServerProcess, spawnServer } from '../support/server-process.ts';
import { laterBy } from '../support/uploads.ts';

const HOUR = 3_600_000;
const noHours = { mon: [], tue: [], wed: [], thu: [], fri: [], sat: [], sun: [] };

let app: RunningApp;
let ctx: AppContext;
let ana: Person;
let kim: Person;
const running: { stop(): Promise<void> }[] = [];

beforeAll(async () => {
  app = await startApp({ SWEEP_INTERVAL_MS: '200' });
  ctx = app.ctx;
  ana = newPerson(app.url);
  kim = newPerson(app.url, 'AGENT');
  await listPriorities(ctx);
  await ctx.db.priorities.collection.insertOne({
    ...{ name: 'QUICK', rank: 50, issue_level: 'CRITICAL', archived: false },
    ...{ first_response_ms: 1500, resolution_ms: 3000 },
  } as never);
  forgetPriorities(ctx);
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((each) => each.stop()));
  await ctx.db.due.collection.deleteMany({});
});
afterAll(() => app.stop());

const read = async (person: Person, id: string) =>
  (await person.call<TicketView>('GET', `/tickets/${id}`)).body;
const post = (person: Person, id: string, verb: string, body?: object) =>
  person.call<TicketView>('POST', `/tickets/${id}/${verb}`, body);

/** All that stands in the internal stream of a ticket. */
async function events(ticketId: string, on = ctx): Promise<DeskEventView[]> {
  const rows = await on.db.entries.collection
    .find({ ticket_id: { $eq: (await rowOf(ticketId, on))?._id }, stream: 'internal' })
    .sort({ seq: 1 })
    .toArray();
  return rows as unknown as DeskEventView[];
}
const rowOf = async (ticketId: string, on = ctx) => {
  const row = await on.store.readTicketRow(ticketId);
  if (!row) throw new Error('no ticket');
  return row;
};
const dueAt = async (ticketId: string) => (await ctx.db.due.findById(`sla ${ticketId}`))?.at;
const kindsOf = async (ticketId: string) =>
  (await events(ticketId)).map((row) => {
    const { action, data } = row as unknown as { action: string; data?: { target: string } };
    return data ? `${action} ${data.target}` : action;
  });

/** What is due of a ticket is looked for so many milliseconds from now, as a worker would. */
async function lookLater(ticketId: string, ms: number) {
  const signal = new AbortController().signal;
  return slaWork.sla?.run(laterBy(ctx, ms), { key: ticketId } as never, signal);
}

describe('the worker', () => {
  test('warns, and says what is broken, once and to staff alone; to a customer nothing betrays it', async () => {
    running.push(startWorker(ctx, quickLease));
    const listeners = await Promise.all(
      [ana, kim].map(async ({ token }) => {
        const listener = listenAt(app.url);
        await listener.ask('authorize', { token });
        return listener;
      }),
    );
    const [hers, his] = listeners as [ReturnType<typeof listenAt>, ReturnType<typeof listenAt>];
    const ticket = await ana.createTicket();
    await his.ask('subscribe', { ticket_id: ticket.id });
    await kim.call('PUT', `/tickets/${ticket.id}/priority`, { priority: 'QUICK' });
    await eventually(() => expect(hers.events('ticket_updated')).toHaveLength(1));
    const packets: string[] = [];
    hers.socket.onAny((...args) => packets.push(JSON.stringify(args)));
    const everything = async () =>
      JSON.stringify([
        await read(ana, ticket.id),
        (await ana.call('GET', '/tickets')).body,
        (await ana.call('GET', `/tickets/${ticket.id}/history`)).body,
        await hers.ask('sync', { ticket_id: ticket.id, after: 0 }),
      ]);
    const before = await everything();

    const due = ticket.created_at + 1500;
    await eventually(() => expect(his.events('desk_event')).toHaveLength(4));
    const said = his.events('desk_event') as DeskEventView[];
    expect(said.map(({ kind, by, seq }) => [kind, by, seq])).toEqual([
      ['sla_warning', null, 1],
      ['sla_breach', null, 2],
      ['sla_warning', null, 3],
      ['sla_breach', null, 4],
    ]);
    expect(said.map(({ data }) => data)).toEqual([
      { target: 'first_response', due },
      { target: 'first_response', due, escalation: [null, 'TECHNICAL'] },
      { target: 'resolution', due: due + 1500 },
      { target: 'resolution', due: due + 1500, escalation: ['TECHNICAL', 'MANAGER'] },
    ]);
    expect(await read(kim, ticket.id)).toMatchObject({
      escalation: 'MANAGER',
      last_internal_seq: 4,
      sla: { first_response: 'breached', resolution: 'breached', paused: false },
    });
    const synced: SyncAck = await his.ask('sync', {
      ...{ ticket_id: ticket.id, after: 0, stream: 'internal' },
    });
    expect(synced.events).toHaveLength(4);

    expect(await everything()).toBe(before);
    expect(before).not.toMatch(/sla|escalat|breach/);
    expect(packets).toEqual([]);
    for (const { socket } of listeners) socket.close();
  }, 60_000);

  test('knows of each open ticket when something is due, and follows whatever moves that', async () => {
    running.push(startWorker(ctx, quickLease));
    const ticket = await ana.createTicket();
    const { created_at: begun } = ticket;
    const isDue = (at: number | undefined) =>
      eventually(async () => expect(await dueAt(ticket.id)).toBe(at));
    await isDue(begun + 6.4 * HOUR);
    await kim.call('PUT', `/tickets/${ticket.id}/priority`, { priority: 'HIGH' });
    await isDue(begun + 3.2 * HOUR);
    await kim.send(ticket.id, 'hello');
    await isDue(begun + 38.4 * HOUR);
    await kim.call('PUT', `/tickets/${ticket.id}/status`, { status: 'WAITING' });
    await isDue(undefined);
    expect(await read(kim, ticket.id)).toMatchObject({
      sla: { paused: true, resolution_due: null, first_response: 'met', resolution: 'running' },
    });
    await ana.send(ticket.id, 'here it is');
    await eventually(async () =>
      expect(await dueAt(ticket.id)).toBeGreaterThan(begun + 38.4 * HOUR),
    );
    await ana.close(ticket.id);
    await isDue(undefined);
    expect(await kindsOf(ticket.id)).toEqual([]);
  }, 60_000);
});

describe('without a worker', () => {
  test('an escalation rises until somebody acknowledges it, which a customer may not', async () => {
    const ticket = await ana.createTicket();
    await lookLater(ticket.id, 8 * HOUR);
    expect(await kindsOf(ticket.id)).toEqual([
      'sla_warning first_response',
      'sla_breach first_response',
    ]);
    await lookLater(ticket.id, 9 * HOUR + 1000);
    expect(await read(kim, ticket.id)).toMatchObject({ escalation: 'MANAGER' });
    expect((await post(ana, ticket.id, 'acknowledge')).status).toBe(403);
    const stranger = newPerson(app.url);
    expect((await post(stranger, ticket.id, 'acknowledge')).status).toBe(404);
    const acknowledged = await post(kim, ticket.id, 'acknowledge');
    expect(acknowledged).toMatchObject({
      status: 200,
      body: { escalation: null, last_internal_seq: 4, last_seq: 0 },
    });
    expect((await post(kim, ticket.id, 'acknowledge')).body.last_internal_seq).toBe(4);
    await lookLater(ticket.id, 90 * HOUR);
    expect(await kindsOf(ticket.id)).toEqual([
      'sla_warning first_response',
      'sla_breach first_response',
      'sla_escalation',
      'acknowledged',
    ]);
    // The next broken promise escalates anew.
    await lookLater(ticket.id, 120 * HOUR + 1000);
    expect(await read(kim, ticket.id)).toMatchObject({ escalation: 'TECHNICAL' });
  });

  test('a ticket that is opened again has a clock, and all that is said of it, anew', async () => {
    const ticket = await ana.createTicket();
    await kim.send(ticket.id, 'hello');
    await lookLater(ticket.id, 121 * HOUR);
    const once = ['sla_warning resolution', 'sla_breach resolution'];
    expect(await kindsOf(ticket.id)).toEqual(once);
    await ana.close(ticket.id);
    await lookLater(ticket.id, 999 * HOUR);
    expect(await kindsOf(ticket.id)).toEqual(once);
    const reopened = await post(kim, ticket.id, 'reopen');
    expect(reopened.body.sla).toMatchObject({ first_response: 'met', resolution: 'running' });
    expect(reopened.body.sla?.resolution_due).toBeGreaterThan(ticket.created_at + 120 * HOUR);
    await lookLater(ticket.id, 121 * HOUR);
    expect(await kindsOf(ticket.id)).toEqual([...once, ...once]);
  });

  test('three that look at once say each thing once', async () => {
    const ticket = await ana.createTicket();
    await Promise.all([1, 2, 3].map(() => lookLater(ticket.id, 8 * HOUR)));
    expect(await kindsOf(ticket.id)).toEqual([
      'sla_warning first_response',
      'sla_breach first_response',
    ]);
  });

  test('lists find what is due and what is broken, the soonest due first', async () => {
    const list = async (query: string) =>
      (await kim.call<TicketView[]>('GET', `/tickets?${query}`)).body.map(({ id }) => id);
    const late = await ana.createTicket();
    const soon = await ana.createTicket();
    await kim.call('PUT', `/tickets/${soon.id}/priority`, { priority: 'HIGH' });
    const user = `user_id=${late.user_id}&sort=sla`;
    for (const { id } of [late, soon]) await planTicket(ctx, id);
    const both = await list(user);
    expect(both.indexOf(soon.id)).toBeLessThan(both.indexOf(late.id));
    await lookLater(soon.id, 3.5 * HOUR);
    expect(await list('sla=due')).toEqual([soon.id]);
    await lookLater(soon.id, 4 * HOUR);
    expect(await list('sla=due')).toEqual([]);
    expect(await list('sla=breached')).toContain(soon.id);
    expect(await list('sla=breached')).not.toContain(late.id);
  });

  test('another calendar plans everything anew, page by page, and goes on where it stood', async () => {
    const ticket = await ana.createTicket();
    await planTicket(ctx, ticket.id);
    expect(await dueAt(ticket.id)).toBe(ticket.created_at + 6.4 * HOUR);
    const signal = new AbortController().signal;
    let data: unknown = {};
    const go = async () => {
      const next = await slaReplanning['sla-replan']?.run(ctx, { data } as never, signal);
      data = next?.data;
      return next?.again;
    };
    for (let again = await go(); again === 0; again = await go());
    expect(data).toEqual({ done: expect.any(String) });
    // Open in an hour of each week alone: what is due is weeks away.
    const calendar = {
      timezone: 'UTC',
      weekly: { ...noHours, mon: [['10:00', '11:00']] },
      holidays: [],
    };
    await setCalendar(ctx, systemActor, calendar as never);
    try {
      // First it waits until every process goes by the new one.
      expect(await go()).toBeGreaterThan(5000);
      expect(await dueAt(ticket.id)).toBe(ticket.created_at + 6.4 * HOUR);
      await go();
      expect(data).toMatchObject({ walking: expect.any(String), after: expect.any(String) });
      expect(await dueAt(ticket.id)).toBeGreaterThan(ticket.created_at + 30 * 24 * HOUR);
      expect(await go()).toBeGreaterThan(0);
      expect(data).toEqual({ done: expect.any(String) });
    } finally {
      await setCalendar(ctx, systemActor, null);
    }
  });
});

test('when the processes that look for it are killed, then each thing is still said once', async () => {
  const env = { DB_NAME: ctx.config.dbName, ROLES: 'server,bot,worker' };
  const workers: ServerProcess[] = [1, 2, 3].map(() => spawnServer(env));
  try {
    await Promise.all(workers.map(({ listening }) => listening));
    const tickets = await Promise.all(Array.from({ length: 20 }, () => ana.createTicket()));
    for (const { id } of tickets) {
      await kim.call('PUT', `/tickets/${id}/priority`, { priority: 'QUICK' });
    }
    const said = async () => (await Promise.all(tickets.map(({ id }) => kindsOf(id)))).flat();
    await eventually(async () => expect((await said()).length).toBeGreaterThan(0), {
      timeout: 60_000,
    });
    await workers[0]?.kill();
    await eventually(async () => expect((await said()).length).toBeGreaterThan(30), {
      timeout: 60_000,
    });
    await workers[1]?.kill();
    const all = ['first_response', 'resolution'].flatMap((target) => [
      `sla_breach ${target}`,
      `sla_warning ${target}`,
    ]);
    await eventually(
      async () => {
        for (const { id } of tickets)
          expect((await kindsOf(id)).toSorted()).toEqual(all.toSorted());
      },
      { timeout: 90_000, every: 500 },
    );
  } finally {
    await Promise.all(workers.map((worker) => worker.kill()));
  }
}, 300_000);
