import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { CommentView } from '../../src/contract/comments.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { newPerson, type Person } from '../support/people.ts';

let app: RunningApp;
let ana: Person;
let kim: Person;

beforeAll(async () => {
  app = await startApp();
  ana = newPerson(app.url, 'CUSTOMER');
  kim = newPerson(app.url, 'AGENT');
});
afterAll(() => app.stop());

const pathOf = (ticketId: string, query = '') => `/tickets/${ticketId}/comments${query}`;
const add = (person: Person, ticketId: string, content: string, more: object = {}) =>
  person.call<CommentView>('POST', pathOf(ticketId), { content, ...more });
const list = (person: Person, ticketId: string, query = '') =>
  person.call<CommentView[]>('GET', pathOf(ticketId, query));

/** Messages and notes in turn: m0 n0 m1 n1 … */
async function talked(count: number): Promise<string> {
  const { id } = await ana.createTicket();
  for (let i = 0; i < count; i++) {
    await add(ana, id, `m${i}`);
    await add(kim, id, `n${i}`, { internal: true });
  }
  return id;
}

test('when staff read comments, then messages and notes stand in order of time; a customer has no notes', async () => {
  const id = await talked(3);
  const rows = (await list(kim, id)).body;
  expect(rows.map(({ content, is_internal }) => `${content} ${is_internal}`)).toEqual([
    'm0 false',
    'n0 true',
    'm1 false',
    'n1 true',
    'm2 false',
    'n2 true',
  ]);
  const own = await list(ana, id);
  expect(own.body.map(({ content }) => content)).toEqual(['m0', 'm1', 'm2']);
  expect(own.headers.get('link')).toBeNull();
  expect(JSON.stringify(own.body)).not.toContain('n0');
});

test.each([
  ['a customer', () => ana, 5],
  ['staff', () => kim, 10],
])(
  'when %s follows the pages, then each comment comes once, the newest page first',
  async (_who, person, count) => {
    const id = await talked(5);
    const whole = (await list(person(), id)).body.map(({ content }) => content);
    expect(whole).toHaveLength(count);
    let seen: string[] = [];
    let next: string | undefined = '?limit=3';
    while (next) {
      const page: Awaited<ReturnType<typeof list>> = await list(person(), id, next);
      seen = [...page.body.map(({ content }) => content), ...seen];
      next = /comments(\?[^>]+)>; rel="next"/.exec(page.headers.get('link') ?? '')?.[1];
    }
    expect(seen).toEqual(whole);
  },
);

test('when a comment is repeated with its client_id, then there is one', async () => {
  const { id } = await ana.createTicket();
  for (const more of [{}, { internal: true }]) {
    const again = { ...more, client_id: 'once' };
    const [first, second] = [await add(kim, id, 'x', again), await add(kim, id, 'x', again)];
    expect([first.status, second.status]).toEqual([201, 200]);
    expect(second.body.id).toBe(first.body.id);
  }
  expect((await list(kim, id)).body).toHaveLength(2);
});

describe('who may', () => {
  const statusOf = async (person: Person, ticketId: string, internal: boolean) => [
    (await list(person, ticketId)).status,
    (await add(person, ticketId, 'x', { internal })).status,
  ];

  test('own, other’s and missing tickets, of customers and staff', async () => {
    const { id } = await ana.createTicket();
    const ben = newPerson(app.url, 'CUSTOMER');
    const missing = 'f'.repeat(24);
    for (const internal of [false, true]) {
      expect(await statusOf(ana, id, internal)).toEqual([200, internal ? 403 : 201]);
      expect(await statusOf(ben, id, internal)).toEqual([404, 404]);
      expect(await statusOf(ben, missing, internal)).toEqual([404, 404]);
      expect(await statusOf(kim, id, internal)).toEqual([200, 201]);
      expect(await statusOf(kim, missing, internal)).toEqual([404, 404]);
    }
  });

  test('when a ticket has ended, then it takes notes and no messages', async () => {
    const { id } = await ana.createTicket();
    await kim.close(id);
    expect((await add(kim, id, 'x')).status).toBe(409);
    expect((await add(kim, id, 'x', { internal: true })).status).toBe(201);
  });

  test('when a customer asks for a place in the notes, then it is refused', async () => {
    const { id } = await ana.createTicket();
    expect((await list(ana, id, '?before=3.1')).status).toBe(400);
  });
});
