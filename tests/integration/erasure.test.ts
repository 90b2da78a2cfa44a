import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { CustomerView } from '../../src/contract/customers.ts';
import type { ErasureView } from '../../src/contract/erasures.ts';
import type { MessageView } from '../../src/contract/messages.ts';
import type { TicketView } from '../../src/contract/tickets.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { findWord, killedAt, LAST_LOOK, withWorker } from '../support/erasure.ts';
import { newPerson, type Person } from '../support/people.ts';

const WORD = 'zyzzyvaq';

let app: RunningApp;
let root: Person;
let agent: Person;
let ana: Person;
let ben: Person;
beforeAll(async () => {
  app = await startApp();
  root = newPerson(app.url, 'ADMIN');
  agent = newPerson(app.url, 'AGENT');
  ana = newPerson(app.url, 'CUSTOMER', {
    id: `${WORD}-1`,
    username: `Ana ${WORD}`,
    email: `${WORD}@example.com`,
  });
  ben = newPerson(app.url, 'CUSTOMER', { id: 'ben', username: 'Ben' });
  for (const [person, word] of [
    [ana, WORD],
    [ben, 'quince'],
  ] as const) {
    await plantCustomer(person, word);
  }
}, 60_000);
afterAll(() => app.stop());

async function upload(person: Person, text: string): Promise<string> {
  const form = new FormData();
  form.set('file', new Blob([text]), `${text}.txt`);
  const answer = await fetch(`${app.url}/api/v1/attachments`, {
    method: 'POST',
    headers: { authorization: `Bearer ${person.token}` },
    body: form,
  });
  return ((await answer.json()) as { id: string }).id;
}

/** Everything there can be of a customer. */
async function plantCustomer(person: Person, word: string): Promise<void> {
  const file = await upload(person, word);
  const ticket = await person.createTicket({ topic: word, description: word, attachments: [file] });
  await person.send(ticket.id, `I say ${word}`);
  await agent.send(ticket.id, `you say ${word}`);
  await agent.call('POST', `/tickets/${ticket.id}/notes`, { content: `note ${word}` });
  const ended = await person.createTicket({ topic: `old ${word}` });
  await person.close(ended.id, word);
  await upload(person, `unused ${word}`);
  const profile = await agent.call<CustomerView>('POST', '/customers', {
    first_name: 'A',
    last_name: word,
    email: `${word}@example.com`,
    address: word,
    user_id: person.id,
  });
  const box = await root.call<{ id: string }>('POST', '/packages', {
    name: `Box of ${person.id.slice(-1)}`,
    price: 1,
  });
  await agent.call('POST', `/customers/${profile.body.id}/packages`, { package_id: box.body.id });
  await agent.call('POST', '/blocks', { user_id: person.id, reason: word });
}

const exportOf = async (person: Person, query = '') => {
  const answer = await fetch(`${app.url}/api/v1/export${query}`, {
    headers: { authorization: `Bearer ${person.token}` },
  });
  const text = await answer.text();
  const lines = text.startsWith('{"type"') ? text.trim().split('\n') : [];
  // biome-ignore lint/suspicious/noExplicitAny: lines of several kinds
  return { answer, text, lines: lines.map((line) => JSON.parse(line) as any) };
};
const erase = (by: Person, body: object) => by.call<ErasureView>('POST', '/erasures', body);
const receiptOf = async (id: string) =>
  (await root.call<ErasureView>('GET', `/erasures/${id}`)).body;

describe('an export', () => {
  test('has all that is the customer’s, as they see it, and ends with a line that says so', async () => {
    const { answer, text, lines } = await exportOf(ana);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/x-ndjson; charset=utf-8');
    expect(lines.map(({ type }) => type)).toEqual([
      ...['export', 'profile', 'package', 'block'],
      ...['ticket', 'message', 'message', 'ticket', 'end'],
    ]);
    expect(lines.at(-1)).toEqual({ type: 'end', tickets: 2, messages: 2 });
    const messages = lines.filter(({ type }) => type === 'message').map(({ message }) => message);
    expect(messages.map(({ content }: MessageView) => content)).toEqual([
      `I say ${WORD}`,
      `you say ${WORD}`,
    ]);
    const [{ ticket }] = lines.filter(({ type }) => type === 'ticket');
    expect(await (await fetch((ticket as TicketView).files[0]?.url as string)).text()).toBe(WORD);
    // What staff say among themselves is not.
    expect(text).not.toContain('note');
    expect(ticket).not.toHaveProperty('tags');
    expect(text).not.toContain('quince');
  });

  test('of somebody else is ADMIN’s alone, by the user or by the profile', async () => {
    const { lines } = await exportOf(ana);
    const profile = lines[1].profile as CustomerView;
    const withoutLinks = (rows: unknown) =>
      JSON.stringify(rows)
        .replace(/"(at|url)":[^,}]+/g, '')
        .replace(/exp=\d+&sig=[\w-]+/g, '');
    for (const query of [`?user_id=${ana.id}`, `?customer_id=${profile.id}`]) {
      expect((await exportOf(agent, query)).answer.status).toBe(403);
      expect((await exportOf(ben, query)).answer.status).toBe(403);
      const theirs = await exportOf(root, query);
      expect(withoutLinks(theirs.lines)).toBe(withoutLinks(lines));
    }
    expect((await exportOf(root, `?user_id=x&customer_id=${profile.id}`)).answer.status).toBe(400);
    expect((await exportOf(root, '?partner=x')).answer.status).toBe(400);
    expect((await exportOf(root, `?customer_id=${'f'.repeat(24)}`)).answer.status).toBe(404);
  });

  test('of a ticket of many pages is whole', async () => {
    const cleo = newPerson(app.url, 'CUSTOMER');
    const { id } = await cleo.createTicket();
    const texts = Array.from({ length: 620 }, (_, nth) => `line ${nth}`);
    for (let nth = 0; nth < texts.length; nth += 62) {
      await Promise.all(texts.slice(nth, nth + 62).map((text) => cleo.send(id, text)));
    }
    const { lines } = await exportOf(cleo);
    expect(lines.at(-1)).toEqual({ type: 'end', tickets: 1, messages: 620 });
    const contents = lines.flatMap(({ message }) => (message ? [message.content] : []));
    expect(contents.toSorted()).toEqual(texts.toSorted());
  });

  test('lets five through in a minute', async () => {
    const limited = await startApp({ RATE_LIMIT_FACTOR: '1' });
    const dora = newPerson(limited.url, 'CUSTOMER');
    const statuses: number[] = [];
    for (let nth = 0; nth < 6; nth++) {
      const answer = await fetch(`${limited.url}/api/v1/export`, {
        headers: { authorization: `Bearer ${dora.token}` },
      });
      await answer.text();
      statuses.push(answer.status);
    }
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429]);
    await limited.stop();
  });
});

describe('an erasure', () => {
  test('is ADMIN’s alone, and names one customer', async () => {
    for (const person of [ana, ben, agent]) {
      expect((await erase(person, { user_id: ana.id })).status).toBe(403);
      expect((await person.call('GET', '/erasures')).status).toBe(403);
      expect((await person.call('GET', `/erasures/${'f'.repeat(24)}`)).status).toBe(403);
    }
    expect((await erase(root, {})).status).toBe(400);
    expect((await erase(root, { user_id: 'x', customer_id: 'f'.repeat(24) })).status).toBe(400);
    expect((await erase(root, { customer_id: 'f'.repeat(24) })).status).toBe(404);
    expect((await root.call('GET', `/erasures/${'f'.repeat(24)}`)).status).toBe(404);
  });

  test('leaves no word of a customer anywhere, and all of every other', async () => {
    const before = (await exportOf(ben)).lines;
    const asked = await erase(root, { user_id: ana.id });
    expect(asked.status).toBe(202);
    const { id } = asked.body;
    expect(asked.body).toMatchObject({ kind: 'customer', wiped_at: null, done_at: null });
    // Killed at each of its own steps, and of those of its tickets.
    for (const nth of [1, 2, 3]) {
      const { failpoint, hasDied } = killedAt('after-wipe-step', nth);
      const later = nth * 60_000;
      await withWorker(app.ctx, () => expect(hasDied()).toBe(true), { failpoint, later });
    }
    const isWiped = async () => expect((await receiptOf(id)).wiped_at).not.toBeNull();
    await withWorker(app.ctx, isWiped, { later: 5 * 60_000 });
    expect((await ana.call<TicketView[]>('GET', '/tickets')).body).toEqual([]);
    expect((await root.call('GET', `/tickets?user_id=${ana.id}`)).body).toEqual([]);
    const isDone = async () => expect((await receiptOf(id)).done_at).not.toBeNull();
    await withWorker(app.ctx, isDone, { later: 5 * 60_000 + LAST_LOOK });
    expect(await findWord(app.ctx, WORD)).toEqual([]);
    expect(await receiptOf(id)).toMatchObject({
      kind: 'customer',
      why: 'request',
      by: { id: root.id },
      discord: 'none',
      counts: { tickets: 2, entries: 5, files: 2, transcripts: 0, profiles: 1, blocks: 1 },
    });
    const after = (await exportOf(ben)).lines;
    expect(after.map(({ type }) => type)).toEqual(before.map(({ type }) => type));
    expect(after.at(-1)).toEqual({ type: 'end', tickets: 2, messages: 2 });
    expect((await root.call('GET', `/erasures/${id}`)).status).toBe(200);
  }, 60_000);

  test('lets the customer come back as somebody new, whose tickets stay', async () => {
    const again = await ana.createTicket({ topic: 'new' });
    expect(again.id).toMatch(/^[0-9a-f]{24}$/);
    expect((await exportOf(ana)).lines.at(-1)).toEqual({ type: 'end', tickets: 1, messages: 0 });
    const receipts = await root.call<ErasureView[]>('GET', '/erasures?limit=100');
    const [newest] = receipts.body;
    expect(receipts.body.filter(({ kind }) => kind === 'customer')).toHaveLength(1);
    expect(newest).toMatchObject({ kind: 'ticket', part_of: expect.any(String) });
  });

  test('takes nothing that came after it was asked for', async () => {
    const cat = newPerson(app.url, 'CUSTOMER', { id: 'cat', username: 'Cat' });
    await plantCustomer(cat, 'medlar');
    const { body } = await erase(root, { user_id: cat.id });
    const isWiped = async () => expect((await receiptOf(body.id)).wiped_at).not.toBeNull();
    await withWorker(app.ctx, isWiped, { later: 5 * 60_000 });
    await agent.call('POST', '/blocks', { user_id: cat.id, reason: 'again' });
    const isDone = async () => expect((await receiptOf(body.id)).done_at).not.toBeNull();
    await withWorker(app.ctx, isDone, { later: 5 * 60_000 + LAST_LOOK });
    const blocks = await agent.call<{ user_id: string }[]>('GET', '/blocks?limit=100');
    expect(blocks.body.map(({ user_id }) => user_id)).toContain(cat.id);
  }, 60_000);

  test('of somebody who is not known does nothing, and is done', async () => {
    const { body } = await erase(root, { user_id: 'nobody-we-know' });
    await withWorker(app.ctx, async () =>
      expect((await receiptOf(body.id)).done_at).not.toBeNull(),
    );
  });
});
