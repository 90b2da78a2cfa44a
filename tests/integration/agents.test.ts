import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { AgentView } from '../../src/contract/agents.ts';
import type { TicketView } from '../../src/contract/tickets.ts';
import { findAgent, listPresentAgents } from '../../src/domain/agents/agents.ts';
import { createPresence } from '../../src/domain/agents/presence.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { eventually } from '../support/eventually.ts';
import { type Listener, listenAt, newPerson, type Person } from '../support/people.ts';

let app: RunningApp;
let other: RunningApp;
const sockets: Listener[] = [];
beforeAll(async () => {
  app = await startApp();
  other = await startApp({ DB_NAME: app.ctx.config.dbName });
});
afterAll(async () => {
  for (const { socket } of sockets) socket.disconnect();
  await other.stop();
  await app.stop();
});

const nowhere = '0123456789abcdef01234567';

async function listen(url: string, { token }: Person): Promise<Listener> {
  const listener = listenAt(url, { auth: { token } });
  sockets.push(listener);
  await eventually(() => expect(listener.events('authorized')).toHaveLength(1));
  return listener;
}

async function agentOf({ id, call }: Person): Promise<AgentView | undefined> {
  const { body } = await call<AgentView[]>('GET', '/agents?limit=100');
  return body.find(({ user_id }) => user_id === id);
}

/** The agent's row, once it is there. */
const knownAgent = (person: Person) =>
  eventually(async () => {
    const agent = await agentOf(person);
    if (!agent) throw new Error('the agent is not known yet');
    return agent;
  });

const presenceIs = (person: Person, presence: string) =>
  eventually(async () => expect(await agentOf(person)).toMatchObject({ presence }));

/** A new ticket that somebody has taken. */
async function claimedBy({ call }: Person): Promise<TicketView> {
  const ticket = await newPerson(app.url, 'CUSTOMER').createTicket();
  expect(await call('POST', `/tickets/${ticket.id}/claim`)).toMatchObject({ status: 200 });
  return ticket;
}

test('somebody of the staff becomes known by the first request, with the name and role of the token', async () => {
  const kim = newPerson(app.url, 'AGENT', { username: 'Kim', iss: 'shop' });
  expect(await knownAgent(kim)).toMatchObject({
    ...{ name: 'Kim', role: 'AGENT', presence: 'offline', open_tickets: 0, skills: [] },
    ...{ user_id: kim.id, partner: 'shop', discord_id: null },
  });
  const promoted = newPerson(app.url, 'ADMIN', { id: kim.id, username: 'Kim B', iss: 'shop' });
  await promoted.call('GET', '/tickets');
  await eventually(async () =>
    expect(await agentOf(promoted)).toMatchObject({ name: 'Kim B', role: 'ADMIN' }),
  );
  const { body } = await promoted.call<AgentView[]>('GET', '/users/agents/list?limit=100');
  expect(body.filter(({ user_id }) => user_id === kim.id)).toHaveLength(1);
});

test('being seen is written once, however often and on however many nodes at once', async () => {
  const kim = newPerson(app.url, 'AGENT');
  const elsewhere = newPerson(other.url, 'AGENT', { id: kim.id });
  await Promise.all(
    [kim, elsewhere].flatMap((person) =>
      Array.from({ length: 10 }, () => person.call('GET', '/tickets?limit=1')),
    ),
  );
  await knownAgent(kim);
  const { db } = app.ctx.db.connection;
  await db?.command({ profile: 2 });
  for (let nth = 0; nth < 5; nth++) await kim.call('GET', '/tickets?limit=1');
  await db?.command({ profile: 0 });
  const ns = `${db?.databaseName}.agents`;
  expect(await db?.collection('system.profile').find({ ns }).toArray()).toEqual([]);
  expect(await app.ctx.db.agents.countDocuments({ 'web.id': kim.id })).toBe(1);
});

test('customers neither become agents nor see any', async () => {
  const ana = newPerson(app.url, 'CUSTOMER');
  const calls: [string, string, object?][] = [
    ['GET', '/agents'],
    ['GET', '/users/agents/list'],
    ['PATCH', '/agents/me', { away: true }],
    ['POST', '/agents/me/link'],
    ['DELETE', '/agents/me/link'],
    ['GET', '/agents/me/tickets'],
    ['GET', `/agents/${nowhere}/tickets`],
  ];
  for (const [method, path, body] of calls) {
    const { status } = await ana.call(method, path, body);
    expect([method, path, status]).toEqual([method, path, 403]);
  }
  expect(await app.ctx.db.agents.countDocuments({ 'web.id': ana.id })).toBe(0);
});

describe('presence', () => {
  test('is online while a socket is open on any node, and away by one’s own word', async () => {
    const kim = newPerson(app.url, 'AGENT');
    await knownAgent(kim);
    const first = await listen(app.url, kim);
    const second = await listen(other.url, kim);
    await presenceIs(kim, 'online');
    expect(await kim.call('PATCH', '/agents/me', { away: true })).toMatchObject({
      status: 200,
      body: { presence: 'away' },
    });
    expect((await kim.call<AgentView>('PATCH', '/agents/me', { away: false })).body.presence).toBe(
      'online',
    );
    first.socket.disconnect();
    const keys = async () => [...(await app.ctx.desk.presence.read())];
    await eventually(async () => {
      const rows = await app.ctx.db.presence.find({ keys: `staff||${kim.id}` }).lean();
      expect(rows).toHaveLength(1);
    });
    expect(await keys()).toContain(`staff||${kim.id}`);
    expect(await agentOf(kim)).toMatchObject({ presence: 'online' });
    second.socket.disconnect();
    await presenceIs(kim, 'offline');
  });

  test('is not that of a socket whose owner has become a customer', async () => {
    const kim = newPerson(app.url, 'AGENT');
    const boss = newPerson(app.url, 'ADMIN');
    const { ask } = await listen(app.url, kim);
    const seen = async () => {
      const { body } = await boss.call<AgentView[]>('GET', '/agents?limit=100');
      return body.find(({ user_id }) => user_id === kim.id)?.presence;
    };
    await eventually(async () => expect(await seen()).toBe('online'));
    const demoted = newPerson(app.url, 'CUSTOMER', { id: kim.id });
    expect(await ask('authorize', { token: demoted.token })).toMatchObject({ ok: true });
    await eventually(async () => expect(await seen()).toBe('offline'));
  });

  test('of a process that says nothing any more ends by itself', async () => {
    const { db, clock, log } = app.ctx;
    // One that is killed beats no more, and takes nothing back.
    const times = { beatMs: 60_000, ttlMs: 1500, settleMs: 1 };
    const dying = createPresence({ db, clock, log }, times);
    dying.open('staff||doomed');
    const beating = createPresence({ db, clock, log }, { ...times, beatMs: 100 });
    beating.open('staff||alive');
    const present = async () =>
      [...(await app.ctx.desk.presence.read())].filter((key) => /doomed|alive/.test(key)).sort();
    await eventually(async () =>
      expect(await present()).toEqual(['staff||alive', 'staff||doomed']),
    );
    await eventually(async () => expect(await present()).toEqual(['staff||alive']));
    await beating.close();
    expect(await present()).toEqual([]);
    await dying.close();
  });
});

describe('what somebody says of themselves', () => {
  test('skills and name are theirs until they take them back', async () => {
    const kim = newPerson(app.url, 'AGENT', { username: 'Kim' });
    const change = (body: object) => kim.call<AgentView>('PATCH', '/agents/me', body);
    const skills = ['TECHNICAL', 'GENERAL', 'TECHNICAL'];
    expect((await change({ skills, name: ' Kimberly ' })).body).toMatchObject({
      name: 'Kimberly',
      skills: ['TECHNICAL', 'GENERAL'],
    });
    expect((await change({ skills: null, name: null })).body).toMatchObject({
      name: 'Kim',
      skills: [],
    });
  });

  test.each([
    ['body', {}],
    ['skills.0', { skills: ['COOKING'] }],
    ['away', { away: 'yes' }],
    ['name', { name: 'x'.repeat(101) }],
  ])('a wrong %s is refused', async (location, body) => {
    const kim = newPerson(app.url, 'AGENT');
    const refused = await kim.call('PATCH', '/agents/me', body);
    expect(refused).toMatchObject({ status: 400, body: { errors: [{ location }] } });
  });
});

describe('tickets of an agent', () => {
  test('are listed newest first, in pages, by id and for oneself, and counted while they are open', async () => {
    const kim = newPerson(app.url, 'AGENT');
    const agent = await knownAgent(kim);
    const tickets: string[] = [];
    for (let nth = 0; nth < 3; nth++) tickets.unshift((await claimedBy(kim)).id);
    expect(await agentOf(kim)).toMatchObject({ open_tickets: 3 });
    const list = async (path: string) => {
      const { body, headers } = await kim.call<TicketView[]>('GET', `/agents/${path}`);
      return { ids: body.map(({ id }) => id), link: headers.get('link') };
    };
    expect((await list('me/tickets')).ids).toEqual(tickets);
    const first = await list(`${agent.id}/tickets?limit=2`);
    expect(first).toMatchObject({
      ids: tickets.slice(0, 2),
      link: expect.stringContaining('rel="next"'),
    });
    expect(await list(`${agent.id}/tickets?limit=2&before=${tickets[1]}`)).toEqual({
      ids: tickets.slice(2),
      link: null,
    });
    await kim.close(tickets[0] as string);
    expect((await list('me/tickets?status=open')).ids).toEqual(tickets.slice(1));
    expect((await list('me/tickets')).ids).toEqual(tickets);
    expect(await agentOf(kim)).toMatchObject({ open_tickets: 2 });
    for (const id of [nowhere, 'x']) {
      expect(await kim.call('GET', `/agents/${id}/tickets`)).toMatchObject({ status: 404 });
    }
  });
});

describe('for automatic assignment', () => {
  test('those present come with the fewest open tickets first, where their skills fit', async () => {
    const [busy, idle, technical, away, gone] = [1, 2, 3, 4, 5].map(() =>
      newPerson(app.url, 'AGENT'),
    ) as [Person, Person, Person, Person, Person];
    for (const person of [busy, idle, technical, away]) await listen(app.url, person);
    await technical.call('PATCH', '/agents/me', { skills: ['TECHNICAL'] });
    await away.call('PATCH', '/agents/me', { away: true });
    await gone.call('PATCH', '/agents/me', { away: false });
    await claimedBy(busy);
    for (const person of [busy, idle, technical]) await presenceIs(person, 'online');
    const present = async (role: 'GENERAL' | 'TECHNICAL') =>
      (await listPresentAgents(app.ctx, role))
        .map(({ keys, open_tickets }) => `${keys[0]?.split('|').at(-1)} ${open_tickets}`)
        .filter((line) =>
          [busy, idle, technical, away, gone].some(({ id }) => line.startsWith(`${id} `)),
        );
    expect(await present('GENERAL')).toEqual([`${idle.id} 0`, `${busy.id} 1`]);
    expect(await present('TECHNICAL')).toEqual([
      `${idle.id} 0`,
      `${technical.id} 0`,
      `${busy.id} 1`,
    ]);
  });

  test('an agent is found by the id of a token; of several, the one of the same issuer', async () => {
    const kim = newPerson(app.url, 'AGENT', { username: 'Kim' });
    const agent = await knownAgent(kim);
    const found = { id: kim.id, key: `staff||${kim.id}`, name: 'Kim', role: 'AGENT' };
    expect(agent.id).toBe(kim.id);
    expect(await findAgent(app.ctx, kim.id, 'elsewhere')).toMatchObject(found);
    const namesake = newPerson(app.url, 'AGENT', { id: kim.id, iss: 'elsewhere' });
    await namesake.call('PATCH', '/agents/me', { name: 'Other' });
    expect(await findAgent(app.ctx, kim.id)).toMatchObject(found);
    expect(await findAgent(app.ctx, kim.id, 'elsewhere')).toMatchObject({ name: 'Other' });
    expect(await findAgent(app.ctx, kim.id, 'a third')).toBeUndefined();
    expect(await findAgent(app.ctx, nowhere)).toBeUndefined();
  });
});
