import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { MessageView } from '../../src/contract/messages.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { eventually } from '../support/eventually.ts';
import { listenAt, newPerson, type Person } from '../support/people.ts';

let app: RunningApp;
beforeAll(async () => {
  app = await startApp({ RATE_LIMIT_FACTOR: '1' });
});
afterAll(() => app.stop());

const refusal = (limit: number) => ({
  error: 'RATELIMIT',
  message: `You are being ratelimited only ${limit} request are allowed`,
});

/** A row of the contract's table and a call of it; the ticket is the caller's own. */
interface Row {
  limit: number;
  call(
    person: Person,
    ticketId: string,
    index: number,
  ): Promise<{ status: number; headers: Headers; body: unknown }>;
}

const MISSING = 'ffffffffffffffffffffffff';
const rows: Record<string, Row> = {
  'POST /tickets': {
    limit: 3,
    call: (person) => person.call('POST', '/tickets', { topic: 't', description: 'd' }),
  },
  'PUT …/reactions/:emoji, notes too': {
    limit: 30,
    call: (person, id, nth = 0) => {
      const message = 'f'.repeat(24);
      const what = nth % 2 ? 'notes' : 'messages';
      return person.call('PUT', `/tickets/${id}/${what}/${message}/reactions/👍`);
    },
  },
  'GET /tickets': { limit: 30, call: (person) => person.call('GET', '/tickets') },
  'GET /tickets/:id': { limit: 30, call: (person, id) => person.call('GET', `/tickets/${id}`) },
  'PATCH /tickets/:id': {
    limit: 30,
    call: (person, id, index) => person.call('PATCH', `/tickets/${id}`, { topic: `t${index}` }),
  },
  'POST /tickets/:id/close': { limit: 15, call: (person, id) => person.close(id) },
  'POST /tickets/:id/messages': {
    limit: 15,
    call: (person, id, index) => person.send(id, `m${index}`),
  },
  'GET /tickets/:id/messages': { limit: 15, call: (person, id) => person.list(id) },
  'PATCH, DELETE /tickets/:id/messages/:messageId': {
    limit: 15,
    call: (person, id, index) => {
      const path = `/tickets/${id}/messages/${MISSING}`;
      return index % 2 ? person.call('DELETE', path) : person.call('PATCH', path, { content: 'x' });
    },
  },
  'POST /tickets/:id/attachments': {
    limit: 15,
    call: (person, id) => person.call('POST', `/tickets/${id}/attachments`, {}),
  },
};

describe.each(Object.keys(rows))('%s', (name) => {
  const { limit, call } = rows[name] as Row;
  test('lets its number through in a minute, then answers 429 with the body of every refusal', async () => {
    const person = newPerson(app.url, 'CUSTOMER');
    const ticketId = name === 'POST /tickets' ? MISSING : (await person.createTicket()).id;
    for (let index = 0; index < limit; index++) {
      const answer = await call(person, ticketId, index);
      expect(answer.status).not.toBe(429);
      if (answer.status >= 300) continue;
      expect(answer.headers.get('ratelimit')).toMatch(
        new RegExp(`^"\\w+";r=${limit - index - 1};t=\\d+$`),
      );
      expect(answer.headers.get('ratelimit-policy')).toMatch(
        new RegExp(`^"\\w+";q=${limit};w=60$`),
      );
    }
    const refused = await call(person, ticketId, limit);
    expect({ status: refused.status, body: refused.body }).toEqual({
      status: 429,
      body: refusal(limit),
    });
    const wait = Number(refused.headers.get('retry-after'));
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(60);
    expect(refused.headers.get('ratelimit')).toMatch(new RegExp(`^"\\w+";r=0;t=${wait}$`));
    expect(refused.headers.get('ratelimit-policy')).toMatch(new RegExp(`^"\\w+";q=${limit};w=60$`));
    const other = await call(newPerson(app.url), ticketId, 0);
    expect(other.status).not.toBe(429);
  });
});

test('what has the same name beside its number in PROTOCOL counts together', async () => {
  const document = readFileSync(new URL('../../docs/PROTOCOL.md', import.meta.url), 'utf8');
  const ana = newPerson(app.url);
  const { id } = await ana.createTicket();
  for (const [index, path] of ['history', 'comments', 'history'].entries()) {
    const row = document
      .split('\n')
      .find((line) => line.includes(`GET /api/v1/tickets/:ticketId/${path}`));
    const [, number, name] = /\| (\d+) `(\w+)` \|/.exec(row ?? '') ?? [];
    const { headers } = await ana.call('GET', `/tickets/${id}/${path}`);
    expect(headers.get('ratelimit')).toContain(`"${name}";r=${Number(number) - 1 - index};`);
  }
});

test('limits count the user, not the token: a second token has the same minute', async () => {
  const ana = newPerson(app.url, 'CUSTOMER', { id: 'two-tokens' });
  const again = newPerson(app.url, 'CUSTOMER', { id: 'two-tokens', username: 'Ana B' });
  const elsewhere = newPerson(app.url, 'CUSTOMER', { id: 'two-tokens', iss: 'https://other' });
  for (let i = 0; i < 3; i++) await ana.createTicket();
  const body = { topic: 't', description: 'd' };
  expect((await again.call('POST', '/tickets', body)).status).toBe(429);
  expect((await elsewhere.call('POST', '/tickets', body)).status).toBe(201);
});

test('requests are counted before they are validated, and refused ones too', async () => {
  const ana = newPerson(app.url);
  for (const body of [{}, '{', { topic: '' }]) {
    expect((await ana.call('POST', '/tickets', body)).status).toBe(400);
  }
  const answer = await ana.call('POST', '/tickets', { topic: 't', description: 'd' });
  expect(answer).toMatchObject({ status: 429, body: refusal(3) });
});

test('a request without a good token counts for nobody', async () => {
  const ana = newPerson(app.url);
  for (let i = 0; i < 5; i++) {
    const headers = { authorization: 'Bearer x' };
    expect((await ana.call('POST', '/tickets', {}, headers)).status).toBe(401);
  }
  expect((await ana.call('POST', '/tickets', { topic: 't', description: 'd' })).status).toBe(201);
});

describe('the socket shares the minute of REST', () => {
  test.each([
    ['send_message', 15, { content: 'x' }, (p: Person, id: string) => p.send(id, 'hi')],
    ['sync', 15, { after: 0 }, (p: Person, id: string) => p.list(id)],
    ['close_ticket', 15, {}, (p: Person, id: string) => p.close(id)],
    [
      'edit',
      15,
      { message_id: MISSING, content: 'x' },
      (p: Person, id: string) => p.call('DELETE', `/tickets/${id}/messages/${MISSING}`),
    ],
    [
      'delete',
      15,
      { message_id: MISSING },
      (p: Person, id: string) =>
        p.call('PATCH', `/tickets/${id}/messages/${MISSING}`, { content: 'x' }),
    ],
  ] as const)('%s', async (event, limit, more, overRest) => {
    const ana = newPerson(app.url);
    const { id } = await ana.createTicket();
    const socket = listenAt(app.url);
    await socket.ask('authorize', { token: ana.token });
    for (let i = 0; i < limit; i++) {
      const half = i % 2 === 0;
      if (half) await overRest(ana, id);
      else await socket.ask(event, { ticket_id: id, ...more });
    }
    const ack = await socket.ask(event, { ticket_id: id, ...more });
    expect(ack).toEqual({ ok: false, ...refusal(limit), retry_after: expect.any(Number) });
    expect(ack.retry_after).toBeGreaterThan(0);
    expect((await overRest(ana, id)).status).toBe(429);
    socket.socket.close();
  });

  test('events without an ack are told by error', async () => {
    const ana = newPerson(app.url);
    const socket = listenAt(app.url);
    await socket.ask('authorize', { token: ana.token });
    for (let i = 0; i < 16; i++) socket.socket.emit('sync', { ticket_id: MISSING, after: 0 });
    await socket.ask('typing', { ticket_id: MISSING });
    await eventually(() => expect(socket.events('error')).toHaveLength(16));
    expect(socket.events('error')).toContainEqual(refusal(15));
    socket.socket.close();
  });

  test('authorize is limited for a socket that tries tokens', async () => {
    const socket = listenAt(app.url);
    for (let i = 0; i < 30; i++) {
      expect(await socket.ask('authorize', { token: 'x.y.z' })).toMatchObject({
        error: 'UNAUTHORIZED',
      });
    }
    expect(await socket.ask('authorize', { token: 'x.y.z' })).toMatchObject(refusal(30));
    socket.socket.close();
  });
});

test('a file may be fetched 60 times a minute, by whomever and over whichever of its links', async () => {
  const ana = newPerson(app.url);
  const { id } = await ana.createTicket();
  const form = new FormData();
  form.set('file', new Blob(['hello']), 'a.txt');
  const uploaded = await fetch(`${app.url}/api/v1/tickets/${id}/attachments`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ana.token}` },
    body: form,
  });
  const { url, id: fileId } = (await uploaded.json()) as { url: string; id: string };
  const statuses: number[] = [];
  for (let i = 0; i < 61; i++) statuses.push((await fetch(url)).status);
  expect(statuses).toEqual([...Array(60).fill(200), 429]);
  const sent = await ana.call<MessageView>('POST', `/tickets/${id}/messages`, {
    content: 'see',
    attachments: [fileId],
  });
  expect((await fetch(sent.body.files[0]?.url as string)).status).toBe(429);
});

test('RATE_LIMIT_FACTOR multiplies every limit', async () => {
  const wide = await startApp({ RATE_LIMIT_FACTOR: '2' });
  try {
    const ana = newPerson(wide.url);
    const statuses: number[] = [];
    for (let i = 0; i < 7; i++) {
      statuses.push((await ana.call('POST', '/tickets', { topic: 't', description: 'd' })).status);
    }
    expect(statuses).toEqual([201, 201, 201, 201, 201, 201, 429]);
    expect(await ana.call('POST', '/tickets', {})).toMatchObject({ body: refusal(6) });
  } finally {
    await wide.stop();
  }
});
