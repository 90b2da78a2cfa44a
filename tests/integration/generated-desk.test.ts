import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { generateDesk } from '../../bench/generator/desk.ts';
import { commonWords, languages } from '../../bench/generator/desk-text.ts';
import type { MessageView } from '../../src/contract/messages.ts';
import type { TicketView } from '../../src/contract/tickets.ts';
import { buildIndexes } from '../../src/domain/indexes.ts';
import { entryRows, native } from '../../src/domain/log/collections.ts';
import { type Ticket, toTicket } from '../../src/domain/log/entry.ts';
import { reindexSearch } from '../../src/domain/search/reindex.ts';
import { planTicket } from '../../src/domain/sla/watch.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { newPerson, type Person } from '../support/people.ts';
import { ticketsOfLog } from '../support/report-loops.ts';
import { upTo } from '../support/sound-log.ts';

const TICKETS = 150;

let app: RunningApp;
let agent: Person;
let tickets: Ticket[];
beforeAll(async () => {
  app = await startApp();
  agent = newPerson(app.url, 'ADMIN');
  await generateDesk(app.ctx.db, { tickets: TICKETS, messages: 1000, seed: 3, search: true });
  tickets = (await native(app.ctx.db.tickets).find().toArray()).map(toTicket);
});
afterAll(() => app.stop());

test('has both logs of every ticket without a hole, in the order of time, and tickets as their logs say', async () => {
  const logs = new Map<string, { seq: number; at: number }[]>();
  for await (const row of entryRows(app.ctx.db).find().sort({ seq: 1 })) {
    const { ticket_id, stream, seq, at } = row as never as Record<string, number>;
    const key = `${ticket_id} ${stream}`;
    logs.set(key, [...(logs.get(key) ?? []), { seq: seq as number, at: at as number }]);
  }
  expect(logs.size).toBeGreaterThan(TICKETS);
  for (const entries of logs.values()) {
    expect(entries.map(({ seq }) => seq)).toEqual(upTo(entries.length));
    const times = entries.map(({ at }) => at);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  }
  // What lists find a ticket by is in no entry.
  const bare = ({ sla_state: _, sla_due_at: _due, ...ticket }: Ticket) => ticket;
  const byId = (a: Ticket, b: Ticket) => (a.id < b.id ? -1 : 1);
  const known = (list: Ticket[]) => list.toSorted(byId).map(bare);
  expect(known(await ticketsOfLog(app.ctx.db))).toEqual(known(tickets));
});

test('has something of everything', () => {
  const statuses = new Set(tickets.map(({ status }) => status));
  expect([...statuses]).toEqual(
    expect.arrayContaining(['OPEN', 'IN_PROGRESS', 'CLOSED', 'RESOLVED', 'WITHDRAWN']),
  );
  const has = (what: (ticket: Ticket) => unknown) => tickets.some((ticket) => what(ticket));
  expect(has(({ rating }) => rating)).toBe(true);
  expect(has(({ tags }) => tags.length > 0)).toBe(true);
  expect(has(({ clock }) => clock.paused > 0)).toBe(true);
  expect(has(({ sla_state }) => sla_state === 'breached')).toBe(true);
  expect(new Set(tickets.map(({ priority }) => priority)).size).toBe(4);
});

test('has every index, and the search rows of a reindex', async () => {
  expect(await buildIndexes(app.ctx.db)).toEqual([]);
  const words = async () => {
    const rows = await native(app.ctx.db.search).find().sort({ _id: 1 }).toArray();
    return rows.map(({ _id, words: own }) => [_id, own.toSorted()]);
  };
  const before = await words();
  expect(await reindexSearch(app.ctx, { stop: new AbortController().signal })).toBe(true);
  expect(await words()).toEqual(before);
});

test('has the service levels that the program works out', async () => {
  const read = async () =>
    (await native(app.ctx.db.tickets).find().sort({ _id: 1 }).toArray()).map(
      ({ sla_due_at, sla_told }) => ({ sla_due_at, sla_told }),
    );
  const before = await read();
  for (const { id } of tickets) await planTicket(app.ctx, id);
  expect(await read()).toEqual(before);
  // All of what was to be said was said by then: what is due next was not due a day ago.
  const due = await native(app.ctx.db.due).find({ kind: 'sla' }).toArray();
  const horizon = Math.max(...tickets.map(({ updated_at }) => updated_at)) - 24 * 3_600_000;
  for (const { at } of due) expect(at).toBeGreaterThan(horizon);
});

test('is read, searched and written on like any other', async () => {
  const open = tickets.filter(({ status }) => status === 'IN_PROGRESS').slice(0, 10);
  for (const { id, owner } of open) {
    const { status, body } = await agent.call<TicketView>('GET', `/tickets/${id}`);
    expect([status, body.status]).toEqual([200, 'IN_PROGRESS']);
    const sent = await agent.send(id, 'We are at it.');
    expect([sent.status, sent.body.seq]).toEqual([201, body.last_seq + 1]);
    const list = await agent.call<MessageView[]>(
      'GET',
      `/tickets/${id}/messages?after=0&limit=100`,
    );
    expect(list.body.at(-1)?.seq).toBe(sent.body.seq);
    expect((await agent.call('GET', `/tickets/${id}/notes`)).status).toBe(200);
    expect((await agent.call('GET', `/tickets/${id}/history`)).status).toBe(200);
    const own = newPerson(app.url, 'CUSTOMER', { id: owner });
    expect((await own.call('GET', `/tickets/${id}`)).status).toBe(200);
  }
  for (const language of languages) {
    const q = encodeURIComponent(commonWords[language]);
    const { body } = await agent.call<TicketView[]>('GET', `/tickets?q=${q}`);
    expect([language, body.length > 0]).toEqual([language, true]);
  }
});
