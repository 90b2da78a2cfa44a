import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { CannedReplyView } from '../../src/contract/canned-replies.ts';
import { fillReply } from '../../src/domain/canned-replies/fill.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { newPerson, type Person } from '../support/people.ts';

let app: RunningApp;
let ana: Person;
let kim: Person;
let boss: Person;
beforeAll(async () => {
  app = await startApp();
  ana = newPerson(app.url, 'CUSTOMER', { username: '{staff} $& Ana' });
  kim = newPerson(app.url, 'AGENT', { username: 'Kim' });
  boss = newPerson(app.url, 'ADMIN');
});
afterAll(() => app.stop());

const nowhere = '0123456789abcdef01234567';
const keep = (body: object) => kim.call<CannedReplyView>('POST', '/canned-replies', body);

test('a text is kept, found by the beginning of its name, changed, and deleted by ADMIN', async () => {
  const made = await keep({ name: 'Grüße Morgen', text: 'Good morning, {customer}!' });
  expect(made).toMatchObject({ status: 201, body: { name: 'Grüße Morgen', partner: null } });
  await keep({ name: 'Grüße Abend', text: 'Good evening!' });
  await keep({ name: 'Refund', text: 'It is on its way.' });
  const find = async (query: string) => {
    const { body, headers } = await kim.call<CannedReplyView[]>('GET', `/canned-replies${query}`);
    return { names: body.map(({ name }) => name), total: headers.get('x-total-count') };
  };
  expect(await find('')).toEqual({ names: ['Grüße Abend', 'Grüße Morgen', 'Refund'], total: '3' });
  const begins = await find(`?q=${encodeURIComponent('GRÜSSE'.slice(0, 3))}`);
  expect(begins).toEqual({ names: ['Grüße Abend', 'Grüße Morgen'], total: '2' });
  expect(await find('?q=g&limit=1&page=2')).toEqual({ names: ['Grüße Morgen'], total: '2' });
  expect(await find('?q=morgen')).toEqual({ names: [], total: '0' });
  expect(await find('?q=.*')).toEqual({ names: [], total: '0' });
  const path = `/canned-replies/${made.body.id}`;
  const changed = await kim.call<CannedReplyView>('PATCH', path, { name: 'Hello' });
  expect(changed).toMatchObject({ status: 200, body: { name: 'Hello', text: made.body.text } });
  expect((await find('?q=hel')).names).toEqual(['Hello']);
  expect(await kim.call('DELETE', path)).toMatchObject({ status: 403 });
  expect(await boss.call('DELETE', path)).toMatchObject({ status: 204 });
  for (const method of ['GET', 'DELETE']) {
    expect(await boss.call(method, path)).toMatchObject({ status: 404 });
  }
  expect(await kim.call('PATCH', path, { name: 'x' })).toMatchObject({ status: 404 });
});

test('a name is there once for a partner, whatever its case', async () => {
  const text = 'Hello';
  expect((await keep({ name: 'Twice', text })).status).toBe(201);
  expect(await keep({ name: 'TWICE', text })).toMatchObject({ status: 409 });
  expect((await keep({ name: 'Twice', text, partner: 'shop' })).status).toBe(201);
  const other = await keep({ name: 'Thrice', text });
  const path = `/canned-replies/${other.body.id}`;
  expect(await kim.call('PATCH', path, { name: 'twice' })).toMatchObject({ status: 409 });
});

test.each([
  ['text', { name: 'x', text: '' }],
  ['text', { name: 'x', text: 'x'.repeat(4001) }],
  ['name', { name: 'x'.repeat(101), text: 'x' }],
  ['name', { text: 'x' }],
])('a wrong %s is refused', async (location, body) => {
  expect(await keep(body)).toMatchObject({ status: 400, body: { errors: [{ location }] } });
});

test('customers neither read nor write them', async () => {
  const { body } = await keep({ name: 'Inner words', text: 'planted' });
  const calls: [string, string, object?][] = [
    ['GET', ''],
    ['POST', '', { name: 'n', text: 't' }],
    ['GET', `/${body.id}`],
    ['GET', `/${nowhere}`],
    ['PATCH', `/${body.id}`, { text: 't' }],
    ['DELETE', `/${body.id}`],
  ];
  for (const [method, path, input] of calls) {
    const answer = await ana.call(method, `/canned-replies${path}`, input);
    expect([method, path, answer.status]).toEqual([method, path, 403]);
    expect(JSON.stringify(answer.body)).not.toContain('planted');
  }
});

test('it is filled in for a ticket: who asks, who is asked, which ticket', async () => {
  const ticket = await ana.createTicket();
  const text =
    'Dear {customer}, {staff} looks at {ticket}. {unknown} {Staff} {{ticket}} {constructor}';
  const { body: made } = await keep({ name: 'Looking', text });
  const { body } = await kim.call<CannedReplyView>(
    'GET',
    `/canned-replies/${made.id}?ticket_id=${ticket.id}`,
  );
  const number = `#${ticket.number}`;
  expect(body.filled).toBe(
    `Dear {staff} $& Ana, Kim looks at ${number}. {unknown} {Staff} {${number}} {constructor}`,
  );
  expect(body.text).toBe(text);
  const path = `/canned-replies/${made.id}`;
  expect(await kim.call('GET', `${path}?ticket_id=${nowhere}`)).toMatchObject({ status: 404 });
  expect(await kim.call('GET', `${path}?ticket_id=x`)).toMatchObject({ status: 400 });
});

test('filling in changes nothing but the variables, whatever they and the text contain', () => {
  const words = fc.array(
    fc.oneof(
      fc.string(),
      fc.constantFrom('{', '}', '{customer}', '{ticket}', '{staff}', '$1', '$&'),
    ),
  );
  fc.assert(
    fc.property(words, fc.string(), fc.string(), fc.string(), (parts, customer, ticket, staff) => {
      const values: Record<string, string> = { customer, ticket, staff };
      const text = parts.join('');
      const expected = text
        .split(/(\{(?:customer|ticket|staff)\})/)
        .map((part, nth) => (nth % 2 === 1 ? values[part.slice(1, -1)] : part))
        .join('');
      expect(fillReply(text, values)).toBe(expected);
      expect(fillReply(text, {})).toBe(text);
    }),
  );
});
