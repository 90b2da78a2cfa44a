import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Types } from 'mongoose';
import type { ErasureView } from '../../src/contract/erasures.ts';
import type { MessageView } from '../../src/contract/messages.ts';
import type { TicketView } from '../../src/contract/tickets.ts';
import { systemActor } from '../../src/domain/access/actor.ts';
import { discoverLogs } from '../../src/domain/consumers/discovery.ts';
import { createOffsets } from '../../src/domain/consumers/offsets.ts';
import { deleteTicket } from '../../src/domain/erasure/delete-ticket.ts';
import { native, oid } from '../../src/domain/log/collections.ts';
import { noteDiscordWiped } from '../../src/domain/mirror/deleted.ts';
import { createClock } from '../../src/infra/clock.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { findWord, killedAt, LAST_LOOK, withWorker } from '../support/erasure.ts';
import { eventually } from '../support/eventually.ts';
import { type Listener, listenAt, newPerson, type Person } from '../support/people.ts';
import { uploadTo } from '../support/uploads.ts';

/** No word of any language, so that wherever it stands it was put there. */
const WORD = 'zyzzyvaq';
const MISSING = 'ffffffffffffffffffffffff';

let app: RunningApp;
let two: RunningApp;
let root: Person;
let agent: Person;
const sockets: Listener[] = [];
beforeAll(async () => {
  app = await startApp({ SWEEP_INTERVAL_MS: '300' });
  two = await startApp({ DB_NAME: app.ctx.config.dbName, SWEEP_INTERVAL_MS: '300' });
  root = newPerson(app.url, 'ADMIN');
  agent = newPerson(app.url, 'AGENT');
});
afterAll(async () => {
  for (const { socket } of sockets) socket.disconnect();
  await two.stopServer();
  await two.close();
  await app.stop();
});

const remove = (id: string, by = root) => by.call('DELETE', `/tickets/${id}`);
const receiptOf = async (id: string) =>
  (await root.call<ErasureView>('GET', `/erasures/${id}`)).body;

async function listen(person: Person, url = app.url): Promise<Listener> {
  const listener = listenAt(url);
  sockets.push(listener);
  await listener.ask('authorize', { token: person.token });
  return listener;
}

/** A ticket with the word in everything that people write. */
async function plantTicket(owner: Person, word = WORD): Promise<TicketView> {
  const ticket = await owner.createTicket({
    topic: `about ${word}`,
    description: `it is ${word}`,
    client_id: `${word} key of ${owner.id}`,
    context: { page: word },
  });
  const path = `/tickets/${ticket.id}`;
  const { body: file } = await uploadTo(app.url, owner.token, ticket.id, word, `${word}.txt`);
  const sent = await owner.send(ticket.id, `my ${word}`, {
    attachments: [file.id],
    client_id: `${word} message`,
  });
  await owner.call('PATCH', `${path}/messages/${sent.body.id}`, { content: `our ${word}` });
  const gone = await owner.send(ticket.id, `no ${word}`);
  await owner.call('DELETE', `${path}/messages/${gone.body.id}`);
  await agent.send(ticket.id, `your ${word}?`);
  await agent.call('POST', `${path}/notes`, { content: `they say ${word}` });
  await agent.call('PATCH', path, { tags: [word], sub_category: word });
  await owner.call('PATCH', path, { topic: `more about ${word}` });
  return ticket;
}

/** All entries of a ticket, log by log. */
async function logsOf(id: string) {
  const rows = await app.ctx.db.entries.collection
    .find({ ticket_id: oid(id) })
    .sort({ stream: 1, seq: 1 })
    .toArray();
  return {
    public: rows.filter(({ stream }) => stream === 'public'),
    internal: rows.filter(({ stream }) => stream === 'internal'),
  };
}

describe('who may delete a ticket', () => {
  test('by role, of the own, another’s and a missing one', async () => {
    const statuses = async (person: Person) => {
      const own = await person.createTicket();
      const others = await newPerson(app.url, 'CUSTOMER').createTicket();
      const ids = [own.id, others.id, MISSING];
      return Promise.all(ids.map(async (id) => (await remove(id, person)).status));
    };
    expect(await statuses(newPerson(app.url, 'TEMP_USER'))).toEqual([403, 404, 404]);
    expect(await statuses(newPerson(app.url, 'CUSTOMER'))).toEqual([403, 404, 404]);
    expect(await statuses(agent)).toEqual([403, 403, 404]);
    expect(await statuses(root)).toEqual([204, 204, 404]);
  });

  test('whatever its status, and only once', async () => {
    const ana = newPerson(app.url, 'CUSTOMER');
    const closed = await ana.createTicket();
    await ana.close(closed.id);
    const claimed = await ana.createTicket();
    await agent.call('POST', `/tickets/${claimed.id}/claim`);
    for (const { id } of [closed, claimed]) {
      expect((await remove(id)).status).toBe(204);
      expect((await remove(id)).status).toBe(404);
    }
  });
});

describe('a ticket that was deleted', () => {
  let ana: Person;
  let ben: Person;
  let ticket: TicketView;
  let other: TicketView;
  let before: MessageView[];
  let files: string[];
  let heard: { owner: Listener; staff: Listener; far: Listener; narrow: Listener };
  beforeAll(async () => {
    ana = newPerson(app.url, 'CUSTOMER', { username: `Ana ${WORD}`, email: `${WORD}@example.com` });
    ticket = await plantTicket(ana);
    ben = newPerson(app.url, 'CUSTOMER');
    other = await plantTicket(ben, 'untouched');
    before = (await ben.list(other.id)).body;
    files = (await ana.list(ticket.id)).body.flatMap(({ attachments }) => attachments);
    heard = {
      owner: await listen(ana),
      staff: await listen(agent),
      far: await listen(ana, two.url),
      narrow: await listen(agent, two.url),
    };
    await heard.narrow.ask('subscribe', { ticket_id: ticket.id });
    await withWorker(app.ctx, async () => {
      const found = await agent.call<TicketView[]>('GET', `/tickets?q=${WORD}`);
      expect(found.body.map(({ id }) => id)).toContain(ticket.id);
    });
    expect((await remove(ticket.id)).status).toBe(204);
    await eventually(() => {
      for (const one of Object.values(heard)) {
        expect(endsHeard(one).map(({ event }) => event)).toContain('ticket_deleted');
      }
    });
  });

  /** What somebody was told of the end of this ticket; staff may still be told of earlier ones. */
  const endsHeard = ({ received }: Listener) =>
    received.filter(
      ({ event, data }) =>
        ['ticket_closed', 'ticket_deleted'].includes(event) &&
        (data.ticket_id ?? data.id) === ticket.id,
    );

  test('everybody who was connected hears it, on every node, its customer after ticket_closed', async () => {
    const { public: log } = await logsOf(ticket.id);
    const told = {
      ticket_id: ticket.id,
      number: ticket.number,
      deleted_at: expect.any(Number),
      last_seq: log.at(-1)?.seq,
    };
    for (const [name, listener] of Object.entries(heard)) {
      const of = endsHeard(listener);
      const isOwner = name === 'owner' || name === 'far';
      expect([name, of.map(({ event }) => event)]).toEqual([
        name,
        isOwner ? ['ticket_closed', 'ticket_deleted'] : ['ticket_deleted'],
      ]);
      expect(of.at(-1)?.data).toEqual(told);
      expect(JSON.stringify(of)).not.toContain(WORD);
    }
    const [closed] = heard.owner.events('ticket_closed');
    expect(closed).toMatchObject({ id: ticket.id, status: 'CLOSED', last_seq: told.last_seq });
  });

  test('is 404 for everybody, over every route and event', async () => {
    const path = `/tickets/${ticket.id}`;
    const calls: [string, string, object?][] = [
      ['GET', path],
      ['PATCH', path, { topic: 'x' }],
      ['GET', `${path}/messages`],
      ['GET', `${path}/messages?after=0`],
      ['POST', `${path}/messages`, { content: 'x', client_id: `${WORD} message` }],
      ['GET', `${path}/history`],
      ['GET', `${path}/comments`],
      ['POST', `${path}/close`, {}],
      ['POST', `${path}/reopen`, {}],
      ['GET', `${path}/notes`],
      ['POST', `${path}/notes`, { content: 'x' }],
    ];
    const ask = async (person: Person, [method, at, body]: (typeof calls)[number]) =>
      `${method} ${at} ${(await person.call(method, at, body)).status}`;
    for (const person of [ana, agent, root]) {
      const answers = await Promise.all(calls.map((call) => ask(person, call)));
      expect(answers).toEqual(calls.map(([method, at]) => `${method} ${at} 404`));
    }
    for (const listener of Object.values(heard)) {
      const asked = await listener.ask('sync', { ticket_id: ticket.id, after: 0 });
      expect(asked).toMatchObject({ ok: false, error: 'NOT_FOUND' });
    }
    const again = await heard.narrow.ask('send_note', { ticket_id: ticket.id, content: 'x' });
    expect(again).toMatchObject({ ok: false, error: 'NOT_FOUND' });
  });

  test('is on no list, in no search and under no link', async () => {
    const listed = await root.call<TicketView[]>('GET', '/tickets?limit=100');
    expect(listed.body.map(({ id }) => id)).not.toContain(ticket.id);
    const isDone = async () => expect((await receiptOf(ticket.id)).wiped_at).not.toBeNull();
    await withWorker(app.ctx, isDone);
    for (const person of [ana, agent]) {
      expect((await person.call('GET', `/tickets?q=${WORD}`)).body).toEqual([]);
    }
    expect(files).toHaveLength(1);
    for (const url of files) expect((await fetch(url)).status).toBe(404);
  });

  test('leaves nothing in the database but number, times and who did it', async () => {
    await withWorker(
      app.ctx,
      async () => expect((await receiptOf(ticket.id)).done_at).not.toBeNull(),
      { later: LAST_LOOK },
    );
    expect(await findWord(app.ctx, WORD)).toEqual([]);
    // Whose it was stands in the other ticket alone.
    const rows = await app.ctx.db.entries.collection.find({ ticket_id: oid(ticket.id) }).toArray();
    expect(new Set(rows.map(({ owner }) => owner))).toEqual(new Set(['']));
    expect(await receiptOf(ticket.id)).toEqual({
      id: ticket.id,
      kind: 'ticket',
      why: 'request',
      part_of: null,
      by: { id: root.id, name: 'Ana' },
      at: expect.any(Number),
      wiped_at: expect.any(Number),
      done_at: expect.any(Number),
      discord: 'none',
      counts: { tickets: 1, entries: 10, files: 1, transcripts: 0, profiles: 0, blocks: 0 },
      ticket: { number: ticket.number, created_at: ticket.created_at, closed_at: null },
    });
  });

  test('has logs without a hole, that a last entry ends', async () => {
    const logs = await logsOf(ticket.id);
    for (const log of Object.values(logs)) {
      expect(log.map(({ seq }) => seq)).toEqual(log.map((_, nth) => nth + 1));
      expect(log.map(({ action }) => action)).toEqual([
        ...log.slice(1).map(() => 'wiped'),
        'deleted',
      ]);
    }
  });

  test('leaves other tickets as they were', async () => {
    const after = (await ben.list(other.id)).body;
    const plain = (rows: MessageView[]) =>
      rows.map(({ attachments: _, files: __, ...rest }) => rest);
    expect(plain(after)).toEqual(plain(before));
    const [url] = after.flatMap(({ attachments }) => attachments);
    expect(await (await fetch(url as string)).text()).toBe('untouched');
    const found = await agent.call<TicketView[]>('GET', '/tickets?q=untouched');
    expect(found.body.map(({ id }) => id)).toEqual([other.id]);
  });
});

describe('a deletion that meets others', () => {
  test('while many write on two nodes, what was accepted stands below its end and nothing above', async () => {
    const ana = newPerson(app.url, 'CUSTOMER');
    const far = { ...newPerson(two.url, 'CUSTOMER', { id: ana.id }) };
    const { id } = await ana.createTicket();
    await Promise.all([ana.send(id, 'first'), far.send(id, 'first there')]);
    const sends = Array.from({ length: 30 }, (_, nth) =>
      (nth % 2 ? ana : far).send(id, `line ${nth}`),
    );
    const [removed, ...answers] = await Promise.all([remove(id), ...sends]);
    expect(removed.status).toBe(204);
    for (const { status } of answers) expect([201, 404]).toContain(status);
    for (const person of [ana, far]) expect((await person.send(id, 'late')).status).toBe(404);
    const { public: log } = await logsOf(id);
    const end = log.at(-1);
    expect(end?.action).toBe('deleted');
    expect(log.map(({ seq }) => seq)).toEqual(log.map((_, nth) => nth + 1));
    const accepted = answers.flatMap(({ status, body }) =>
      status === 201 ? [(body as MessageView).seq] : [],
    );
    for (const seq of accepted) expect(seq).toBeLessThan(end?.seq);
    expect(log).toHaveLength(accepted.length + 3);
  });

  test('a node that has not heard of it writes nothing above its end, a note neither', async () => {
    const { id } = await newPerson(app.url, 'CUSTOMER').createTicket();
    const far = newPerson(two.url, 'AGENT');
    const note = () => far.call('POST', `/tickets/${id}/notes`, { content: 'x' });
    expect((await note()).status).toBe(201);
    expect((await far.send(id, 'x')).status).toBe(201);
    expect((await remove(id)).status).toBe(204);
    // Between two polls, and with no bus between the two.
    expect([(await note()).status, (await far.send(id, 'y')).status]).toEqual([404, 404]);
    const { public: log, internal } = await logsOf(id);
    expect([log.at(-1)?.action, internal.at(-1)?.action]).toEqual(['deleted', 'deleted']);
  });

  test('two at once: one of them deletes it', async () => {
    const { id } = await newPerson(app.url, 'CUSTOMER').createTicket();
    const answers = await Promise.all([
      remove(id),
      remove(id, newPerson(two.url, 'ADMIN')),
      remove(id),
    ]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual([204, 404, 404]);
    expect((await logsOf(id)).public).toHaveLength(1);
  });
});

test('a worker killed at every step, one after the other: the next goes on, to the end', async () => {
  const word = `${WORD}killed`;
  const { id } = await plantTicket(newPerson(app.url, 'CUSTOMER'), word);
  await remove(id);
  const points = [
    ['before-wipe-step', 1],
    ['after-wipe-step', 1],
    ['before-wipe-step', 2],
    ['before-file-removal', 1],
    ['after-file-removal', 1],
    ['before-wipe-step', 3],
  ] as const;
  let later = 0;
  for (const [point, nth] of points) {
    const { failpoint, hasDied } = killedAt(point, nth);
    // What failed is tried again later.
    later += 60_000;
    await withWorker(app.ctx, () => expect(hasDied()).toBe(true), { failpoint, later });
    expect([point, (await receiptOf(id)).wiped_at]).toEqual([point, null]);
  }
  later += 60_000;
  const isWiped = async () => expect((await receiptOf(id)).wiped_at).not.toBeNull();
  await withWorker(app.ctx, isWiped, { later });
  expect(await findWord(app.ctx, word)).toEqual([]);
  expect(await native(app.ctx.db.usage).findOne({ _id: `ticket ${id}` })).toBeNull();
});

test('a log of thousands of entries is wiped to its end', async () => {
  const word = `${WORD}long`;
  const ana = newPerson(app.url, 'CUSTOMER');
  const { id } = await ana.createTicket();
  await ana.send(id, word);
  const [first] = (await logsOf(id)).public;
  const rows = Array.from({ length: 2100 }, (_, nth) => {
    const _id = new Types.ObjectId();
    return { ...first, _id, seq: nth + 2, client_id: `${word} ${nth}` };
  });
  await app.ctx.db.entries.collection.insertMany(rows);
  await remove(id);
  const isWiped = async () => expect((await receiptOf(id)).wiped_at).not.toBeNull();
  await withWorker(app.ctx, isWiped);
  expect((await receiptOf(id)).counts.entries).toBe(2101);
  expect(await findWord(app.ctx, word)).toEqual([]);
});

test('a node that dies between deleting and telling: the others hear of it all the same', async () => {
  const ana = newPerson(app.url, 'CUSTOMER');
  const { id } = await ana.createTicket();
  await ana.send(id, 'hello');
  const listener = await listen(ana, two.url);
  const { failpoint } = killedAt('after-tombstone');
  const dying = { ...app.ctx, failpoint };
  await expect(deleteTicket(dying, systemActor, id)).rejects.toThrow('killed');
  await eventually(() => expect(listener.events('ticket_deleted')).toHaveLength(1));
  expect(listener.events('ticket_closed')).toHaveLength(1);
});

describe('a ticket that only waits for Discord', () => {
  const isWaiting = (id: string) =>
    native(app.ctx.db.erasures).updateOne({ _id: oid(id) }, { $set: { discord: 'waiting' } });
  const dueRow = (id: string) => native(app.ctx.db.due).findOne({ _id: `wipe-ticket ${id}` });

  test('is not gone through again, is asked after later and later, and marked for the next bot', async () => {
    const { id } = await newPerson(app.url, 'CUSTOMER').createTicket();
    await remove(id);
    await isWaiting(id);
    await withWorker(app.ctx, async () => expect((await receiptOf(id)).wiped_at).not.toBeNull());
    let later = LAST_LOOK;
    const pauses: number[] = [];
    const usage = native(app.ctx.db.usage);
    const planted = { _id: `ticket ${id}`, bytes: 0 } as never;
    const isPlanted = async () => (await usage.countDocuments(planted)) === 1;
    for (const waits of [1, 2, 3, 9]) {
      const data = waits - 1;
      if (waits === 9) await native(app.ctx.db.due).updateOne({ key: id }, { $set: { data } });
      const hasWaited = async () => expect((await dueRow(id))?.data).toBe(waits);
      await withWorker(app.ctx, hasWaited, { later });
      const pause = (await dueRow(id))!.at! - (Date.now() + later);
      pauses.push(Math.round(pause / 60_000));
      later += pause + 60_000;
      // Another pass would take it away.
      if (waits === 1) await usage.insertOne(planted);
    }
    expect(pauses).toEqual([10, 20, 40, 360]);
    expect(await isPlanted()).toBe(true);
    const mirror = () => app.ctx.db.mirrors.collection.findOne({ _id: oid(id) });
    expect(await mirror()).toMatchObject({ lagging: true, channel_id: null });

    await noteDiscordWiped(app.ctx, id, { transcripts: 1, isSure: true }, 1);
    await withWorker(app.ctx, async () => expect((await receiptOf(id)).done_at).not.toBeNull(), {
      later: LAST_LOOK,
    });
    expect(await isPlanted()).toBe(false);
    expect(await mirror()).toBeNull();
    expect(await receiptOf(id)).toMatchObject({ discord: 'done', counts: { transcripts: 1 } });
  }, 60_000);
});

test('a consumer takes deletions up behind what has just been said', async () => {
  const ana = newPerson(app.url, 'CUSTOMER');
  const { id } = await ana.createTicket();
  const places: string[] = [];
  const lease = {
    fencingToken: 1,
    since: 0,
    isHeld: () => true,
    require: () => undefined,
    signal: new AbortController().signal,
    release: () => Promise.resolve(),
  };
  const discovery = discoverLogs(app.ctx, {
    name: 'order',
    streams: ['public'],
    lease,
    offsets: { ...createOffsets(app.ctx, 'order', 1), async *listFirst() {} },
    schedule: ({ ticketId }, place) => void (ticketId === id && places.push(place)),
    isPast: () => true,
    listOpen: () => [],
  });
  try {
    // What the scan at the start finds is last as well.
    await eventually(async () => {
      const mark = await native(app.ctx.db.watermarks).findOne({ _id: 'order' });
      expect(mark?.complete).toBe(true);
    });
    places.length = 0;
    await ana.send(id, 'hello');
    await remove(id);
    await eventually(() => expect(places).toEqual(['first', 'last']));
  } finally {
    discovery.stop();
  }
});

test('a deletion that took too long is not committed: polls would look past its last entry', async () => {
  const { id } = await newPerson(app.url, 'CUSTOMER').createTicket();
  let asked = 0;
  // Six seconds go by between two looks at the clock.
  const slow = { ...app.ctx, clock: createClock(() => Date.now() + 6000 * asked++) };
  await expect(deleteTicket(slow, systemActor, id)).rejects.toThrow('took too long');
  expect((await root.call('GET', `/tickets/${id}`)).status).toBe(200);
  expect(await native(app.ctx.db.erasures).findOne({ _id: oid(id) })).toBeNull();
  expect((await remove(id)).status).toBe(204);
});
