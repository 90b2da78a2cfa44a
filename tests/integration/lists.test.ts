import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { listTicketsQuery } from '../../src/contract/ticket-lists.ts';
import { issueLevels, supportRoles, ticketStatuses } from '../../src/contract/ticket-words.ts';
import type { TicketView } from '../../src/contract/tickets.ts';
import type { Actor } from '../../src/domain/access/actor.ts';
import { listTickets } from '../../src/domain/tickets/list.ts';
import type { TicketRow } from '../../src/models/ticket.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { examinedBy } from '../support/examined.ts';
import { insertTickets } from '../support/generated-tickets.ts';
import { newPerson } from '../support/people.ts';
import { seededRandom } from '../support/random.ts';

const TICKETS = 3000;
const HOUR = 3_600_000;

const owner: Actor = {
  key: 'owner-3',
  id: 'owner-3',
  username: 'Ana',
  email: null,
  role: 'CUSTOMER',
  origin: 'web',
};
const kim: Actor = { ...owner, key: 'staff||kim', id: 'kim', username: 'Kim', role: 'AGENT' };

let app: RunningApp;
let rows: TicketRow[];

beforeAll(async () => {
  app = await startApp();
  rows = await insertTickets(app.ctx, TICKETS);
});
afterAll(() => app.stop());

const ended = ['CLOSED', 'REJECTED', 'WITHDRAWN'];
const ranks: Record<string, number> = { LOW: 10, MEDIUM: 20, HIGH: 30, URGENT: 40 };
type Query = Record<string, string>;

/** The rule of the lists as a plain loop. */
function matches(row: TicketRow, actor: Actor, query: Query): boolean {
  if (actor === owner && row.owner !== owner.key) return false;
  const { status, assigned_to: assigned } = query;
  const untaken = ['NEW', 'OPEN'].includes(row.status) && row.assigned_to === null;
  if (status === 'open' && ended.includes(row.status)) return false;
  if (status === 'new' && !untaken) return false;
  if (status && !['open', 'new'].includes(status) && row.status !== status) return false;
  if (assigned === 'none' && row.assigned_to !== null) return false;
  if (assigned === 'me' && row.assignee?.key !== actor.key) return false;
  if (assigned && !['none', 'me'].includes(assigned) && row.assigned_to !== assigned) return false;
  const plain = ['issue_level', 'support_role', 'priority', 'category', 'user_id'] as const;
  if (plain.some((name) => query[name] !== undefined && row[name] !== query[name])) return false;
  if (query.tag && !row.tags.includes(query.tag)) return false;
  if (query.sla && row.sla_state !== query.sla) return false;
  if (query.sort === 'sla' && !row.sla_due_at) return false;
  const times = ['created', 'updated', 'closed'] as const;
  return times.every((name) => {
    const from = Number(query[`${name}_from`] ?? 0);
    const to = Number(query[`${name}_to`] ?? Number.MAX_SAFE_INTEGER);
    const isAsked = `${name}_from` in query || `${name}_to` in query;
    const at = row[`${name}_at`];
    return !isAsked || (at !== null && at >= from && at <= to);
  });
}

function expectedIds(actor: Actor, query: Query): string[] {
  const { sort, order = sort === 'sla' ? 'asc' : 'desc' } = query;
  const direction = order === 'asc' ? 1 : -1;
  const byId = (a: TicketRow, b: TicketRow) => (a.number - b.number) * direction;
  const value = (row: TicketRow) =>
    query.sort === 'priority'
      ? (ranks[row.priority] ?? 0)
      : ((sort === 'sla' ? row.sla_due_at : row.updated_at) ?? 0);
  const found = rows.filter((row) => matches(row, actor, query));
  found.sort((a, b) => {
    if (query.sort === 'priority') return (value(a) - value(b)) * direction || b.number - a.number;
    return query.sort === 'updated_at' || sort === 'sla'
      ? (value(a) - value(b)) * direction || byId(a, b)
      : byId(a, b);
  });
  return found.map(({ _id }) => _id.toHexString());
}

const run = (actor: Actor, query: Query) =>
  listTickets(app.ctx, actor, listTicketsQuery.parse(query));
const idsOf = (tickets: TicketView[]) => tickets.map(({ id }) => id);

/** Queries of a few fields at random, for whoever may ask them. */
function randomQueries(actor: Actor, count: number): Query[] {
  const random = seededRandom(actor === kim ? 5 : 6);
  const pick = (values: readonly string[]) =>
    values[Math.floor(random() * values.length)] as string;
  const { updated_at: at } = rows[Math.floor(TICKETS / 2)] as TicketRow;
  const fields: Record<string, () => string> = {
    status: () => pick([...ticketStatuses, 'open', 'new']),
    issue_level: () => pick(issueLevels),
    support_role: () => pick(supportRoles),
    priority: () => pick(['LOW', 'MEDIUM', 'HIGH', 'URGENT']),
    category: () => pick(['TECHNICAL', 'BILLING', 'OTHER']),
    assigned_to: () => (actor === kim ? pick(['me', 'none', 'lee']) : 'none'),
    user_id: () => pick(['owner-3', 'owner-4']),
    ...(actor === kim && {
      tag: () => pick(['vip', 'bug', 'unknown']),
      sla: () => pick(['due', 'breached']),
    }),
    created_from: () => String(at - pick(['1', '10', '20']).length * 5 * HOUR),
    created_to: () => String(at + 5 * HOUR),
    updated_from: () => String(at - 5 * HOUR),
    updated_to: () => String(at + 7 * HOUR),
    // Of a few hours, and of all time.
    closed_from: () => pick(['1', String(at - 20 * HOUR)]),
    closed_to: () => String(at + 10 * HOUR),
  };
  return Array.from({ length: count }, () => {
    const names = Object.keys(fields).filter(() => random() < 0.2);
    const query = Object.fromEntries(names.map((name) => [name, (fields[name] as () => string)()]));
    const sort = pick(['', 'created_at', 'updated_at', 'priority', actor === kim ? 'sla' : '']);
    return { ...query, ...(sort && { sort }), ...(random() < 0.4 && { order: 'asc' }) };
  });
}

describe.each([
  ['staff', kim],
  ['a customer', owner],
])('the lists of %s', (_who, actor) => {
  test('when they are filtered and sorted by anything, then they hold what a loop over all finds', async () => {
    for (const query of randomQueries(actor, 120)) {
      const expected = expectedIds(actor, query);
      const { tickets, next } = await run(actor, query);
      expect({ query, ids: idsOf(tickets) }).toEqual({ query, ids: expected.slice(0, 100) });
      expect(next === undefined).toBe(expected.length <= 100);
    }
  }, 120_000);

  test('when they are followed by cursor or by page, then each ticket comes once, in order', async () => {
    for (const query of randomQueries(actor, 12)) {
      const expected = expectedIds(actor, query).slice(0, 200);
      const seen: string[] = [];
      let before: string | undefined;
      do {
        const page = await run(actor, { ...query, limit: '40', ...(before && { before }) });
        seen.push(...idsOf(page.tickets));
        const { id, value } = page.next ?? {};
        before = id && (value === undefined ? id : `${id}.${value}`);
      } while (before && seen.length < expected.length);
      expect(seen.slice(0, 200)).toEqual(expected);
      const total = expectedIds(actor, query).length;
      const second = await run(actor, { ...query, page: '2' });
      expect(second.total).toBe(total);
      expect(idsOf(second.tickets)).toEqual(expected.slice(20, 40));
    }
  }, 120_000);

  test('when anything is asked, then it goes by an index and reads no rows but those it shows', async () => {
    for (const query of randomQueries(actor, 60)) {
      const cost = await examinedBy(app.ctx, () => run(actor, { ...query, limit: '10' }));
      expect(cost.plans.filter((plan) => plan.includes('COLLSCAN'))).toEqual([]);
      // A user's tickets, a tag's and a customer's own are narrowed row by row; where nobody has them,
      // each of the merged scans looks at its first row.
      const isNarrow = actor === owner || 'tag' in query || 'user_id' in query;
      const most = isNarrow ? 1500 : 200;
      expect({ query, rows: Math.max(cost.rows, most) }).toEqual({ query, rows: most });
      expect({ query, keys: cost.keys <= TICKETS + 600 }).toEqual({ query, keys: true });
    }
  }, 120_000);
});

test('when only some are shown to an agent, then lists, counts and filters hold those alone', async () => {
  const settings = { ...app.ctx.config, agentSees: 'assigned' as const };
  const ctx = { ...app.ctx, config: settings };
  const own = rows.filter(({ assignee }) => assignee?.key === kim.key).length;
  expect(await listTickets(ctx, kim, { page: 1 })).toMatchObject({ total: own });
  expect(await listTickets(ctx, kim, { page: 1, assigned_to: 'lee' })).toMatchObject({ total: 0 });
  expect(await listTickets(ctx, kim, { page: 1, status: 'new' })).toMatchObject({ total: 0 });
});

describe('over REST', () => {
  test('when statuses and words come in any form, then they mean the same', async () => {
    const lee = newPerson(app.url, 'AGENT', { id: 'lee' });
    const count = async (query: string) => {
      const { status, headers } = await lee.call('GET', `/tickets?page=1&limit=1&${query}`);
      expect(status).toBe(200);
      return Number(headers.get('x-total-count'));
    };
    const of = (query: Query) => expectedIds(kim, query).length;
    expect(await count('status=on%20hold')).toBe(of({ status: 'WAITING' }));
    expect(await count('status=in-progress')).toBe(of({ status: 'IN_PROGRESS' }));
    expect(await count('status=Open')).toBe(of({ status: 'OPEN' }));
    expect(await count('priority=critical')).toBe(of({ priority: 'URGENT' }));
    expect(await count('category=billing&issue_level=normal')).toBe(
      of({ category: 'BILLING', issue_level: 'NORMAL' }),
    );
    const { created_at: at } = rows[1500] as TicketRow;
    const iso = new Date(at).toISOString();
    expect(await count(`created_from=${iso}`)).toBe(of({ created_from: String(at) }));
    const day = iso.slice(0, 10);
    const end = String(Date.parse(day) + 24 * HOUR - 1);
    expect(await count(`created_from=${day}&created_to=${day}`)).toBe(
      of({ created_from: String(Date.parse(day)), created_to: end }),
    );
  });

  test('when the lists with names are asked for, then each holds its own, trailing slash or not', async () => {
    const lee = newPerson(app.url, 'AGENT', { id: 'lee' });
    const count = async (path: string) =>
      Number((await lee.call('GET', path)).headers.get('x-total-count'));
    const of = (query: Query) => expectedIds(kim, query).length;
    expect(await count('/tickets/new?page=1')).toBe(of({ status: 'new' }));
    expect(await count('/tickets/new/?page=1&category=billing')).toBe(
      of({ status: 'new', category: 'BILLING' }),
    );
    expect(await count('/tickets/open/?page=1')).toBe(of({ status: 'open' }));
    expect(await count('/tickets/open?page=1&status=CLOSED')).toBe(0);
    expect(await count('/tickets/my-tickets?page=1')).toBe(of({ assigned_to: 'lee' }));
    const own = newPerson(app.url, 'CUSTOMER', { id: 'owner-3' });
    const mine = await own.call('GET', '/tickets/my-tickets?page=1');
    expect(Number(mine.headers.get('x-total-count'))).toBe(expectedIds(owner, {}).length);
  });

  test('when a list is read by pages, then Link names the first, previous, next and last', async () => {
    const lee = newPerson(app.url, 'AGENT', { id: 'lee' });
    const { headers } = await lee.call('GET', '/tickets?page=2&limit=100');
    expect(headers.get('x-total-count')).toBe(String(TICKETS));
    const links = [...(headers.get('link') ?? '').matchAll(/page=(\d+)[^>]*>; rel="(\w+)"/g)];
    expect(links.map(([, page, rel]) => `${rel} ${page}`)).toEqual([
      'first 1',
      'prev 1',
      'next 3',
      `last ${TICKETS / 100}`,
    ]);
  });

  test.each([
    ['tag=vip', 'tag', 'staff_only'],
    ['assigned_to=lee', 'assigned_to', 'staff_only'],
    ['assigned_to=me', 'assigned_to', 'staff_only'],
    ['sort=sla', 'sort', 'staff_only'],
    ['sla=breached', 'sla', 'staff_only'],
    ['sort=tags', 'sort', 'invalid_value'],
    ['status=lost', 'status', 'invalid_value'],
    ['page=0', 'page', 'too_short'],
    ['page=1001', 'page', 'too_long'],
    ['created_from=yesterday', 'created_from', 'invalid_union'],
    ['q=parcel&page=1', 'q', 'conflict'],
    ['q=parcel&sort=priority', 'q', 'conflict'],
    ['customer_id=ffffffffffffffffffffffff', 'customer_id', 'staff_only'],
    [`page=2&before=${'0'.repeat(24)}`, 'before', 'conflict'],
    [`sort=updated_at&before=${'0'.repeat(24)}`, 'before', 'conflict'],
    [`before=${'0'.repeat(24)}.5`, 'before', 'conflict'],
  ])('when a customer asks for %s, then it is refused', async (query, location, type) => {
    const own = newPerson(app.url, 'CUSTOMER', { id: 'owner-3' });
    for (const path of ['/tickets', '/tickets/new', '/tickets/open', '/tickets/my-tickets']) {
      expect(await own.call('GET', `${path}?${query}`)).toMatchObject({
        status: 400,
        body: { error: 'BAD_REQUEST', errors: [{ location, type, in: 'query' }] },
      });
    }
  });
});

describe('where new tickets wait for approval', () => {
  test('when new ones are asked for, then status=new is the status, and the list has untaken ones too', async () => {
    const ctx = { ...app.ctx, config: { ...app.ctx.config, requireApproval: true } };
    const total = async (only?: 'untaken') =>
      (await listTickets(ctx, kim, { page: 1, ...(!only && { status: 'new' as const }) }, only))
        .total;
    expect(await total()).toBe(expectedIds(kim, { status: 'NEW' }).length);
    expect(await total('untaken')).toBe(expectedIds(kim, { status: 'new' }).length);
  });
});
