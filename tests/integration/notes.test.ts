import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Types } from 'mongoose';
import { createStaffClient, type StaffClient } from '../../client/staff-client.ts';
import { createMemoryStorage } from '../../client/storage.ts';
import type { DeskEventView } from '../../src/contract/events.ts';
import type { MessageView } from '../../src/contract/messages.ts';
import { internalLog } from '../../src/domain/log/entry.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { eventually } from '../support/eventually.ts';
import { type Listener, listenAt, newPerson, type Person } from '../support/people.ts';

/** Two nodes that hear of each other by the database alone. */
let one: RunningApp;
let two: RunningApp;
const open: { close(): void }[] = [];
beforeAll(async () => {
  one = await startApp({ SWEEP_INTERVAL_MS: '200' });
  two = await startApp({ DB_NAME: one.ctx.config.dbName, SWEEP_INTERVAL_MS: '200' });
});
afterEach(() => {
  for (const each of open.splice(0)) each.close();
});
afterAll(async () => {
  await two.stopServer();
  await two.close();
  await one.stop();
});

const write = (by: Person, ticketId: string, content: string, more: object = {}, headers = {}) =>
  by.call<MessageView>('POST', `/tickets/${ticketId}/notes`, { content, ...more }, headers);
const list = (by: Person, ticketId: string, query = '') =>
  by.call<MessageView[]>('GET', `/tickets/${ticketId}/notes${query}`);
const contents = ({ body }: { body: MessageView[] }) => body.map(({ content }) => content);

async function begin() {
  const ana = newPerson(one.url, 'CUSTOMER');
  return { ana, kim: newPerson(one.url, 'AGENT'), ticket: await ana.createTicket() };
}

/** A socket of somebody; one of staff is narrowed to one ticket, or it would hear of everybody's. */
async function listenAs(
  { token, role }: Person,
  ticketId: string,
  url = one.url,
): Promise<Listener> {
  const listener = listenAt(url);
  open.push(listener.socket);
  await listener.ask('authorize', { token });
  if (role === 'AGENT') await listener.ask('subscribe', { ticket_id: ticketId });
  return listener;
}

/** A desk event, as a verb of the help desk writes one. */
async function happen(ticketId: string, action: string, by: 'web' | 'system' = 'web') {
  const id = new Types.ObjectId().toHexString();
  const author = { key: 'staff||kim', id: 'kim', name: 'Kim', role: 'AGENT' as const };
  await one.ctx.writer.append({
    log: internalLog(ticketId),
    entryId: id,
    author,
    clientId: id,
    batchable: false,
    decide: ({ ticket }) => ({
      append: {
        id,
        type: 'ticket_change',
        at: Date.now(),
        author,
        client_id: id,
        origin: by,
        action,
        changes: { snoozed_until: [null, 5] },
        ticket,
      },
    }),
  });
}

describe('notes over REST', () => {
  test('are written, listed with the head of their own log, edited and deleted', async () => {
    const { ana, kim, ticket } = await begin();
    await ana.send(ticket.id, 'hello');
    const first = await write(kim, ticket.id, 'one');
    expect(first).toMatchObject({ status: 201, body: { seq: 1, rev: 1, content: 'one' } });
    const second = await write(kim, ticket.id, 'two', { reply_to: first.body.id });
    expect(second.body.reply_to).toBe(first.body.id);
    const path = `/tickets/${ticket.id}/notes/${first.body.id}`;
    const edited = await kim.call<MessageView>('PATCH', path, { content: 'one, corrected' });
    expect(edited).toMatchObject({ status: 200, body: { seq: 1, rev: 3, edited: true } });
    const all = await list(kim, ticket.id);
    expect(contents(all)).toEqual(['one, corrected', 'two']);
    expect(all.headers.get('deskcord-head')).toBe('3');
    const gone = await kim.call<MessageView>('DELETE', path);
    expect(gone).toMatchObject({ status: 200, body: { deleted: true, content: '' } });
    expect(contents(await list(kim, ticket.id))).toEqual(['two']);
    expect((await kim.call('PATCH', path, { content: 'again' })).status).toBe(404);
    const changes = await list(kim, ticket.id, '?after=2');
    expect(changes.body).toMatchObject([{ id: first.body.id, rev: 4, deleted: true }]);
    expect((await ana.list(ticket.id)).headers.get('deskcord-head')).toBe('1');
  });

  test('come in pages, in either direction', async () => {
    const { kim, ticket } = await begin();
    for (let n = 1; n <= 5; n++) await write(kim, ticket.id, `${n}`);
    const newest = await list(kim, ticket.id, '?limit=2');
    expect(contents(newest)).toEqual(['4', '5']);
    const older = newest.headers.get('link') as string;
    expect(older).toContain(`/tickets/${ticket.id}/notes?limit=2&before=4`);
    expect(contents(await list(kim, ticket.id, '?limit=2&before=4'))).toEqual(['2', '3']);
    const changes = await list(kim, ticket.id, '?limit=2&after=1');
    expect(contents(changes)).toEqual(['2', '3']);
    expect(changes.headers.get('link')).toContain('limit=2&after=3');
  });

  test('go on behind desk events, which a list of notes does not show', async () => {
    const { kim, ticket } = await begin();
    for (let n = 0; n < 3; n++) await happen(ticket.id, 'snoozed');
    await write(kim, ticket.id, 'at last');
    const first = await list(kim, ticket.id, '?limit=2&after=0');
    expect(first.body).toEqual([]);
    expect(first.headers.get('link')).toContain('limit=2&after=2');
    expect(contents(await list(kim, ticket.id, '?limit=2&after=2'))).toEqual(['at last']);
  });

  test('may be written when the ticket has ended, and answer a message never', async () => {
    const { ana, kim, ticket } = await begin();
    const sent = await ana.send(ticket.id, 'hello');
    expect((await write(kim, ticket.id, 'hm', { reply_to: sent.body.id })).status).toBe(400);
    const note = await write(kim, ticket.id, 'before');
    expect((await kim.send(ticket.id, 'x', { reply_to: note.body.id })).status).toBe(400);
    expect((await ana.send(ticket.id, 'x', { reply_to: note.body.id })).status).toBe(400);
    await ana.close(ticket.id);
    expect((await write(kim, ticket.id, 'after')).status).toBe(201);
    const path = `/tickets/${ticket.id}/notes/${note.body.id}`;
    expect((await kim.call('PATCH', path, { content: 'still' })).status).toBe(200);
    expect((await kim.call('DELETE', path)).status).toBe(200);
    expect((await kim.send(ticket.id, 'late')).status).toBe(409);
  });

  test('are there once, however often and wherever they are sent; each log has keys of its own', async () => {
    const { kim, ticket } = await begin();
    const there = { ...kim, ...newPerson(two.url, 'AGENT', { id: kim.id }) };
    const client_id = 'the same';
    const tries = Array.from({ length: 20 }, (_, n) =>
      write(n % 2 ? kim : there, ticket.id, 'once', { client_id }),
    );
    const answers = await Promise.all(tries);
    // A busy machine may keep one waiting for longer than a write may take: that one is not answered.
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => ![200, 201, 503].includes(status))).toEqual([]);
    expect(statuses.filter((status) => status === 201).length).toBeLessThanOrEqual(1);
    const settled = await write(kim, ticket.id, 'once', { client_id });
    const taken = answers.filter(({ status }) => status < 300);
    expect(taken.filter(({ body }) => body.id !== settled.body.id)).toEqual([]);
    expect(contents(await list(kim, ticket.id))).toEqual(['once']);
    expect((await write(kim, ticket.id, 'another', { client_id })).status).toBe(409);
    expect((await kim.send(ticket.id, 'public', { client_id })).status).toBe(201);
    const key = { 'Idempotency-Key': 'by header' };
    expect((await write(kim, ticket.id, 'h', {}, key)).status).toBe(201);
    expect((await write(kim, ticket.id, 'h', {}, key)).status).toBe(200);
  });

  test('have files, whose links go with the note', async () => {
    const { kim, ticket } = await begin();
    const form = new FormData();
    form.set('file', new Blob(['of the staff']), 'a.txt');
    const answer = await fetch(`${one.url}/api/v1/tickets/${ticket.id}/attachments`, {
      method: 'POST',
      headers: { authorization: `Bearer ${kim.token}` },
      body: form,
    });
    const { id } = (await answer.json()) as { id: string };
    const note = await write(kim, ticket.id, '', { attachments: [id] });
    const url = note.body.attachments[0] as string;
    expect(await (await fetch(url)).text()).toBe('of the staff');
    await kim.call('DELETE', `/tickets/${ticket.id}/notes/${note.body.id}`);
    expect((await fetch(url)).status).toBe(404);
  });
});

describe('notes over sockets', () => {
  test('are written, edited and deleted; every socket of staff hears it on every node, nobody else does', async () => {
    const { ana, kim, ticket } = await begin();
    const writer = await listenAs(kim, ticket.id);
    const colleague = await listenAs(newPerson(one.url, 'AGENT'), ticket.id, two.url);
    const customers = [await listenAs(ana, ticket.id), await listenAs(ana, ticket.id, two.url)];
    const place = { ticket_id: ticket.id };
    const { note } = await writer.ask('send_note', { ...place, content: 'one' });
    const again = { ...place, note_id: note.id };
    const edited = await writer.ask('edit_note', { ...again, content: 'two' });
    expect(edited).toMatchObject({ ok: true, note: { rev: 2, content: 'two' } });
    expect(await writer.ask('delete_note', again)).toMatchObject({ note: { deleted: true } });
    await happen(ticket.id, 'snoozed', 'system');
    for (const listener of [writer, colleague]) {
      // Others' may still be told to who has just come.
      const ofNote = (name: string) =>
        listener.events(name).filter(({ ticket_id }) => ticket_id === ticket.id);
      await eventually(() => expect(ofNote('desk_event')).toHaveLength(1));
      expect(ofNote('note')).toMatchObject([{ id: note.id, rev: 1 }]);
      expect(ofNote('edit_note')).toMatchObject([{ id: note.id, rev: 2 }]);
      expect(ofNote('delete_note')).toMatchObject([{ id: note.id, rev: 3 }]);
      const [event] = ofNote('desk_event') as DeskEventView[];
      expect(event).toMatchObject({ ticket_id: ticket.id, seq: 4, kind: 'snoozed', by: null });
      expect(event?.data).toEqual({ snoozed_until: [null, 5] });
      const order = listener.received
        .filter(({ data }) => data.ticket_id === ticket.id)
        .map(({ event: name }) => name);
      expect(order.filter((name) => /note|desk/.test(name))).toEqual([
        'note',
        'edit_note',
        'delete_note',
        'desk_event',
      ]);
    }
    await ana.send(ticket.id, 'done');
    for (const customer of customers) {
      await eventually(() => expect(customer.events('message')).toHaveLength(1));
      // A sweep that was under way may tell of the ticket, too.
      const expected = ['authorized', 'ticket_created', 'message'];
      expect(customer.received.filter(({ event }) => !expected.includes(event))).toEqual([]);
    }
  });

  test('a customer is refused whatever there is, and told nothing else', async () => {
    const { ana, kim, ticket } = await begin();
    const note = await write(kim, ticket.id, 'hm');
    const listener = await listenAs(ana, ticket.id);
    const place = { ticket_id: ticket.id };
    for (const note_id of [note.body.id, 'f'.repeat(24)]) {
      for (const [event, input] of [
        ['send_note', { ...place, content: 'x', reply_to: note_id }],
        ['edit_note', { ...place, note_id, content: 'x' }],
        ['delete_note', { ...place, note_id }],
        ['sync', { ...place, after: 0, stream: 'internal' }],
      ] as const) {
        const answer = await listener.ask(event, input);
        expect(answer).toEqual({ ok: false, error: 'FORBIDDEN', message: expect.any(String) });
      }
    }
  });

  test('a sync of the internal stream brings notes and desk events up to its head, page by page', async () => {
    const { kim, ticket } = await begin();
    const listener = await listenAs(kim, ticket.id);
    const first = await write(kim, ticket.id, 'one');
    await happen(ticket.id, 'snoozed');
    await write(kim, ticket.id, 'two');
    await kim.call('DELETE', `/tickets/${ticket.id}/notes/${first.body.id}`);
    const place = { ticket_id: ticket.id, stream: 'internal' };
    const page = await listener.ask('sync', { ...place, after: 0 });
    expect(page).toMatchObject({ ok: true, head: 4, more: false, ticket: { last_seq: 0 } });
    expect(page.messages).toMatchObject([
      { content: 'two', rev: 3 },
      { deleted: true, rev: 4 },
    ]);
    const by = { id: 'kim', name: 'Kim' };
    expect(page.events).toMatchObject([{ seq: 2, kind: 'snoozed', by }]);
    expect(await listener.ask('sync', { ...place, after: 4 })).toMatchObject({
      messages: [],
      events: [],
      head: 4,
    });
    const open = await listener.ask('sync', { ticket_id: ticket.id, after: 0 });
    expect(open).toMatchObject({ head: 0, messages: [] });
    expect(open).not.toHaveProperty('events');
  });

  test('when some of them cannot be read, staff alone are told to sync that stream', async () => {
    const { ana, kim, ticket } = await begin();
    const [staff, customer] = [
      await listenAs(kim, ticket.id, two.url),
      await listenAs(ana, ticket.id, two.url),
    ];
    await write(kim, ticket.id, 'one');
    await eventually(() => expect(staff.events('note')).toHaveLength(1));
    const entries = one.ctx.db.entries.collection;
    const place = { ticket_id: Types.ObjectId.createFromHexString(ticket.id), stream: 'internal' };
    // A log has no holes: the node reads until it gives up.
    const owner = (await entries.findOne(place))?.owner;
    await entries.insertOne({
      ...place,
      owner,
      seq: 3,
      stored: (await entries.findOne(place))?.stored,
    });
    await entries.updateOne(
      { ...place, seq: 3 },
      { $currentDate: { stored: { $type: 'timestamp' } } },
    );
    const told = { ticket_id: ticket.id, after: 1, stream: 'internal' };
    await eventually(() => expect(staff.events('resync')).toContainEqual(told), {
      timeout: 20_000,
    });
    expect(customer.events('resync')).toEqual([]);
    await entries.deleteOne({ ...place, seq: 3 });
  }, 40_000);
});

describe('a client of staff', () => {
  /** A client, and what it hears of one ticket: staff hear of everybody's. */
  function openClient(
    person: Person,
    ticketId: string,
    { storage = createMemoryStorage(), url = one.url } = {},
  ) {
    const client: StaffClient = createStaffClient({
      url,
      getToken: () => person.token,
      timeout: 2000,
      storage,
    });
    open.push(client);
    const heard: string[] = [];
    for (const name of ['note', 'edit_note', 'delete_note'] as const) {
      client.on(name, ({ ticket_id, content }) => {
        if (ticket_id === ticketId) heard.push(`${name} ${content}`);
      });
    }
    client.on('desk_event', ({ ticket_id, kind }) => {
      if (ticket_id === ticketId) heard.push(kind);
    });
    const told: string[] = [];
    client.on('message', ({ ticket_id, content }) => {
      if (ticket_id === ticketId) told.push(content);
    });
    return { client, heard, told };
  }

  test('lists, writes, edits and deletes notes, and hears of others’', async () => {
    const { kim, ticket } = await begin();
    const { client, heard, told } = openClient(kim, ticket.id);
    client.connect();
    await eventually(() => expect(client.connection.state).toBe('online'));
    const notes = client.notes(ticket.id);
    expect(await notes.list()).toEqual({ notes: [], head: 0, more: false });
    const note = await notes.send('one').accepted;
    await notes.edit(note.id, 'two');
    await notes.remove(note.id);
    await write(newPerson(one.url, 'AGENT'), ticket.id, 'three');
    await happen(ticket.id, 'snoozed');
    await eventually(() =>
      expect(heard).toEqual(['note one', 'edit_note two', 'delete_note ', 'note three', 'snoozed']),
    );
    expect(notes.outbox).toEqual([]);
    expect(told).toEqual([]);
    expect(client.outbox(ticket.id)).toEqual([]);
  });

  test('hears once, in order, what happened while it was away', async () => {
    const { kim, ticket } = await begin();
    const { client, heard } = openClient(kim, ticket.id);
    client.connect();
    await eventually(() => expect(client.connection.state).toBe('online'));
    const notes = client.notes(ticket.id);
    await notes.list();
    await write(kim, ticket.id, 'one');
    await eventually(() => expect(heard).toEqual(['note one']));
    client.pause();
    await write(kim, ticket.id, 'two');
    await happen(ticket.id, 'snoozed');
    await write(kim, ticket.id, 'three');
    client.connect();
    await eventually(() =>
      expect(heard).toEqual(['note one', 'note two', 'snoozed', 'note three']),
    );
    await write(kim, ticket.id, 'four');
    await eventually(() => expect(heard.at(-1)).toBe('note four'));
    expect(heard).toHaveLength(5);
  });

  test('what was written offline is sent by the next client on the same storage, as a note', async () => {
    const { kim, ticket } = await begin();
    const storage = createMemoryStorage();
    // Nobody listens there.
    const first = openClient(kim, ticket.id, { storage, url: 'http://127.0.0.1:9' });
    first.client.notes(ticket.id).send('kept');
    await eventually(async () => expect(await storage.keys('outbox-of-notes/')).toHaveLength(1));
    first.client.close();
    expect(await storage.keys('outbox/')).toEqual([]);
    const { client } = openClient(kim, ticket.id, { storage });
    client.connect();
    await eventually(async () => expect(contents(await list(kim, ticket.id))).toEqual(['kept']));
    expect(contents(await kim.list(ticket.id))).toEqual([]);
    await eventually(() => expect(client.notes(ticket.id).outbox).toEqual([]));
  });
});
