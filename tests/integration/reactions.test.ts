import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { sizes } from '../../src/contract/limits.ts';
import type { MessageView } from '../../src/contract/messages.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { eventually } from '../support/eventually.ts';
import { listenAt, newPerson, type Person } from '../support/people.ts';

let app: RunningApp;
const open: { close(): void }[] = [];
beforeAll(async () => {
  app = await startApp();
});
afterEach(() => {
  for (const each of open.splice(0)) each.close();
});
afterAll(() => app.stop());

async function begin() {
  const ana = newPerson(app.url, 'CUSTOMER');
  const kim = newPerson(app.url, 'AGENT');
  const ticket = await ana.createTicket();
  const { body: message } = await ana.send(ticket.id, 'hello');
  return { ana, kim, ticket, message };
}

const place = ({ ticket_id, id }: MessageView, emoji: string, what = 'messages') =>
  `/tickets/${ticket_id}/${what}/${id}/reactions/${encodeURIComponent(emoji)}`;
const put = (by: Person, message: MessageView, emoji: string, what?: string) =>
  by.call<MessageView>('PUT', place(message, emoji, what));
const remove = (by: Person, message: MessageView, emoji: string, what?: string) =>
  by.call<MessageView>('DELETE', place(message, emoji, what));
const shown = ({ reactions }: MessageView) =>
  reactions.map(({ emoji, count }) => `${emoji}${count}`).join(' ');

async function listenAs({ token }: Person) {
  const listener = listenAt(app.url);
  open.push(listener.socket);
  await listener.ask('authorize', { token });
  return listener;
}

describe('a reaction', () => {
  test('is one for each person and emoji, and is taken back by its own person alone', async () => {
    const { ana, kim, message } = await begin();
    const first = await put(kim, message, '👍');
    expect(first.status).toBe(200);
    expect(first.body).toMatchObject({
      seq: 1,
      rev: 2,
      edited: false,
      updated_at: message.created_at,
      reactions: [{ emoji: '👍', count: 1, users: [{ id: kim.id, name: expect.any(String) }] }],
    });
    const again = await put(kim, message, '👍');
    expect(again.body).toEqual(first.body);
    expect(shown((await put(ana, message, '❤')).body)).toBe('👍1 ❤️1');
    expect(shown((await put(ana, message, '👍')).body)).toBe('👍2 ❤️1');
    expect(shown((await remove(kim, message, '❤️')).body)).toBe('👍2 ❤️1');
    expect(shown((await remove(kim, message, '👍')).body)).toBe('❤️1 👍1');
    const { body } = await remove(kim, message, '👍');
    expect([shown(body), body.rev]).toEqual(['❤️1 👍1', 5]);
  });

  test('of many at once is there once for each', async () => {
    const { kim, message } = await begin();
    const staff = Array.from({ length: 4 }, () => newPerson(app.url, 'AGENT'));
    const all = [kim, kim, ...staff].map((by) => put(by, message, '🎉'));
    expect((await Promise.all(all)).map(({ status }) => status)).toEqual(Array(6).fill(200));
    const { body } = await kim.list(message.ticket_id);
    expect(body.map(shown)).toEqual(['🎉5']);
  });

  test('outlives an edit, not a deletion, and an edit outlives it', async () => {
    const { ana, kim, ticket, message } = await begin();
    const path = `/tickets/${ticket.id}/messages/${message.id}`;
    await put(kim, message, '👍');
    const edited = await ana.call<MessageView>('PATCH', path, { content: 'changed' });
    expect([shown(edited.body), edited.body.edited]).toEqual(['👍1', true]);
    const more = await put(kim, message, '🎉');
    expect(more.body).toMatchObject({
      content: 'changed',
      edited: true,
      updated_at: edited.body.updated_at,
    });
    const gone = await ana.call<MessageView>('DELETE', path);
    expect(gone.body.reactions).toEqual([]);
    expect((await put(kim, message, '👍')).status).toBe(404);
    const staffs = await fetch(`${app.url}/api/v1/tickets/${ticket.id}/transcript?version=staff`, {
      headers: { authorization: `Bearer ${kim.token}` },
    });
    const versions = (await staffs.text()).match(/<pre class="old"[^>]*>[^<]*/g);
    expect(versions).toHaveLength(1);
  });

  test('is refused where it is no emoji, too many, or the ticket has ended', async () => {
    const { ana, kim, ticket, message } = await begin();
    const wrong = await put(ana, message, 'ok');
    expect(wrong).toMatchObject({
      status: 400,
      body: { errors: [{ location: 'emoji', in: 'path' }] },
    });
    for (let nth = 0; nth < sizes.emojiPerMessage; nth++) {
      const emoji = String.fromCodePoint(0x1f600 + nth);
      expect((await put(ana, message, emoji)).status).toBe(200);
    }
    // Told from a ticket that has ended by its type.
    const full = {
      status: 409,
      body: { errors: [{ location: 'emoji', type: 'too_many_reactions' }] },
    };
    expect(await put(ana, message, '👍')).toMatchObject(full);
    expect((await put(kim, message, '😀')).status).toBe(200);
    const others = Array.from({ length: sizes.reactionsPerMessage }, () =>
      newPerson(app.url, 'AGENT'),
    );
    for (const by of others.slice(0, sizes.reactionsPerMessage - sizes.emojiPerMessage - 1))
      expect((await put(by, message, '😀')).status).toBe(200);
    expect(await put(others.at(-1) as Person, message, '😀')).toMatchObject(full);
    await ana.close(ticket.id);
    expect((await remove(ana, message, '😀')).status).toBe(409);
    const { body } = await ana.list(ticket.id);
    const count = body[0]?.reactions.reduce((sum, one) => sum + one.count, 0);
    expect(count).toBe(sizes.reactionsPerMessage);
  });

  test('is told to everybody in the ticket in the order of the log, and to who comes later', async () => {
    const { ana, kim, ticket, message } = await begin();
    const [hers, his] = [await listenAs(ana), await listenAs(kim)];
    await put(kim, message, '👍');
    await ana.send(ticket.id, 'thanks');
    await put(ana, message, '❤️');
    await remove(kim, message, '👍');
    for (const { received } of [hers, his]) {
      const told = () =>
        received
          .filter(({ data }) => data.ticket_id === ticket.id)
          .map(({ event, data }) => `${event} ${data.rev} ${shown(data)}`);
      await eventually(() =>
        expect(told()).toEqual([
          'reaction 2 👍1',
          'message 3 ',
          'reaction 4 👍1 ❤️1',
          'reaction 5 ❤️1',
        ]),
      );
    }
    const late = await listenAs(ana);
    const page = await late.ask('sync', { ticket_id: ticket.id, after: 1 });
    expect(page).toMatchObject({ head: 5, more: false });
    expect(page.messages.map((one: MessageView) => `${one.rev} ${shown(one)}`)).toEqual([
      '3 ',
      '5 ❤️1',
    ]);
  });

  test('to a note is for staff alone, in their own stream', async () => {
    const { ana, kim, ticket } = await begin();
    const written = await kim.call<MessageView>('POST', `/tickets/${ticket.id}/notes`, {
      content: 'hm',
    });
    const [hers, his] = [await listenAs(ana), await listenAs(kim)];
    const { body } = await put(kim, written.body, '👍', 'notes');
    expect([shown(body), body.seq, body.rev]).toEqual(['👍1', 1, 2]);
    await eventually(() => expect(his.events('note_reaction')).toHaveLength(1));
    expect((await put(ana, written.body, '👍', 'notes')).status).toBe(403);
    expect((await put(ana, written.body, '👍')).status).toBe(404);
    await ana.send(ticket.id, 'the next one');
    await eventually(() => expect(hers.events('message')).toHaveLength(1));
    expect(hers.events('note_reaction')).toEqual([]);
    expect((await remove(kim, written.body, '👍', 'notes')).body.reactions).toEqual([]);
  });

  test('that was set and taken back sixty times leaves pages as they were', async () => {
    const { ana, kim, ticket, message } = await begin();
    for (let round = 0; round < 60; round++) {
      await put(kim, message, '👍');
      await remove(kim, message, '👍');
    }
    const { body: second } = await ana.send(ticket.id, 'second');
    const newest = await ana.list(ticket.id, '?limit=1');
    expect(newest.body.map(({ id }) => id)).toEqual([second.id]);
    const changes = await ana.list(ticket.id, '?after=0&limit=1');
    expect(changes.body).toMatchObject([{ id: message.id, rev: 121, reactions: [] }]);
  });
});
