import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { Socket } from 'socket.io-client';
import { awayMark, readMark } from '../../bot/marking.ts';
import { addReaction } from '../../src/domain/messages/react.ts';
import { signalRead } from '../../src/domain/signals.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { customer, type Desk, openDesk } from '../support/bridge.ts';
import {
  channelOf,
  clearFaults,
  type DiscordPerson,
  discordPerson,
  fault,
  marksOn,
  stateOf,
} from '../support/discord.ts';
import { eventually } from '../support/eventually.ts';
import { listenAt, newPerson, type Person } from '../support/people.ts';
import { startRedis } from '../support/redis.ts';

/** The bot in a process of its own, and two servers, which meet it through Redis. */
let redis: Awaited<ReturnType<typeof startRedis>>;
let desk: Desk;
let servers: RunningApp[] = [];
let kim: DiscordPerson;
let sockets: Socket[] = [];

beforeAll(async () => {
  redis = await startRedis();
  desk = await openDesk({}, { REDIS_URL: redis.url });
  const env = { DB_NAME: desk.config.dbName, REDIS_URL: redis.url, SWEEP_INTERVAL_MS: '500' };
  servers = await Promise.all([startApp(env), startApp(env)]);
  await desk.bot();
  kim = discordPerson(desk.sim, 'kim');
  const buses = [desk, ...servers].map(({ ctx }) => ctx.bus);
  await eventually(() => expect(buses.every((bus) => bus.healthy())).toBe(true));
}, 60_000);
afterEach(async () => {
  await clearFaults(desk.sim);
  for (const socket of sockets) socket.disconnect();
  sockets = [];
});
afterAll(async () => {
  await desk.end();
  for (const server of servers) await server.stop();
  await redis.close();
});

/** A ticket with its customer, whose page is not open. */
async function begin() {
  const ana = newPerson(servers[0]?.url as string);
  const { id, number } = await ana.createTicket();
  const { id: channelId } = await channelOf(desk.sim, number);
  return { ana, id, channelId: channelId as string };
}

/** The customer opens their page at one of the servers. */
async function come({ token }: Person, nth = 1) {
  const listener = listenAt(servers[nth]?.url as string, { auth: { token } });
  sockets.push(listener.socket);
  await eventually(() => expect(listener.events('authorized')).toHaveLength(1));
  return listener;
}

const bears = (channelId: string, id: string, wanted: string[]) =>
  eventually(
    async () =>
      expect((await marksOn(desk.sim, channelId, id)).toSorted()).toEqual(wanted.toSorted()),
    { timeout: 30_000 },
  );

test('⏳ stands on the newest message stored for a customer who is away, until they come', async () => {
  const { ana, channelId } = await begin();
  const one = await kim.write(channelId, 'one');
  await bears(channelId, one.id, ['✅', awayMark]);
  const two = await kim.write(channelId, 'two');
  await bears(channelId, two.id, ['✅', awayMark]);
  await bears(channelId, one.id, ['✅']);
  await come(ana);
  await bears(channelId, two.id, ['✅']);
  const three = await kim.write(channelId, 'three');
  const four = await kim.write(channelId, 'four');
  await bears(channelId, four.id, ['✅']);
  await bears(channelId, three.id, ['✅']);
});

test('a customer at any of the servers is not away', async () => {
  const { ana, channelId } = await begin();
  const before = await kim.write(channelId, 'before');
  await bears(channelId, before.id, ['✅', awayMark]);
  await come(ana, 0);
  await bears(channelId, before.id, ['✅']);
  const other = await begin();
  const here = await kim.write(channelId, 'here');
  const away = await kim.write(other.channelId, 'away');
  // Asked after the first one.
  await bears(other.channelId, away.id, ['✅', awayMark]);
  await bears(channelId, here.id, ['✅']);
});

test('it goes when they write or read, too, and with what becomes a note', async () => {
  const { ana, id, channelId } = await begin();
  const one = await kim.write(channelId, 'one');
  await bears(channelId, one.id, ['✅', awayMark]);
  await ana.send(id, 'by REST');
  await bears(channelId, one.id, ['✅']);
  const two = await kim.write(channelId, 'two');
  await bears(channelId, two.id, ['✅', awayMark]);
  await kim.edit(channelId, two.id, '// two');
  await bears(channelId, two.id, ['📝']);
  await kim.edit(channelId, two.id, 'two after all');
  await bears(channelId, two.id, ['✅', awayMark]);
});

test('what an earlier session of the bot has set goes with the first word of the customer’s', async () => {
  const { ana, id, channelId } = await begin();
  const one = await kim.write(channelId, 'one');
  await bears(channelId, one.id, ['✅', awayMark]);
  await desk.stopBots();
  await desk.bot();
  const listener = await come(ana);
  await eventually(
    async () => {
      await listener.ask('read', { ticket_id: id, seq: 1 });
      expect((await marksOn(desk.sim, channelId, one.id)).toSorted()).toEqual(
        ['✅', readMark].toSorted(),
      );
    },
    { timeout: 30_000 },
  );
});

test('somebody’s ⏳ is shown by another emoji', async () => {
  const { ana, id, channelId } = await begin();
  const one = await kim.write(channelId, 'one');
  await bears(channelId, one.id, ['✅', awayMark]);
  const owner = { ...customer, key: ana.id, id: ana.id };
  const [message] = (await ana.list(id)).body;
  await addReaction(
    desk.ctx,
    owner,
    { ticketId: id, stream: 'public' },
    message?.id as string,
    awayMark,
  );
  await bears(channelId, one.id, ['✅', awayMark, '⌛']);
});

/** Waits until both servers answer that they have not got the customer. */
async function isKnownAway(ticket_id: string, owner: string) {
  const { bus } = desk.ctx;
  const answers: boolean[] = [];
  const stop = bus.subscribe((event) => {
    if (event.kind === 'presence' && event.ticket_id === ticket_id) answers.push(event.here);
  });
  await eventually(
    () => {
      bus.publish({ kind: 'presence_asked', ticket_id, owner });
      expect(answers.slice(-4)).toEqual([false, false, false, false]);
    },
    { every: 100 },
  );
  stop();
}

test('where 20 marks wait for a channel neither ⏳ nor 👁 joins them, and where 19 do 👁 does', async () => {
  /** A ticket whose customer is there, with so many ✅ on their way. */
  const fill = async (count: number) => {
    const { ana, id, channelId } = await begin();
    // Where ⏳ stands is known from here on, so that nothing but ✅ is on its way.
    const first = await kim.write(channelId, 'first');
    await bears(channelId, first.id, ['✅', awayMark]);
    const { socket } = await come(ana, 0);
    await bears(channelId, first.id, ['✅']);
    // Long enough for all that follows to be heard of meanwhile.
    const path = `/channels/${channelId}/messages/.*/reactions/`;
    await fault(desk.sim, { kind: 'delay', method: 'PUT', path, times: 1, ms: 10_000 });
    let last = first.id;
    for (let n = 1; n <= count; n++) last = (await kim.write(channelId, `line ${n}`)).id;
    const patience = { timeout: 30_000 };
    const isStored = async () => expect((await ana.list(id)).body).toHaveLength(count + 1);
    await eventually(isStored, patience);
    const owner = { ...customer, key: ana.id, id: ana.id };
    return {
      id,
      channelId,
      socket,
      owner,
      last,
      read: () => signalRead(desk.ctx, owner, id, 1000),
    };
  };
  const [full, room] = await Promise.all([fill(20), fill(19)]);
  await Promise.all([full.read(), room.read()]);
  full.socket.disconnect();
  await isKnownAway(full.id, full.owner.key);
  const unsaid = (await kim.write(full.channelId, 'to nobody')).id;
  await bears(room.channelId, room.last, ['✅', readMark]);
  // They come with the next word of it, behind whatever was on its way.
  const next = await kim.write(full.channelId, 'next');
  await bears(full.channelId, next.id, ['✅', awayMark]);
  const { calls } = await stateOf(desk.sim, '?messages=0');
  const put = (id: string, mark: string) =>
    calls.filter(
      ({ method, path }: { method: string; path: string }) =>
        method === 'PUT' && path.includes(`/${id}/`) && path.includes(encodeURIComponent(mark)),
    );
  expect(put(unsaid, awayMark)).toEqual([]);
  expect(put(full.last, readMark)).toEqual([]);
  expect(put(full.last, '✅')).toHaveLength(1);
  await full.read();
  await bears(full.channelId, next.id, ['✅', readMark]);
}, 120_000);
