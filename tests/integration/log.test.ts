import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Types } from 'mongoose';
import type { MessageView } from '../../src/contract/messages.ts';
import type { Actor } from '../../src/domain/actor.ts';
import { native } from '../../src/domain/log/collections.ts';
import {
  deleteMessage,
  editMessage,
  listMessages,
  sendMessage,
} from '../../src/domain/messages.ts';
import { closeTicket, createTicket, updateTicket } from '../../src/domain/tickets.ts';
import { AppError } from '../../src/errors.ts';
import type { EntryRow } from '../../src/models/entry.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { eventually } from '../support/eventually.ts';
import { freshDatabaseName } from '../support/mongo.ts';
import { listenAt, newPerson, type Person, personAt } from '../support/people.ts';

/** Two servers on one database, each with its own writer, that hear of each other by the sweep only. */
let one: RunningApp;
let two: RunningApp;
beforeAll(async () => {
  const env = { DB_NAME: freshDatabaseName(), SWEEP_INTERVAL_MS: '200' };
  one = await startApp(env);
  two = await startApp(env);
});
afterAll(async () => {
  await two.stop();
  await one.stop();
});

/** The log of a ticket as it is stored. */
function entriesOf(ticketId: string): Promise<EntryRow[]> {
  const place = { ticket_id: Types.ObjectId.createFromHexString(ticketId) };
  return native(one.ctx.db.entries).find(place).sort({ seq: 1 }).toArray() as never;
}

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1);

/** No hole, no double, nothing after the closing, no change after a deletion. */
async function expectSoundLog(ticketId: string): Promise<EntryRow[]> {
  const rows = await entriesOf(ticketId);
  expect(rows.map(({ seq }) => seq)).toEqual(upTo(rows.length));
  const closing = rows.findIndex(({ change }) => change === 'closed');
  if (closing >= 0) expect(closing).toBe(rows.length - 1);
  const deleted = new Set<string>();
  for (const { type, of } of rows) {
    if (of) expect(deleted).not.toContain(of.id.toHexString());
    if (type === 'delete' && of) deleted.add(of.id.toHexString());
  }
  return rows;
}

const onTwo = (person: Person) => personAt(two.url, person.token);

describe('one entry for one client_id', () => {
  test('twenty times at once on one server: one 201, 19 × 200, equal messages', async () => {
    const ana = newPerson(one.url);
    const ticket = await ana.createTicket();
    const answers = await Promise.all(
      upTo(20).map(() => ana.send(ticket.id, 'once', { client_id: 'c' })),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([...Array(19).fill(200), 201]);
    for (const { body } of answers) expect(body).toEqual(answers[0]?.body);
    expect(await expectSoundLog(ticket.id)).toHaveLength(1);
  });

  test('and on two servers, over REST and sockets', async () => {
    const ana = newPerson(one.url);
    for (let round = 0; round < 5; round++) {
      const ticket = await ana.createTicket();
      const sockets = [listenAt(one.url), listenAt(two.url)];
      for (const socket of sockets) await socket.ask('authorize', { token: ana.token });
      const input = { ticket_id: ticket.id, content: 'once', client_id: 'c' };
      const bodies: MessageView[] = await Promise.all([
        ...upTo(5).map(async () => (await ana.send(ticket.id, 'once', { client_id: 'c' })).body),
        ...upTo(5).map(
          async () => (await onTwo(ana).send(ticket.id, 'once', { client_id: 'c' })).body,
        ),
        ...sockets.flatMap((socket) =>
          upTo(5).map(async () => (await socket.ask('send_message', input)).message),
        ),
      ]);
      for (const body of bodies) expect(body).toEqual(bodies[0]);
      expect(await expectSoundLog(ticket.id)).toHaveLength(1);
      for (const { socket } of sockets) socket.close();
    }
  });

  test('with differing contents exactly one wins and the others are told: 409', async () => {
    const ana = newPerson(one.url);
    const ticket = await ana.createTicket();
    const answers = await Promise.all(
      upTo(10).map((i) =>
        (i % 2 ? ana : onTwo(ana)).send(ticket.id, `text ${i}`, { client_id: 'c' }),
      ),
    );
    const statuses = answers.map(({ status }) => status).toSorted();
    expect(statuses).toEqual([201, ...Array(9).fill(409)]);
    expect(await expectSoundLog(ticket.id)).toHaveLength(1);
  });
});

describe('many writers on one ticket', () => {
  test('200 sends by four people on two servers: seq 1 to 200, in the order of the answers', async () => {
    const ana = newPerson(one.url);
    const staff = [
      newPerson(one.url, 'AGENT'),
      newPerson(one.url, 'AGENT'),
      newPerson(one.url, 'ADMIN'),
    ];
    const ticket = await ana.createTicket();
    const socket = listenAt(one.url);
    await socket.ask('authorize', { token: ana.token });
    const history: { from: number; to: number; seq: number }[] = [];
    let tick = 0;
    const writeAs = async (person: Pick<Person, 'send'>, count: number) => {
      for (const i of upTo(count)) {
        const from = tick++;
        const { status, body } = await person.send(ticket.id, `m${i}`);
        expect(status).toBe(201);
        history.push({ from, to: tick++, seq: body.seq });
      }
    };
    await Promise.all(
      [ana, ...staff].flatMap((person) => [
        writeAs(person, 10),
        writeAs(person, 15),
        writeAs(onTwo(person), 25),
      ]),
    );
    expect(history.map(({ seq }) => seq).toSorted((a, b) => a - b)).toEqual(upTo(200));
    for (const a of history) {
      for (const b of history) if (a.to < b.from) expect(a.seq).toBeLessThan(b.seq);
    }
    await expectSoundLog(ticket.id);
    const listed = (await ana.list(ticket.id)).body;
    expect(listed.map(({ seq }) => seq)).toEqual(upTo(200));
    await eventually(() =>
      expect(socket.events('message').map(({ seq }) => seq)).toEqual(upTo(200)),
    );
    expect((await newOn(two, ana).list(ticket.id)).body).toEqual(listed);
    socket.socket.close();
  });

  const newOn = (app: RunningApp, person: Person) => personAt(app.url, person.token);

  test('a long queue of one ticket keeps its order and its edge cases', async () => {
    const ana = newPerson(one.url);
    const kim = newPerson(one.url, 'AGENT');
    const ticket = await ana.createTicket();
    const sends = upTo(60).map((i) => ana.send(ticket.id, `m${i}`, { client_id: `c${i % 50}` }));
    const level = kim.call('PATCH', `/tickets/${ticket.id}`, { issue_level: 'URGENT' });
    const answers = await Promise.all(sends);
    expect((await level).status).toBe(200);
    // Ten of the client ids came twice, with another text.
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(50);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(10);
    expect(await expectSoundLog(ticket.id)).toHaveLength(51);
  });
});

describe('races', () => {
  test('closing and sending on two servers: what was accepted stands before the closing', async () => {
    const ana = newPerson(one.url);
    const kim = newPerson(one.url, 'AGENT');
    for (let round = 0; round < 8; round++) {
      const ticket = await ana.createTicket();
      if (round % 2) await onTwo(ana).send(ticket.id, 'warm');
      const sends = upTo(12).map((i) => (i % 2 ? ana : onTwo(ana)).send(ticket.id, `m${i}`));
      const closes = [kim.close(ticket.id, 'one'), onTwo(kim).close(ticket.id, 'two')];
      const [sent, closed] = [await Promise.all(sends), await Promise.all(closes)];
      for (const { status } of sent) expect([201, 409]).toContain(status);
      expect(closed.map(({ status }) => status)).toEqual([200, 200]);
      expect(closed[0]?.body).toEqual(closed[1]?.body);
      const rows = await expectSoundLog(ticket.id);
      const accepted = sent.filter(({ status }) => status === 201).map(({ body }) => body.id);
      const stored = rows.filter(({ type, content }) => type === 'message' && content !== 'warm');
      expect(stored.map(({ _id }) => _id.toHexString()).toSorted()).toEqual(accepted.toSorted());
      expect(rows.at(-1)?.change).toBe('closed');
      const late = await Promise.all([
        ana.send(ticket.id, 'late'),
        onTwo(ana).send(ticket.id, 'late'),
      ]);
      expect(late.map(({ status }) => status)).toEqual([409, 409]);
    }
  });

  test('edits and deletions on two servers: the deletion is the last, and only one is accepted', async () => {
    const ana = newPerson(one.url);
    const kim = newPerson(one.url, 'AGENT');
    for (let round = 0; round < 5; round++) {
      const ticket = await ana.createTicket();
      const { body: message } = await ana.send(ticket.id, 'first');
      const path = `/tickets/${ticket.id}/messages/${message.id}`;
      const edits = upTo(6).map((i) =>
        (i % 2 ? ana : onTwo(ana)).call('PATCH', path, { content: `e${i}` }),
      );
      const deletions = [ana.call('DELETE', path), onTwo(kim).call('DELETE', path)];
      const edited = (await Promise.all(edits)).map(({ status }) => status);
      const deleted = (await Promise.all(deletions)).map(({ status }) => status);
      expect(deleted.toSorted()).toEqual([200, 404]);
      for (const status of edited) expect([200, 404]).toContain(status);
      const rows = await expectSoundLog(ticket.id);
      expect(rows).toHaveLength(2 + edited.filter((status) => status === 200).length);
      expect(rows.at(-1)?.type).toBe('delete');
      expect((await ana.list(ticket.id)).body).toEqual([]);
    }
  });

  test('changes of a ticket on two servers: every accepted one is an entry, the ticket is the last one’s', async () => {
    const ana = newPerson(one.url);
    const kim = newPerson(one.url, 'AGENT');
    const ticket = await ana.createTicket();
    const answers = await Promise.all(
      upTo(20).map((i) =>
        (i % 2 ? kim : onTwo(kim)).call<{ last_seq: number; topic: string }>(
          'PATCH',
          `/tickets/${ticket.id}`,
          { topic: `topic ${i}` },
        ),
      ),
    );
    expect(new Set(answers.map(({ body }) => body.last_seq)).size).toBe(20);
    await expectSoundLog(ticket.id);
    const last = answers.find(({ body }) => body.last_seq === 20);
    expect((await ana.call('GET', `/tickets/${ticket.id}`)).body).toEqual(last?.body);
    expect((await onTwo(ana).call('GET', `/tickets/${ticket.id}`)).body).toEqual(last?.body);
  });

  test('what one server writes, the sockets of the other hear in order, each once', async () => {
    const ana = newPerson(one.url);
    const ticket = await ana.createTicket();
    const socket = listenAt(two.url);
    await socket.ask('authorize', { token: ana.token });
    for (const i of upTo(10)) await (i % 3 ? ana : onTwo(ana)).send(ticket.id, `m${i}`);
    await eventually(() =>
      expect(socket.events('message').map(({ rev }) => rev)).toEqual(upTo(10)),
    );
    await ana.close(ticket.id);
    await eventually(() =>
      expect(socket.events('ticket_closed')).toMatchObject([{ last_seq: 11 }]),
    );
    socket.socket.close();
  });
});

const people: Actor[] = (['CUSTOMER', 'AGENT'] as const).map((role) => ({
  key: `model-${role}`,
  id: `model-${role}`,
  username: role,
  email: `${role}@example.com`,
  role,
  origin: 'web',
}));

const who = fc.integer({ min: 0, max: 1 });
const content = fc.constantFrom('a', 'b', 'c');
const command = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('send' as const),
      who,
      content,
      clientId: fc.option(fc.integer({ min: 0, max: 2 }), { nil: undefined }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('edit' as const),
      who,
      content,
      index: fc.nat({ max: 5 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant('delete' as const), who, index: fc.nat({ max: 5 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('level' as const),
      who,
      level: fc.constantFrom('NORMAL' as const, 'URGENT' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('close' as const), who }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('sync' as const),
      limit: fc.integer({ min: 1, max: 3 }),
    }),
  },
);
type Command = typeof command extends fc.Arbitrary<infer C> ? C : never;

interface ModelMessage {
  id: string;
  who: number;
  seq: number;
  rev: number;
  first: string;
  content: string;
  deleted: boolean;
}

/** A ticket's log as a plain array would keep it, and a client that syncs now and then. */
class Model {
  messages: ModelMessage[] = [];
  seen = new Map<string, ModelMessage>();
  head = 0;
  closed = false;
  level = 'NORMAL';
  cursor = 0;
  client = new Map<string, MessageView>();
  readonly ticketId: string;

  constructor(ticketId: string) {
    this.ticketId = ticketId;
  }

  target(index: number): ModelMessage | undefined {
    return this.messages[index % Math.max(1, this.messages.length)];
  }
}

/** The error's code, or the value. */
async function outcomeOf<T>(work: Promise<T>): Promise<T | string> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
}

async function runSend(model: Model, step: Command & { type: 'send' }): Promise<void> {
  const { clientId } = step;
  const body = {
    content: step.content,
    ...(clientId !== undefined && { client_id: `c${clientId}` }),
  };
  const got = await outcomeOf(
    sendMessage(one.ctx, people[step.who] as Actor, model.ticketId, body),
  );
  const key = `${step.who} ${clientId}`;
  const seen = clientId === undefined ? undefined : model.seen.get(key);
  if (seen) {
    const same = seen.first === step.content;
    const { id, rev, deleted } = seen;
    if (same) expect(got).toMatchObject({ repeated: true, message: { id, rev, deleted } });
    else expect(got).toBe('CONFLICT');
    return;
  }
  if (model.closed) return expect(got).toBe('CONFLICT');
  const seq = ++model.head;
  expect(got).toMatchObject({ repeated: false, message: { seq, rev: seq, content: step.content } });
  const { id } = (got as { message: MessageView }).message;
  const message = {
    id,
    who: step.who,
    seq,
    rev: seq,
    first: step.content,
    content: step.content,
    deleted: false,
  };
  model.messages.push(message);
  if (clientId !== undefined) model.seen.set(key, message);
}

async function runChange(model: Model, step: Command & { type: 'edit' | 'delete' }): Promise<void> {
  const target = model.target(step.index);
  const id = target?.id ?? 'f'.repeat(24);
  const actor = people[step.who] as Actor;
  const got = await outcomeOf(
    step.type === 'edit'
      ? editMessage(one.ctx, actor, model.ticketId, id, { content: step.content })
      : deleteMessage(one.ctx, actor, model.ticketId, id),
  );
  const mayChange = target?.who === step.who || (step.type === 'delete' && step.who === 1);
  if (model.closed) return expect(got).toBe('CONFLICT');
  if (!target || target.deleted) return expect(got).toBe('NOT_FOUND');
  if (!mayChange) return expect(got).toBe('FORBIDDEN');
  target.rev = ++model.head;
  target.deleted = step.type === 'delete';
  target.content = step.type === 'edit' ? step.content : '';
  const { seq, rev, deleted } = target;
  expect(got).toMatchObject({ id, seq, rev, deleted, content: target.content });
}

async function runStatus(model: Model, step: Command & { type: 'level' | 'close' }): Promise<void> {
  const actor = people[step.who] as Actor;
  if (step.type === 'close') {
    const got = await outcomeOf(closeTicket(one.ctx, actor, model.ticketId, {}));
    if (!model.closed) model.head++;
    model.closed = true;
    return expect(got).toMatchObject({ status: 'CLOSED', last_seq: model.head });
  }
  const body = { issue_level: step.level };
  const got = await outcomeOf(updateTicket(one.ctx, actor, model.ticketId, body));
  if (step.who === 0) return expect(got).toBe('FORBIDDEN');
  if (model.closed) return expect(got).toBe('CONFLICT');
  if (model.level !== step.level) model.head++;
  model.level = step.level;
  expect(got).toMatchObject({ issue_level: step.level, last_seq: model.head });
}

/** The client reads page after page, and afterwards has what the model has. */
async function runSync(model: Model, limit: number): Promise<void> {
  for (let more = true; more; ) {
    const page = await listMessages(one.ctx, people[0] as Actor, model.ticketId, {
      after: model.cursor,
      limit,
    });
    for (const message of page.messages) {
      expect(message.rev).toBeGreaterThan(model.cursor);
      model.cursor = message.rev;
      if (message.deleted) model.client.delete(message.id);
      else model.client.set(message.id, message);
    }
    expect(page.head).toBe(model.head);
    more = page.more;
  }
  const fresh = await listMessages(one.ctx, people[0] as Actor, model.ticketId, {});
  const kept = [...model.client.values()].toSorted((a, b) => a.seq - b.seq);
  const show = ({ id, seq, rev, content: text, edited }: MessageView) => ({
    id,
    seq,
    rev,
    text,
    edited,
  });
  expect(kept.map(show)).toEqual(fresh.messages.map(show));
  expect(kept.map(({ id, rev, content: text }) => [id, rev, text])).toEqual(
    model.messages
      .filter(({ deleted }) => !deleted)
      .map(({ id, rev, content: text }) => [id, rev, text]),
  );
}

async function runSequence(steps: Command[]): Promise<void> {
  const body = { topic: 't', description: 'd' };
  const { ticket } = await createTicket(one.ctx, people[0] as Actor, body);
  const model = new Model(ticket.id);
  for (const step of steps) {
    if (step.type === 'send') await runSend(model, step);
    else if (step.type === 'edit' || step.type === 'delete') await runChange(model, step);
    else if (step.type === 'sync') await runSync(model, step.limit);
    else await runStatus(model, step);
  }
  await runSync(model, 2);
  expect(await expectSoundLog(ticket.id)).toHaveLength(model.head);
}

test('1,000 random sequences of commands do to the log what they do to a plain array', async () => {
  const sequence = fc.array(command, { minLength: 1, maxLength: 10 });
  // Many at a time, so that their commits meet in the same batches.
  const together = fc.array(sequence, { minLength: 125, maxLength: 125 });
  await fc.assert(
    fc.asyncProperty(together, async (sequences) => {
      await Promise.all(sequences.map(runSequence));
    }),
    { numRuns: 8, seed: 20_260_101, endOnFailure: true },
  );
});
