import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { uploadFile } from '../../src/domain/files/upload.ts';
import { deleteMessage, editMessage } from '../../src/domain/messages/change.ts';
import { sendMessage } from '../../src/domain/messages/send.ts';
import type { FailpointName } from '../../src/infra/failpoints.ts';
import { agent, customer, type Desk, openDesk, openTicket, say, seen } from '../support/bridge.ts';
import {
  channelOf,
  clearFaults,
  discordPerson,
  fault,
  messagesIn,
  stateOf,
  textsIn,
} from '../support/discord.ts';
import { eventually } from '../support/eventually.ts';

const settle = { settleMs: 300 };
const SPOKEN = 'webhooks/\\d+/[^/]+$';

let desk: Desk;

beforeAll(async () => {
  desk = await openDesk({}, { DISCORD_PERSONA: 'webhook' });
});
afterAll(() => desk.end());
afterEach(async () => {
  await desk.stopBots();
  await clearFaults(desk.sim);
});

/** What stands in a channel, with the name above it; without the card and the bot's own lines. */
async function said(channelId: string): Promise<[string, string][]> {
  const messages = await messagesIn(desk.sim, channelId);
  return messages
    .filter(({ embeds, content }) => embeds.length === 0 && !content.startsWith('-# Customers'))
    .map(({ author, content }) => [author.username, content]);
}
const saidIs = (channelId: string, wanted: [string, string][]) =>
  eventually(async () => expect(await said(channelId)).toEqual(wanted), { timeout: 20_000 });
const noticesIn = async (channelId: string) =>
  (await textsIn(desk.sim, channelId)).filter((text) => text.startsWith('-# Customers'));
const hooksOf = async (channelId: string) => {
  const { webhooks } = await stateOf(desk.sim, '?calls=0&messages=0');
  return webhooks.filter((one: { channel_id: string }) => one.channel_id === channelId);
};
const start = async (actor = customer) => {
  const ticket = await openTicket(desk.ctx);
  const channel = await channelOf(desk.sim, ticket.number);
  const first = await say(desk.ctx, ticket.id, 'one', actor);
  return { ticket, channelId: channel.id as string, first };
};

/** A bot that stops dead at the first pass of a point, leaving everything as it is there. */
async function botThatDies(point: FailpointName, from: () => boolean) {
  let died: () => void = () => undefined;
  const death = new Promise<void>((resolve) => {
    died = resolve;
  });
  let isDead = false;
  const bot = await desk.bot({
    ...settle,
    ctx: {
      failpoint(passed) {
        if (!isDead && (passed !== point || !from())) return;
        isDead = true;
        died();
        throw new Error('killed');
      },
    },
  });
  return death.then(() => bot.stop());
}

test('a customer speaks in their own name through one webhook; staff and the bot as ever, in order', async () => {
  const { ctx, sim } = desk;
  await desk.bot(settle);
  const { ticket, channelId } = await start();
  await say(ctx, ticket.id, 'from the web', agent);
  await say(ctx, ticket.id, '@everyone **two**');
  await saidIs(channelId, [
    ['Ana', 'one'],
    ['deskcord', '**Bob** (staff): from the web'],
    ['Ana', '@everyone \\*\\*two\\*\\*'],
  ]);
  const [hook, second] = await hooksOf(channelId);
  expect(second).toBeUndefined();
  expect(hook.application_id).toBe(sim.state.applicationId);
  const messages = await messagesIn(sim, channelId);
  const own = messages.filter(({ webhook_id }) => webhook_id === hook.id);
  expect(own).toHaveLength(2);
  for (const { flags, mention_everyone } of own) {
    expect([flags, mention_everyone]).toEqual([4, false]);
  }
});

test('edits, deletions, files and replies go through the webhook', async () => {
  const { ctx, sim } = desk;
  await desk.bot(settle);
  const { ticket, channelId, first } = await start();
  const second = await say(ctx, ticket.id, 'two');
  const bytes = Readable.from([Buffer.from('hello')]);
  const { id } = await uploadFile(ctx, customer, ticket.id, 'a.txt', bytes);
  await sendMessage(ctx, customer, ticket.id, { content: '', attachments: [id] });
  await sendMessage(ctx, customer, ticket.id, { content: 'as I said', reply_to: first.id });
  await eventually(async () => expect(await said(channelId)).toHaveLength(4), { timeout: 15_000 });
  await editMessage(ctx, customer, ticket.id, first.id, { content: 'one, better' });
  await deleteMessage(ctx, customer, ticket.id, second.id);
  const posts = () => messagesIn(sim, channelId);
  await eventually(
    async () => {
      const [, one, withFile, reply] = await posts();
      expect(await said(channelId)).toHaveLength(3);
      expect([one?.content, one?.author.username]).toEqual(['one, better', 'Ana']);
      expect(withFile?.attachments.map(({ filename }) => filename)).toEqual(['a.txt']);
      expect(reply?.content).toBe(
        `-# ↪ **Ana**: one https://discord.com/channels/${sim.state.guildId}/${channelId}/${one?.id}\nas I said`,
      );
    },
    { timeout: 15_000 },
  );
  const { calls } = await stateOf(sim, '?messages=0');
  const byHook = (method: string) =>
    calls.some(
      (call: { method: string; path: string }) =>
        call.method === method && /webhooks\/\d+\/[^/]+\/messages\/\d+$/.test(call.path),
    );
  expect([byHook('PATCH'), byHook('DELETE')]).toEqual([true, true]);
});

test.each(['before-post', 'after-post', 'after-record', 'after-webhook'] as const)(
  'the bot is killed at %s: nothing is missing and nothing twice, and there is one webhook',
  async (point) => {
    const { ctx, sim } = desk;
    let armed = false;
    const died = botThatDies(point, () => armed);
    const ticket = await openTicket(ctx);
    const channel = await channelOf(sim, ticket.number);
    if (point === 'after-webhook') armed = true;
    else {
      await say(ctx, ticket.id, 'same');
      await saidIs(channel.id, [['Ana', 'same']]);
      armed = true;
    }
    for (let n = 0; n < 3; n++) await say(ctx, ticket.id, 'same');
    await died;
    await desk.bot(settle);
    await say(ctx, ticket.id, 'last');
    const times = point === 'after-webhook' ? 3 : 4;
    const same = Array.from({ length: times }, (): [string, string] => ['Ana', 'same']);
    await saidIs(channel.id, [...same, ['Ana', 'last']]);
    expect(await hooksOf(channel.id)).toHaveLength(1);
  },
);

test.each([
  ['500 after the effect', { kind: 'status', status: 500, when: 'after' }],
  ['500 before the effect', { kind: 'status', status: 500, when: 'before' }],
  ['a reset after the effect', { kind: 'reset', when: 'after' }],
  ['nothing after the effect', { kind: 'hang', when: 'after' }],
  ['an effect after it was given up', { kind: 'delay', ms: 700 }],
])('%s: every message appears once', async (_name, what) => {
  const { ctx, sim } = desk;
  await desk.bot({ settleMs: 800, requestTimeoutMs: 400 });
  const { ticket, channelId } = await start();
  await saidIs(channelId, [['Ana', 'one']]);
  await fault(sim, { ...what, method: 'POST', path: SPOKEN, times: 1 });
  await say(ctx, ticket.id, 'two');
  await say(ctx, ticket.id, 'two');
  await saidIs(channelId, [
    ['Ana', 'one'],
    ['Ana', 'two'],
    ['Ana', 'two'],
  ]);
});

test('the webhook is deleted: the bot posts at once, edits and deletes what it left, and says so once', async () => {
  const { ctx, sim } = desk;
  await desk.bot(settle);
  const { ticket, channelId, first } = await start();
  const second = await say(ctx, ticket.id, 'two');
  await saidIs(channelId, [
    ['Ana', 'one'],
    ['Ana', 'two'],
  ]);
  const [hook] = await hooksOf(channelId);
  await discordPerson(sim, 'admin').call('DELETE', `/webhooks/${hook.id}`);
  await say(ctx, ticket.id, 'three');
  await say(ctx, ticket.id, 'four');
  await saidIs(channelId, [
    ['Ana', 'one'],
    ['Ana', 'two'],
    ['deskcord', '**Ana**: three'],
    ['deskcord', '**Ana**: four'],
  ]);
  await deleteMessage(ctx, customer, ticket.id, second.id);
  await editMessage(ctx, customer, ticket.id, first.id, { content: 'better' });
  await saidIs(channelId, [
    ['deskcord', '**Ana**: three'],
    ['deskcord', '**Ana**: four'],
    ['deskcord', '**Ana** (edited): better'],
  ]);
  expect(await noticesIn(channelId)).toHaveLength(1);
});

test.each([
  ['10015', { status: 404, code: 10015 }, SPOKEN],
  ['50027', { status: 401, code: 50027 }, SPOKEN],
  ['30007', { status: 400, code: 30007 }, '/channels/\\d+/webhooks$'],
  ['50013', { status: 403, code: 50013 }, '/channels/\\d+/webhooks$'],
  ['a name', { status: 400, code: 50035, errors: { username: { _errors: [] } } }, SPOKEN],
  ['500 on making one', { status: 500, code: 0 }, '/channels/\\d+/webhooks$'],
])(
  'Discord refuses with %s: the bot posts instead, and the session goes on',
  async (name, what, path) => {
    const { ctx, sim } = desk;
    await fault(sim, { kind: 'status', method: 'POST', path, ...what });
    await desk.bot(settle);
    const { ticket, channelId } = await start();
    await say(ctx, ticket.id, 'two');
    await saidIs(channelId, [
      ['deskcord', '**Ana**: one'],
      ['deskcord', '**Ana**: two'],
    ]);
    expect(await noticesIn(channelId)).toHaveLength(name.startsWith('500 ') ? 0 : 1);
  },
);

const withPictures = (personaAvatarUrl: string) => {
  const { config } = desk.ctx;
  const discord = { ...config.discord, personaAvatarUrl } as typeof config.discord;
  return desk.bot({ ...settle, ctx: { config: { ...config, discord } } });
};
/** The address and the hash of the picture of each thing that was said. */
const picturesIn = async (channelId: string) => {
  const { calls } = await stateOf(desk.sim, '?messages=0');
  const [hook] = await hooksOf(channelId);
  const asked = calls
    .filter(({ path }: { path: string }) => path.includes(`webhooks/${hook?.id}/`))
    .map(({ body }: { body: { avatar_url?: string } }) => body.avatar_url);
  const messages = await messagesIn(desk.sim, channelId);
  const hashes = messages.filter(({ webhook_id }) => webhook_id).map(({ author }) => author.avatar);
  return { asked, hashes };
};

test('customers have their pictures where their address is set, whatever their id is, and none by default', async () => {
  const { ctx } = desk;
  await withPictures('https://partner.example/avatars/{id}/small.png');
  const { ticket, channelId } = await start();
  const hostile = { ...customer, id: '../x?y#z', username: 'Eve' };
  await say(ctx, ticket.id, 'two', hostile);
  await say(ctx, ticket.id, 'three', { ...customer, id: '..' });
  await say(ctx, ticket.id, 'from staff', agent);
  await saidIs(channelId, [
    ['Ana', 'one'],
    ['Eve', 'two'],
    ['Ana', 'three'],
    ['deskcord', '**Bob** (staff): from staff'],
  ]);
  const { asked, hashes } = await picturesIn(channelId);
  expect(asked).toEqual([
    'https://partner.example/avatars/ana/small.png',
    'https://partner.example/avatars/..%2Fx%3Fy%23z/small.png',
    undefined,
  ]);
  expect(hashes).toEqual([expect.any(String), expect.any(String), null]);
  await desk.stopBots();
  await desk.bot(settle);
  await say(ctx, ticket.id, 'four');
  await eventually(async () => expect((await picturesIn(channelId)).asked).toHaveLength(4), {
    timeout: 15_000,
  });
  expect((await picturesIn(channelId)).asked.at(-1)).toBeUndefined();
});

test('an address of a picture that Discord refuses costs the picture and the name, not the message', async () => {
  await withPictures('nonsense://{id}');
  const { channelId } = await start();
  await saidIs(channelId, [['deskcord', '**Ana**: one']]);
  expect(await noticesIn(channelId)).toHaveLength(1);
});

test('names that Discord forbids are mended, not refused', async () => {
  await desk.bot(settle);
  const { channelId } = await start({ ...customer, username: 'Discord: #1 @everyone' });
  await saidIs(channelId, [['D·iscord 1 everyone', 'one']]);
  expect(await noticesIn(channelId)).toEqual([]);
});

test("neither our webhook's words nor others' come back as staff's", async () => {
  const { ctx, sim } = desk;
  await desk.bot({ ...settle, catchUpMs: 300 });
  const { ticket, channelId } = await start();
  await saidIs(channelId, [['Ana', 'one']]);
  const [hook] = await hooksOf(channelId);
  const post = (id: string, token: string, content: string) =>
    fetch(`${sim.apiUrl}/v10/webhooks/${id}/${token}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ content }),
    });
  await post(hook.id, hook.token, 'from our address');
  const admin = discordPerson(sim, 'admin');
  const other = await admin.call<{ id: string; token: string }>(
    'POST',
    `/channels/${channelId}/webhooks`,
    { name: 'Build' },
  );
  await post(other.id, other.token, 'from another');
  const reply = await discordPerson(sim, 'kim').write(channelId, 'hello Ana');
  await eventually(
    async () => {
      const texts = (await seen(ctx, ticket.id)).map(({ content }) => content);
      expect(texts).toEqual(['one', 'hello Ana']);
    },
    { timeout: 10_000 },
  );
  await desk.stopBots();
  await desk.bot(settle);
  await say(ctx, ticket.id, 'thanks');
  await eventually(async () => expect((await said(channelId)).at(-1)).toEqual(['Ana', 'thanks']), {
    timeout: 15_000,
  });
  expect((await seen(ctx, ticket.id)).map(({ content }) => content)).toEqual([
    'one',
    'hello Ana',
    'thanks',
  ]);
  expect(reply.id).toBeTruthy();
});
