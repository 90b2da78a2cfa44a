import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { clientEvents } from '../../src/contract/events.ts';
import type { MessageView } from '../../src/contract/messages.ts';
import type { TicketView } from '../../src/contract/tickets.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { type Listener, listenAt, newPerson, type Person } from '../support/people.ts';

const seed = 20_260_102;
let app: RunningApp;
let ana: Person;
let kim: Person;
let ticket: TicketView;
let message: MessageView;
let socket: Listener;
let staffSocket: Listener;

beforeAll(async () => {
  app = await startApp({ LOG_LEVEL: 'silent' });
  ana = newPerson(app.url, 'CUSTOMER');
  kim = newPerson(app.url, 'AGENT');
  ticket = await ana.createTicket();
  message = (await ana.send(ticket.id, 'as it was')).body;
  socket = listenAt(app.url);
  await socket.ask('authorize', { token: ana.token });
  staffSocket = listenAt(app.url);
  await staffSocket.ask('authorize', { token: kim.token });
});
afterAll(async () => {
  socket.socket.close();
  staffSocket.socket.close();
  await app.stop();
});

/** All that is stored, but how often somebody asked. */
async function readDatabase(): Promise<Record<string, unknown[]>> {
  const { db } = app.ctx.db.connection;
  const names = [
    'entries',
    'tickets',
    'counters',
    'files.files',
    'files.chunks',
    'posts',
    'leases',
  ];
  const all = await Promise.all(
    names.map(async (name) => [name, await db?.collection(name).find().toArray()] as const),
  );
  return Object.fromEntries(all) as Record<string, unknown[]>;
}

const oddKey = fc.constantFrom(
  '__proto__',
  'constructor',
  'toString',
  '$ne',
  '$gt',
  '$where',
  '$set',
  'a.b',
  '',
  '\u0000',
  'content',
);
/** What no schema takes as text: wrong types, operators, deep nesting, huge numbers. */
const odd = fc.oneof(
  fc.constantFrom(null, true, false, 0, -1, 1e308, 1.5, Number.MAX_SAFE_INTEGER, [], {}, [[]]),
  fc.constantFrom(
    { $ne: null },
    { $gt: '' },
    { $where: 'sleep(1000)' },
    { $in: [1] },
    { $regex: '.*' },
  ),
  fc.dictionary(oddKey, fc.anything({ maxDepth: 2 }), { maxKeys: 4, noNullPrototype: true }),
  fc.array(fc.jsonValue(), { maxLength: 4 }),
  fc.integer({ min: 1, max: 2000 }).map((depth) => {
    let nested: unknown = 'x';
    for (let i = 0; i < depth; i++) nested = i % 2 ? [nested] : { a: nested };
    return nested;
  }),
);
/** Text that is refused: empty, blank, too long, or not Unicode. */
const badText = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    '\n\t ',
    '\u3000',
    '\ud800',
    'a\udfff',
    '\udc00\ud800',
    'x'.repeat(4001),
    '😀'.repeat(4001),
  ),
  odd,
);
const badId = fc.oneof(
  odd,
  fc.constantFrom(
    '',
    'x',
    '../..',
    'F'.repeat(24),
    'g'.repeat(24),
    '0'.repeat(23),
    '0'.repeat(25),
    '__proto__',
  ),
);
/** Fields nobody asked for, which must do nothing. */
const extra = fc.dictionary(
  fc.constantFrom(
    'seq',
    'rev',
    'author_id',
    'user_id',
    'owner',
    'status',
    'role',
    '$set',
    '__proto__',
    '_id',
  ),
  fc.jsonValue(),
  { maxKeys: 3, noNullPrototype: true },
);
const withExtra = (fields: fc.Arbitrary<object>) =>
  fc.tuple(extra, fields).map(([more, own]) => ({ ...more, ...own }));
const wholeBody = fc.oneof(
  fc.constantFrom('', '{', 'null', '[]', '""', '0', '{"content":', '\u0000', '{"a":1}}', '[[[[['),
  fc.string({ unit: 'binary', maxLength: 50 }),
);

const badBodies: Record<
  string,
  { method: string; path: () => string; body: fc.Arbitrary<unknown> }
> = {
  'POST /tickets': {
    method: 'POST',
    path: () => '/tickets',
    body: fc.oneof(
      withExtra(fc.record({ topic: badText, description: fc.constant('d') })),
      withExtra(fc.record({ topic: fc.constant('t'), description: badText })),
      fc.record({ topic: fc.constant('t'), description: fc.constant('d'), issue_level: badText }),
      fc.record({ topic: fc.constant('t'), description: fc.constant('d'), client_id: badText }),
    ),
  },
  'PATCH /tickets/:id': {
    method: 'PATCH',
    path: () => `/tickets/${ticket.id}`,
    body: fc.oneof(
      fc.record({ topic: badText }),
      fc.record({ issue_level: badText }),
      fc.record({ support_role: badText }),
      fc.record({
        topic: fc.constant('t'),
        assigned_to: badText.filter((value) => value !== null),
      }),
      extra,
    ),
  },
  'POST /tickets/:id/close': {
    method: 'POST',
    path: () => `/tickets/${ticket.id}/close`,
    body: fc.record({ reason: badText.filter((value) => value !== null) }),
  },
  'POST /tickets/:id/messages': {
    method: 'POST',
    path: () => `/tickets/${ticket.id}/messages`,
    body: fc.oneof(
      withExtra(fc.record({ content: badText })),
      fc.record({ content: fc.constant('x'), client_id: badText }),
      fc.record({
        content: fc.constant('x'),
        attachments: fc.array(badId, { minLength: 1, maxLength: 3 }),
      }),
      fc.record({
        content: fc.constant('x'),
        attachments: odd.filter((value) => !(Array.isArray(value) && value.length === 0)),
      }),
      extra,
    ),
  },
  'PATCH /tickets/:id/messages/:messageId': {
    method: 'PATCH',
    path: () => `/tickets/${ticket.id}/messages/${message.id}`,
    body: withExtra(fc.record({ content: badText })),
  },
};

const asText = (body: unknown) => JSON.stringify(body) ?? 'undefined';

describe('fuzzed bodies are refused with 4xx and change nothing', () => {
  test.each(Object.keys(badBodies))('%s', async (name) => {
    const { method, path, body } = badBodies[name] as (typeof badBodies)[string];
    const before = await readDatabase();
    const sent = fc.oneof(
      { weight: 4, arbitrary: body.map(asText) },
      { weight: 1, arbitrary: wholeBody },
    );
    await fc.assert(
      fc.asyncProperty(sent, fc.boolean(), async (text, staff) => {
        // An empty close is a good one.
        if (name.endsWith('/close') && ['', '{}', '{"a":1}'].includes(text)) return;
        const answer = await (staff ? kim : ana).call<{ error: string }>(method, path(), text);
        expect(answer.status).toBeGreaterThanOrEqual(400);
        expect(answer.status).toBeLessThan(500);
        expect(answer.body).toMatchObject({
          error: expect.any(String),
          message: expect.any(String),
        });
      }),
      { numRuns: 100, seed, endOnFailure: true },
    );
    expect(await readDatabase()).toEqual(before);
  });
});

describe('fuzzed addresses', () => {
  const segment = fc.oneof(
    fc
      .string({ unit: 'binary', minLength: 1, maxLength: 20 })
      .filter((text) => text.isWellFormed()),
    fc.constantFrom(
      '..',
      '.',
      '%00',
      '%',
      '%ff',
      '[object Object]',
      '__proto__',
      'constructor',
      '0'.repeat(5000),
    ),
  );
  test('of tickets, messages and files are 4xx', async () => {
    const before = await readDatabase();
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('GET', 'PATCH', 'DELETE', 'POST', 'PUT', 'HEAD'),
        fc.constantFrom(
          '/tickets/*',
          '/tickets/*/messages',
          '/tickets/*/messages/*',
          '/tickets/*/close',
          '/files/*/*',
          '/*',
        ),
        segment,
        async (method, shape, part) => {
          const raw =
            part.startsWith('%') || part.startsWith('.') ? part : encodeURIComponent(part);
          const body =
            method === 'GET' || method === 'HEAD' ? undefined : { content: 'x', topic: 'x' };
          const path = shape.replaceAll('*', raw);
          // A dot leads to another address altogether.
          if (/^\/api\/v1\/tickets\/?$/.test(new URL(`${app.url}/api/v1${path}`).pathname)) return;
          const { status } = await kim.call(method, path, body);
          expect(status).toBeGreaterThanOrEqual(400);
          expect(status).toBeLessThan(500);
        },
      ),
      { numRuns: 100, seed, endOnFailure: true },
    );
    expect(await readDatabase()).toEqual(before);
  });

  test('queries are 200 or 4xx', async () => {
    const name = fc.constantFrom(
      'limit',
      'before',
      'after',
      'status',
      'issue_level',
      'support_role',
      '__proto__',
      '$where',
      'x[$ne]',
    );
    const value = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 20 }).filter((text) => text.isWellFormed()),
      fc.constantFrom(
        '0',
        '-1',
        '1e9',
        '999999999999999',
        '9999999999999999999',
        'NaN',
        'OPEN',
        'f'.repeat(24),
        '0'.repeat(24),
        '1',
      ),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('/tickets', `/tickets/${ticket.id}/messages`),
        fc.array(fc.tuple(name, value), { maxLength: 4 }),
        async (path, pairs) => {
          const query = pairs.map(
            ([key, one]) => `${encodeURIComponent(key)}=${encodeURIComponent(one)}`,
          );
          const { status } = await kim.call('GET', `${path}?${query.join('&')}`);
          expect([200, 400]).toContain(status);
        },
      ),
      { numRuns: 100, seed, endOnFailure: true },
    );
  });

  test('headers are 4xx or harmless', async () => {
    const header = fc.constantFrom(
      'authorization',
      'idempotency-key',
      'x-request-id',
      'range',
      'origin',
      'content-type',
      'content-encoding',
      'x-forwarded-for',
    );
    const value = fc.oneof(
      fc.string({ unit: fc.constantFrom(...'abc{}$":;,=%\t é\\/01'), maxLength: 30 }),
      fc.constantFrom(
        'bytes=0-',
        'Bearer ',
        `Bearer ${'x'.repeat(9000)}`,
        'null',
        '*',
        'application/json; charset=utf-16',
      ),
    );
    const closed = await ana.createTicket();
    await ana.close(closed.id);
    const before = await readDatabase();
    await fc.assert(
      fc.asyncProperty(header, value, async (key, one) => {
        const headers = { [key]: one };
        const answer = await ana.call(
          'POST',
          `/tickets/${closed.id}/messages`,
          { content: 'x' },
          headers,
        );
        expect(answer.status).toBeGreaterThanOrEqual(400);
        expect(answer.status).toBeLessThan(500);
      }),
      { numRuns: 100, seed, endOnFailure: true },
    );
    expect(await readDatabase()).toEqual(before);
  });
});

describe('fuzzed events are answered ok: false, never as a fault of ours, and change nothing', () => {
  const verbs = Object.keys(clientEvents).filter((name) => name !== 'authorize');
  const fields = fc.record(
    {
      ticket_id: badId,
      message_id: badId,
      content: badText,
      client_id: badText,
      attachments: odd,
      reason: badText,
      after: odd,
      seq: odd,
      all: odd.filter((value) => value !== true),
    },
    { requiredKeys: ['ticket_id'] },
  );
  test.each(verbs)('%s', async (event) => {
    const before = await readDatabase();
    await fc.assert(
      fc.asyncProperty(
        fc.oneof({ weight: 3, arbitrary: fields }, odd),
        fc.boolean(),
        async (input, staff) => {
          // A plain object keeps what JSON keeps: neither -0 nor undefined.
          const sent = JSON.parse(asText(input));
          const ack = await (staff ? staffSocket : socket).ask(event, sent);
          expect(ack.ok).toBe(false);
          expect(['BAD_REQUEST', 'NOT_FOUND', 'FORBIDDEN']).toContain(ack.error);
        },
      ),
      { numRuns: 40, seed, endOnFailure: true },
    );
    expect(await readDatabase()).toEqual(before);
  });

  test('authorize', async () => {
    const lonely = listenAt(app.url);
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(odd, fc.record({ token: fc.oneof(badText, fc.string()) })),
        async (input) => {
          const ack = await lonely.ask('authorize', JSON.parse(asText(input)));
          expect(['BAD_REQUEST', 'UNAUTHORIZED']).toContain(ack.error);
        },
      ),
      { numRuns: 40, seed, endOnFailure: true },
    );
    lonely.socket.close();
  });
});

describe('good text of any kind comes back exactly as it was sent', () => {
  const good = fc
    .string({ unit: 'binary', minLength: 1, maxLength: 300 })
    .filter((text) => /\S/u.test(text) && text.isWellFormed());

  test('over REST and sockets: sent, edited, listed, synced, heard', async () => {
    const own = await ana.createTicket();
    let head = 0;
    await fc.assert(
      fc.asyncProperty(good, good, fc.uuid(), async (first, second, clientId) => {
        const client_id = `${clientId}-${head}`;
        const sent = await ana.send(own.id, first, { client_id });
        expect(sent).toMatchObject({ status: 201, body: { content: first, client_id } });
        const path = `/tickets/${own.id}/messages/${sent.body.id}`;
        expect(await ana.call('PATCH', path, { content: second })).toMatchObject({
          status: 200,
          body: { content: second },
        });
        const ack = await socket.ask('sync', { ticket_id: own.id, after: head });
        expect(ack.messages).toMatchObject([{ content: second, client_id }]);
        head += 2;
        const listed = await ana.list(own.id, '?limit=1');
        expect(listed.body).toEqual(ack.messages);
        expect(socket.events('edit_message').at(-1).content).toBe(second);
      }),
      { numRuns: 40, seed, endOnFailure: true },
    );
  });

  test('as topic and description of a ticket', async () => {
    await fc.assert(
      fc.asyncProperty(
        good.filter((text) => [...text].length <= 200),
        good,
        async (topic, description) => {
          const made = await ana.call<TicketView>('POST', '/tickets', { topic, description });
          expect(made).toMatchObject({ status: 201, body: { topic: topic.trim(), description } });
          const { body } = await kim.call('GET', `/tickets/${made.body.id}`);
          expect(body).toMatchObject(made.body);
        },
      ),
      { numRuns: 30, seed, endOnFailure: true },
    );
  });
});
