import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Types } from 'mongoose';
import { endpoints } from '../../src/contract/endpoints.ts';
import { clientEvents } from '../../src/contract/events.ts';
import type { MessageView } from '../../src/contract/messages.ts';
import type { TicketView } from '../../src/contract/tickets.ts';
import type { Actor } from '../../src/domain/access/actor.ts';
import { type Author, internalLog, publicLog } from '../../src/domain/log/entry.ts';
import type { Decision, Draft } from '../../src/domain/log/pending-writes.ts';
import { nothingMirrored } from '../../src/domain/mirror/mirrors.ts';
import { readTicket } from '../../src/domain/tickets/read.ts';
import { planTranscript } from '../../src/domain/transcript/files.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { eventually } from '../support/eventually.ts';
import { listenAt, newPerson, type Person } from '../support/people.ts';

/** Stands in every text that is written to the internal stream. */
const PLANTED = 'planted-7f3a9c';
/** The idempotency key of a note: a customer who has chosen the same must not find out. */
const NOTE_KEY = 'key-of-a-note';

let one: RunningApp;
let two: RunningApp;
beforeAll(async () => {
  one = await startApp({ SWEEP_INTERVAL_MS: '200' });
  two = await startApp({ DB_NAME: one.ctx.config.dbName, SWEEP_INTERVAL_MS: '200' });
});
afterAll(async () => {
  await two.stopServer();
  await two.close();
  await one.stop();
});

const kim: Author = { key: 'staff||kim', id: 'kim', name: `Kim ${PLANTED}`, role: 'AGENT' };

const actorOf = ({ id, role }: Person): Actor => ({
  ...{ key: id, id, username: 'Ana', email: null, role },
  origin: 'web',
});

/** Writes to the internal stream of a ticket as a verb of the help desk would. */
async function plant(ticketId: string, draft: (id: string) => Draft | Promise<Draft>) {
  const id = new Types.ObjectId().toHexString();
  const appended = await one.ctx.writer.append({
    log: internalLog(ticketId),
    entryId: id,
    author: kim,
    clientId: id,
    batchable: false,
    decide: async (): Promise<Decision> => ({ append: await draft(id) }),
  });
  if (!('entry' in appended)) throw new Error('nothing was appended');
  return appended.entry;
}

/** A note, an edit of it, a change of the ticket and a deletion: everything a log can hold. */
async function plantAll(ticketId: string): Promise<void> {
  const base = (id: string) => ({
    id,
    at: Date.now() + 3_600_000,
    author: kim,
    client_id: id,
    origin: 'web' as const,
    request: PLANTED,
  });
  const files = [{ id: 'f'.repeat(24), name: `${PLANTED}.txt`, type: 'text/plain', size: 1 }];
  const note = await plant(ticketId, (id) => ({
    ...base(id),
    type: 'message',
    content: `${PLANTED} note`,
    files,
  }));
  const { id, seq, at, author, client_id, origin } = note;
  const of = { id, seq, at, author, client_id, origin };
  await plant(ticketId, (own) => ({
    ...base(own),
    type: 'edit',
    content: `${PLANTED} edited`,
    files,
    of,
  }));
  await plant(ticketId, (own) => ({
    ...base(own),
    type: 'react',
    content: `${PLANTED} edited`,
    files,
    reactions: [{ emoji: '🎯', author: kim, origin: 'web' }],
    reaction: { emoji: '🎯', set: true },
    of,
  }));
  const row = await one.ctx.store.readTicketRow(ticketId);
  if (!row) throw new Error('no ticket');
  const { _id, stored: _, ...ticket } = row;
  await plant(ticketId, (own) => ({
    ...base(own),
    type: 'ticket_change',
    action: `${PLANTED}_snoozed`,
    changes: {},
    ticket: { id: ticketId, ...ticket, topic: PLANTED },
  }));
  await plant(ticketId, (own) => ({ ...base(own), type: 'delete', content: PLANTED, files, of }));
}

/** Notes as staff write them, edit and delete them, over REST and sockets, on both nodes, with a file. */
async function writeNotes(
  ticketId: string,
  staff: Person,
): Promise<{ noteId: string; fileId: string }> {
  const place = `/tickets/${ticketId}`;
  const form = new FormData();
  form.set('file', new Blob([`${PLANTED} bytes`]), `${PLANTED}.txt`);
  const stored = await fetch(`${one.url}/api/v1${place}/attachments`, {
    method: 'POST',
    headers: { authorization: `Bearer ${staff.token}` },
    body: form,
  });
  const { id: fileId } = (await stored.json()) as { id: string };
  const first = { content: `${PLANTED} one`, client_id: NOTE_KEY, attachments: [fileId] };
  const note = await staff.call<MessageView>('POST', `${place}/notes`, first);
  expect(note.status).toBe(201);
  const listener = listenAt(two.url);
  await listener.ask('authorize', { token: staff.token });
  const where = { ticket_id: ticketId };
  const content = `${PLANTED} two`;
  const sent = await listener.ask('send_note', { ...where, content, reply_to: note.body.id });
  const again = { ...where, note_id: sent.note.id };
  await listener.ask('edit_note', { ...again, content: `${PLANTED} two, edited` });
  await staff.call('PATCH', `${place}/notes/${note.body.id}`, { content: `${PLANTED} edited` });
  const reacted = await staff.call('PUT', `${place}/notes/${note.body.id}/reactions/🎯`);
  expect(reacted.status).toBe(200);
  expect((await listener.ask('delete_note', again)).ok).toBe(true);
  listener.socket.close();
  return { noteId: note.body.id, fileId };
}

/** What differs from answer to answer whatever was written: signatures, ids of requests, limits. */
const withoutNoise = (text: string) =>
  text
    .replace(/exp=\d+(&amp;|&|\\u0026)sig=[\w-]+/g, 'exp=&sig=')
    .replace(/("type":"export","at":)\d+/, '$1');

/** Everything a customer can read of a ticket over REST, as bytes, head lines included. */
async function readEverything(url: string, token: string, ids: Record<string, string>) {
  const answers: string[] = [];
  const rows = Object.values(endpoints).filter(
    ({ method, auth }) => method === 'GET' && auth === 'token',
  );
  for (const row of rows) {
    const path = row.path.replace(/:(\w+)/g, (_, name: string) => ids[name] ?? '0'.repeat(24));
    const versions = row.path.endsWith('/transcript')
      ? ['?version=staff', '?version=customer']
      : [];
    const common = ['', '?after=0', '?limit=1', '?after=0&limit=1', '?status=OPEN'];
    for (const query of [...common, ...versions]) {
      const answer = await fetch(`${url}${path}${query}`, {
        headers: { authorization: `Bearer ${token}` },
      });
      const head = ['deskcord-head', 'deskcord-delivered', 'link'].map((name) =>
        answer.headers.get(name),
      );
      answers.push(`${path}${query} ${answer.status} ${head} ${await answer.text()}`);
    }
  }
  return answers.map(withoutNoise);
}

/** What a customer is answered by every route that changes something, given the ids of staff's things. */
async function tryEverything(url: string, token: string, ids: Record<string, string>) {
  const answers: string[] = [];
  const { noteId = '', fileId = '' } = ids;
  const rows = Object.values(endpoints).filter(
    ({ method, auth }) => method !== 'GET' && auth === 'token',
  );
  for (const row of rows) {
    const path = row.path.replace(/:(\w+)/g, (_, name: string) =>
      name === 'emoji' ? '🎯' : (ids[name] ?? noteId),
    );
    for (const more of [{ reply_to: noteId }, { attachments: [fileId] }, { client_id: NOTE_KEY }]) {
      const answer = await fetch(`${url}${path}`, {
        method: row.method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ content: 'x', ...more }),
      });
      answers.push(`${row.method} ${path} ${answer.status} ${await answer.text()}`);
    }
  }
  return answers;
}

/** A socket of one person that keeps every packet it gets as text. */
async function record(url: string, token: string) {
  const listener = listenAt(url);
  const packets: string[] = [];
  const engine = () => listener.socket.io.engine;
  listener.socket.io.on('open', () =>
    engine().on('packet', ({ data }) => packets.push(String(data))),
  );
  const authorised = await listener.ask('authorize', { token });
  return { ...listener, packets, authorised };
}

describe('what is written to the internal stream', () => {
  test('reaches a customer by no route, no event and no count', async () => {
    const ana = newPerson(one.url, 'CUSTOMER');
    const ticket: TicketView = await ana.createTicket();
    const sent = await ana.send(ticket.id, 'hello');
    const ids = { ticketId: ticket.id, messageId: sent.body.id };
    const sockets = [await record(one.url, ana.token), await record(two.url, ana.token)];
    const before = [
      await readEverything(one.url, ana.token, ids),
      await readEverything(two.url, ana.token, ids),
    ];

    await plantAll(ticket.id);
    // Long enough for the other node to find it on its own: it hears of the next message so.
    await ana.send(ticket.id, 'after the notes');
    for (const { packets } of sockets) {
      await eventually(() => expect(packets.join('\n')).toContain('after the notes'));
    }
    for (const listener of sockets) {
      for (const event of Object.keys(clientEvents)) {
        const input = { ticket_id: ticket.id, after: 0, seq: 1, content: 'x', stream: 'internal' };
        await listener.socket
          .timeout(2000)
          .emitWithAck(event as never, input as never)
          .catch(() => null);
      }
    }
    const all = [
      ...(await readEverything(one.url, ana.token, ids)),
      ...(await readEverything(two.url, ana.token, ids)),
    ].join('\n');
    expect(all).not.toContain(PLANTED);
    for (const { packets, socket } of sockets) {
      expect(packets.length).toBeGreaterThan(1);
      expect(packets.join('\n')).not.toContain(PLANTED);
      socket.close();
    }
    expect(before[0]).toEqual(before[1]?.map((line) => line.replaceAll(two.url, one.url)));
  });

  test('changes nothing that a customer can compare: no seq, time, head or total', async () => {
    const ana = newPerson(one.url, 'CUSTOMER');
    const ticket = await ana.createTicket();
    const sent = await ana.send(ticket.id, 'hello');
    const ids = { ticketId: ticket.id, messageId: sent.body.id };
    const _id = new Types.ObjectId(ticket.id);
    const mirrors = one.ctx.db.mirrors.collection;
    await mirrors.insertOne({ _id, ...nothingMirrored(), seq: 5, delivered: 5, epoch: 0 });
    const before = await readEverything(one.url, ana.token, ids);
    expect(before.join('\n')).toContain(`${ticket.id}/messages 200 1,1,`);
    await plantAll(ticket.id);
    await mirrors.updateOne({ _id }, { $set: { internal_seq: 5 } });
    expect(await readEverything(one.url, ana.token, ids)).toEqual(before);
    const listener = await record(two.url, ana.token);
    expect(listener.authorised).toMatchObject({ cursors: { [ticket.id]: 1 } });
    listener.socket.close();
    const next = await ana.send(ticket.id, 'next');
    expect(next.body).toMatchObject({ seq: 2, rev: 2 });
  });

  test('notes reach a customer by no route, event, transcript or file, and move nothing', async () => {
    const ana = newPerson(one.url, 'CUSTOMER');
    const staff = newPerson(one.url, 'AGENT', { username: `Kim ${PLANTED}` });
    const ticket = await ana.createTicket();
    const sent = await ana.send(ticket.id, 'hello');
    const seen = { ticketId: ticket.id, messageId: sent.body.id };
    const before = await readEverything(one.url, ana.token, seen);
    const sockets = [await record(one.url, ana.token), await record(two.url, ana.token)];
    const { noteId, fileId } = await writeNotes(ticket.id, staff);
    expect(await readEverything(one.url, ana.token, seen)).toEqual(before);

    const ids = { ...seen, noteId, id: fileId, fileId };
    const answers = await readEverything(one.url, ana.token, { ...ids, messageId: noteId });
    for (const name of [PLANTED, `${PLANTED}.txt`]) {
      for (const query of ['', '?exp=9999999999999&sig=x']) {
        const file = await fetch(`${one.url}/api/v1/files/${fileId}/${name}${query}`);
        expect(file.status).toBe(403);
        answers.push(await file.text());
      }
    }
    // Long enough for the other node to find the notes on its own: it hears of the next message so.
    await ana.send(ticket.id, 'after the notes');
    for (const { packets, socket } of sockets) {
      await eventually(() => expect(packets.join('\n')).toContain('after the notes'));
      for (const event of Object.keys(clientEvents)) {
        const place = {
          ticket_id: ticket.id,
          note_id: noteId,
          message_id: noteId,
          stream: 'internal',
        };
        const input = { ...place, after: 0, seq: 1, content: 'x', reply_to: noteId };
        await socket
          .timeout(2000)
          .emitWithAck(event as never, input as never)
          .catch(() => null);
      }
    }
    answers.push(...(await tryEverything(two.url, ana.token, ids)));
    const { ticket: stored, head } = await readTicket(one.ctx, actorOf(ana), ticket.id);
    const snapshot = { log: publicLog(ticket.id), head: head.seq };
    const plan = await planTranscript(one.ctx, stored, snapshot, 1_000_000);
    for await (const { data } of plan.files()) answers.push(data.toString());
    for (const { packets, socket } of sockets) {
      answers.push(...packets);
      socket.close();
    }
    expect(answers.length).toBeGreaterThan(40);
    expect(answers.filter((answer) => answer.includes(PLANTED))).toEqual([]);
    const fresh = await record(two.url, ana.token);
    expect(fresh.packets.join('\n')).not.toContain(PLANTED);
    fresh.socket.close();
  }, 60_000);

  test('by no id: what a customer may not see is answered like what is not there', async () => {
    const ana = newPerson(one.url, 'CUSTOMER');
    const staff = newPerson(one.url, 'AGENT');
    const ticket = await ana.createTicket();
    const { noteId, fileId } = await writeNotes(ticket.id, staff);
    const block = { user_id: 'somebody', reason: 'rude' };
    const blocked = await staff.call<{ id: string }>('POST', '/blocks', block);
    const reply = { name: 'Hello', text: 'Hello' };
    const who = { first_name: 'Ben', last_name: 'Smith' };
    const canned = await staff.call<{ id: string }>('POST', '/canned-replies', reply);
    const profile = await staff.call<{ id: string }>('POST', '/customers', who);
    const made = [blocked, canned, profile].map(({ status, body }) => [status, typeof body.id]);
    expect(made).toEqual([1, 2, 3].map(() => [201, 'string']));
    const hidden: Record<string, string> = {
      ...{ messageId: noteId, noteId, attachmentId: fileId, id: fileId, agentId: staff.id },
      ...{ blockId: blocked.body.id, replyId: canned.body.id, customerId: profile.body.id },
    };
    const missing = 'e'.repeat(24);
    const differing: unknown[] = [];
    let compared = 0;
    for (const row of Object.values(endpoints)) {
      const names = [...row.path.matchAll(/:(\w+)/g)].map(([, name = '']) => name);
      for (const name of names.filter((one) => hidden[one])) {
        const ask = async (id: string) => {
          const path = row.path.replace(/:(\w+)/g, (_, each: string) => {
            if (each === name) return id;
            return each === 'emoji' ? '🎯' : each === 'ticketId' ? ticket.id : missing;
          });
          const answer = await fetch(`${one.url}${path}`, {
            method: row.method,
            redirect: 'manual',
            headers: { authorization: `Bearer ${ana.token}`, 'content-type': 'application/json' },
            ...(row.method !== 'GET' && {
              body: JSON.stringify({ content: 'x', ...reply, ...who }),
            }),
          });
          return [
            answer.status,
            (await answer.text()).replaceAll(id, ''),
            answer.headers.get('location'),
          ];
        };
        const answers = [await ask(hidden[name] as string), await ask(missing)];
        compared++;
        if (JSON.stringify(answers[0]) !== JSON.stringify(answers[1])) {
          differing.push([row.method, row.path, name, ...answers]);
        }
      }
    }
    const listener = await record(one.url, ana.token);
    const inputs: [string, (id: string) => object][] = [
      ['edit', (message_id) => ({ message_id, content: 'x' })],
      ['delete', (message_id) => ({ message_id })],
      ['edit_note', (note_id) => ({ note_id, content: 'x' })],
      ['delete_note', (note_id) => ({ note_id })],
      ['send_message', (reply_to) => ({ content: 'x', reply_to })],
      ['send_message', (id) => ({ content: 'x', attachments: [id] })],
    ];
    for (const [event, input] of inputs) {
      const ask = (id: string) => listener.ask(event, { ticket_id: ticket.id, ...input(id) });
      const own = event === 'send_message' && 'attachments' in input('') ? fileId : noteId;
      const answers = [await ask(own), await ask(missing)];
      compared++;
      expect(answers[0]).toMatchObject({ ok: false });
      if (JSON.stringify(answers[0]) !== JSON.stringify(answers[1])) {
        differing.push([event, ...answers]);
      }
    }
    listener.socket.close();
    expect(differing).toEqual([]);
    expect(compared).toBeGreaterThan(25);
  });

  test('may use the same idempotency key as a public message, since it is another log', async () => {
    const ana = newPerson(one.url, 'AGENT', { id: 'kim' });
    const ticket = await ana.createTicket();
    await ana.send(ticket.id, 'public', { client_id: 'same' });
    const note = await one.ctx.writer.append({
      log: internalLog(ticket.id),
      entryId: new Types.ObjectId().toHexString(),
      author: kim,
      clientId: 'same',
      batchable: true,
      decide: () => ({
        append: {
          id: new Types.ObjectId().toHexString(),
          type: 'message',
          at: Date.now(),
          author: kim,
          client_id: 'same',
          origin: 'web',
          content: 'internal',
        },
      }),
    });
    expect(note).toMatchObject({ repeated: false, entry: { seq: 1, stream: 'internal' } });
    expect((await ana.send(ticket.id, 'public', { client_id: 'same' })).status).toBe(200);
  });
});
