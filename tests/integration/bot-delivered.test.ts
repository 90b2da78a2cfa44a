import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Socket } from 'socket.io-client';
import { oid } from '../../src/domain/log/collections.ts';
import { closeTicket } from '../../src/domain/tickets/close.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { agent, type Desk, openDesk } from '../support/bridge.ts';
import {
  channelOf,
  channelsOf,
  clearFaults,
  discordPerson,
  fault,
  stateOf,
  textsIn,
} from '../support/discord.ts';
import { botThatDies } from '../support/dying-bot.ts';
import { eventually } from '../support/eventually.ts';
import { type Listener, listenAt, newPerson, type Person } from '../support/people.ts';
import { startRedis } from '../support/redis.ts';
import { uploadTo } from '../support/uploads.ts';

/** The bot in a process of its own, and a server, which meet through Redis. */
let redis: Awaited<ReturnType<typeof startRedis>>;
let desk: Desk;
let server: RunningApp;
let sockets: Socket[] = [];
const patience = { timeout: 20_000 };

beforeAll(async () => {
  redis = await startRedis();
  desk = await openDesk({}, { REDIS_URL: redis.url });
  const { dbName } = desk.config;
  server = await startApp({ DB_NAME: dbName, REDIS_URL: redis.url, SWEEP_INTERVAL_MS: '500' });
  const buses = [desk.ctx.bus, server.ctx.bus];
  await eventually(() => expect(buses.every((bus) => bus.healthy())).toBe(true));
}, 60_000);
afterEach(async () => {
  await clearFaults(desk.sim);
  await desk.stopBots();
  for (const socket of sockets) socket.disconnect();
  sockets = [];
});
afterAll(async () => {
  await desk.end();
  await server.stop();
  await redis.close();
});

async function listen({ token }: Pick<Person, 'token'>): Promise<Listener> {
  const listener = listenAt(server.url, { auth: { token } });
  sockets.push(listener.socket);
  await eventually(() => expect(listener.events('authorized')).toHaveLength(1));
  return listener;
}

/** A customer whose page is open, and a ticket of theirs. */
async function begin() {
  const ana = newPerson(server.url, 'CUSTOMER', { username: 'Ana' });
  const page = await listen(ana);
  const ticket = await ana.createTicket();
  const told = () =>
    page.events('delivered').flatMap((one) => (one.ticket_id === ticket.id ? [one.seq] : []));
  const isTold = (wanted: number[]) => eventually(() => expect(told()).toEqual(wanted), patience);
  const inChannel = async () =>
    textsIn(desk.sim, (await channelOf(desk.sim, ticket.number)).id as string);
  return { ana, page, ticket, told, isTold, inChannel };
}

/** What somebody who comes now is told, over both doors. */
async function asked({ page, ana, ticket }: Pick<Began, 'page' | 'ana' | 'ticket'>) {
  const { delivered } = await page.ask('sync', { ticket_id: ticket.id, after: 0 });
  const { headers } = await ana.list(ticket.id);
  expect(headers.get('deskcord-delivered')).toBe(delivered === undefined ? null : `${delivered}`);
  return delivered;
}
type Began = Awaited<ReturnType<typeof begin>>;

/** Something else of the same customer's is delivered: what was to come before it would have. */
async function passTime() {
  const { ticket, isTold, ana } = await begin();
  await ana.send(ticket.id, 'meanwhile');
  await isTold([0, 1]);
}

describe('a customer is told that what they have written is delivered', () => {
  test('when its post stands in the channel, the description first, and not of what staff say', async () => {
    await desk.bot();
    const { ana, page, ticket, isTold, told, inChannel } = await begin();
    await isTold([0]);
    expect(await asked({ page, ana, ticket })).toBe(0);
    await ana.send(ticket.id, 'one');
    await isTold([0, 1]);
    expect(await inChannel()).toEqual(['**Ana**: one']);
    const kim = newPerson(server.url, 'AGENT', { username: 'Kim' });
    await kim.send(ticket.id, 'an answer');
    await kim.call('POST', `/tickets/${ticket.id}/notes`, { content: 'a note' });
    const { body } = await ana.send(ticket.id, 'two');
    await isTold([0, 1, body.seq]);
    expect(page.events('delivered').at(-1)).toEqual({ ticket_id: ticket.id, seq: body.seq });
    expect(await asked({ page, ana, ticket })).toBe(body.seq);
    await kim.call('POST', `/tickets/${ticket.id}/notes`, { content: 'another' });
    await eventually(async () => expect((await inChannel()).join()).toContain('another'));
    expect(told()).toEqual([0, 1, body.seq]);
    expect(await asked({ page, ana, ticket })).toBe(body.seq);
  });

  test('they alone: neither another customer nor staff', async () => {
    await desk.bot();
    const [one, other] = [await begin(), await begin()];
    const staff = await listen(newPerson(server.url, 'AGENT'));
    for (const { ana, ticket } of [one, other]) await ana.send(ticket.id, 'hello');
    await one.isTold([0, 1]);
    await other.isTold([0, 1]);
    // What a test before has written a moment ago may come, too.
    const heard = () => staff.events('message').map((event) => event.ticket_id);
    await eventually(() =>
      expect(heard()).toEqual(expect.arrayContaining([one.ticket.id, other.ticket.id])),
    );
    await staff.ask('sync', { ticket_id: one.ticket.id, after: 0 });
    expect(staff.events('delivered')).toEqual([]);
    for (const { page, ticket } of [one, other]) {
      expect(new Set(page.events('delivered').map((event) => event.ticket_id))).toEqual(
        new Set([ticket.id]),
      );
    }
    const theirs = await other.page.ask('sync', { ticket_id: one.ticket.id, after: 0 });
    expect(theirs).toMatchObject({ ok: false, error: 'NOT_FOUND' });
    const header = (await other.ana.list(one.ticket.id)).headers.get('deskcord-delivered');
    expect(header).toBeNull();
  });
});

describe('a customer is not told', () => {
  test.each([
    ['delays it', { kind: 'delay', ms: 6000 }],
    ['is out of order', { kind: 'status', status: 503 }],
    ['lets nobody write there', { kind: 'status', status: 403, code: 50013 }],
  ])(
    'while Discord %s, and then is',
    async (_, how) => {
      await desk.bot();
      const { ana, page, ticket, isTold, told, inChannel } = await begin();
      await isTold([0]);
      await fault(desk.sim, { method: 'POST', content: 'held up', ...how });
      await ana.send(ticket.id, 'held up');
      await passTime();
      expect(await inChannel()).toEqual([]);
      expect(told()).toEqual([0]);
      expect(await asked({ page, ana, ticket })).toBe(0);
      await clearFaults(desk.sim);
      await eventually(async () => expect(await inChannel()).toEqual(['**Ana**: held up']), {
        timeout: 40_000,
      });
      await isTold([0, 1]);
      expect(await asked({ page, ana, ticket })).toBe(1);
    },
    90_000,
  );

  test('while no bot runs, and then is', async () => {
    const { ana, page, ticket, isTold, told } = await begin();
    await ana.send(ticket.id, 'hello');
    expect(await asked({ page, ana, ticket })).toBeUndefined();
    expect(told()).toEqual([]);
    await desk.bot();
    await isTold([0, 1]);
    expect(await asked({ page, ana, ticket })).toBe(1);
  });

  test('while the ticket waits for a channel, and then is', async () => {
    const { channels } = await stateOf(desk.sim, '?calls=0&messages=0');
    await fault(desk.sim, { kind: 'set', settings: { channelsPerGuild: channels.length } });
    await desk.bot();
    const { ana, page, ticket, isTold, told } = await begin();
    await ana.send(ticket.id, 'hello');
    const waits = async () => {
      const row = await desk.ctx.db.mirrors.collection.findOne({ _id: oid(ticket.id) });
      expect(row?.problem).toEqual(expect.any(String));
    };
    await eventually(waits, patience);
    expect(await asked({ page, ana, ticket })).toBeUndefined();
    expect(told()).toEqual([]);
    await clearFaults(desk.sim);
    await isTold([0, 1]);
  }, 60_000);

  test('of what was closed before it had a channel, but of what follows when it is reopened', async () => {
    const { ana, page, ticket, isTold, told } = await begin();
    await ana.send(ticket.id, 'hello');
    await closeTicket(desk.ctx, agent, ticket.id, {});
    await desk.bot();
    const isDone = async () => {
      const row = await desk.ctx.db.mirrors.collection.findOne({ _id: oid(ticket.id) });
      expect(row?.state).toBe('done');
    };
    await eventually(isDone, patience);
    expect(await channelsOf(desk.sim, ticket.number)).toEqual([]);
    expect(told()).toEqual([]);
    expect(await asked({ page, ana, ticket })).toBeUndefined();
    const kim = newPerson(server.url, 'AGENT');
    await kim.call('POST', `/tickets/${ticket.id}/reopen`, {});
    const { body } = await ana.send(ticket.id, 'again');
    await isTold([body.seq]);
    expect(await asked({ page, ana, ticket })).toBe(body.seq);
  }, 60_000);

  test('without Discord', async () => {
    const alone = await startApp();
    const ana = newPerson(alone.url);
    const page = listenAt(alone.url, { auth: { token: ana.token } });
    sockets.push(page.socket);
    const ticket = await ana.createTicket();
    await ana.send(ticket.id, 'hello');
    await eventually(() => expect(page.events('message')).toHaveLength(1));
    const ack = await page.ask('sync', { ticket_id: ticket.id, after: 0 });
    expect(ack).toMatchObject({ ok: true, head: 1 });
    expect(ack).not.toHaveProperty('delivered');
    const { headers } = await ana.list(ticket.id);
    expect(headers.get('deskcord-head')).toBe('1');
    expect(headers.get('deskcord-delivered')).toBeNull();
    expect(page.events('delivered')).toEqual([]);
    await alone.stop();
  });
});

describe('of what Discord does not take', () => {
  const refused = { kind: 'status', method: 'POST', status: 400, code: 240000 };

  test('a text that staff read in a file is delivered', async () => {
    await desk.bot();
    const { ana, ticket, isTold, inChannel } = await begin();
    await isTold([0]);
    await fault(desk.sim, { ...refused, content: 'secret', times: 1 });
    await ana.send(ticket.id, 'a secret');
    await isTold([0, 1]);
    expect((await inChannel())[0]).toContain('it is attached');
  });

  test('what a notice stands for is not, nor is anything behind it until staff have answered', async () => {
    await desk.bot();
    const { ana, page, ticket, isTold, inChannel } = await begin();
    await isTold([0]);
    await fault(desk.sim, { ...refused, path: '/messages$', times: 2 });
    await ana.send(ticket.id, 'a secret');
    await ana.send(ticket.id, 'two');
    const notice = '**Ana**: *(Discord does not take this message; the ticket has it)*';
    await eventually(async () => expect(await inChannel()).toEqual([notice, '**Ana**: two']));
    await passTime();
    await isTold([0]);
    expect(await asked({ page, ana, ticket })).toBe(0);
    const kim = discordPerson(desk.sim, 'kim');
    await kim.write((await channelOf(desk.sim, ticket.number)).id as string, 'an answer');
    await eventually(() => expect(page.events('message')).toHaveLength(3), patience);
    const { body } = await ana.send(ticket.id, 'after it');
    await isTold([0, body.seq]);
    expect(await asked({ page, ana, ticket })).toBe(body.seq);
  });

  test('nor a message whose file is left out', async () => {
    await desk.bot();
    const { ana, page, ticket, isTold, inChannel } = await begin();
    await isTold([0]);
    const { body: file } = await uploadTo(server.url, ana.token, ticket.id, 'frames', 'film.txt');
    await fault(desk.sim, { kind: 'status', file: 'film', status: 413, code: 40005 });
    await ana.send(ticket.id, 'look', { attachments: [file.id] });
    await eventually(async () => expect((await inChannel()).join()).toContain('Not shown here'));
    await passTime();
    await isTold([0]);
    expect(await asked({ page, ana, ticket })).toBe(0);
  });

  test('nor a notice that was posted by a bot which was killed before it could say so', async () => {
    await desk.bot();
    const { ana, page, ticket, isTold, inChannel } = await begin();
    await isTold([0]);
    await desk.stopBots();
    await ana.send(ticket.id, 'a secret');
    await fault(desk.sim, { ...refused, path: '/messages$', times: 2 });
    const { died } = await botThatDies(desk, 'after-post');
    await died;
    await desk.bot();
    await ana.send(ticket.id, 'two');
    await eventually(async () => expect(await inChannel()).toHaveLength(2), patience);
    expect((await inChannel())[0]).toContain('does not take this message');
    await passTime();
    await isTold([0]);
    expect(await asked({ page, ana, ticket })).toBe(0);
  }, 60_000);
});
