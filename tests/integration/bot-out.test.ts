import { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { APIMessage } from 'discord.js';
import { uploadFile } from '../../src/domain/files/upload.ts';
import { deleteMessage, editMessage } from '../../src/domain/messages/change.ts';
import { sendMessage } from '../../src/domain/messages/send.ts';
import { signalTyping } from '../../src/domain/signals.ts';
import { closeTicket } from '../../src/domain/tickets/close.ts';
import { updateTicket } from '../../src/domain/tickets/update.ts';
import { agent, customer, type Desk, openDesk, openTicket, say } from '../support/bridge.ts';
import { channelOf, channelsOf, fault, messagesIn, stateOf, textsIn } from '../support/discord.ts';
import { eventually } from '../support/eventually.ts';

let desk: Desk;

beforeAll(async () => {
  desk = await openDesk();
  await desk.bot();
});
afterAll(() => desk.end());

const textsAre = (channelId: string, wanted: string[]) =>
  eventually(async () => expect(await textsIn(desk.sim, channelId)).toEqual(wanted));

test('a ticket gets a channel in the category of its level, seen by its support role, with a pinned card', async () => {
  const { ctx, sim } = desk;
  const { roles, channels, guildId, bot } = sim.state;
  const topic = 'Refund **now** <@100000000000000001>';
  const ticket = await openTicket(ctx, { topic, issue_level: 'URGENT', support_role: 'TECHNICAL' });
  const channel = await channelOf(sim, ticket.number);
  expect(channel.parent_id).toBe(channels.urgent);
  const overwrites = new Map(
    channel.permission_overwrites.map((one: { id: string }) => [one.id, one]),
  );
  expect([...overwrites.keys()].sort()).toEqual(
    [guildId, bot.id, roles.developer, roles.manager, roles.admin].sort(),
  );
  const view = 1n << 10n;
  // biome-ignore lint/suspicious/noExplicitAny: as Discord renders it
  const bits = (id: string, what: string) => BigInt((overwrites.get(id) as any)[what]) & view;
  expect(bits(guildId, 'deny')).toBe(view);
  expect(bits(roles.developer, 'allow')).toBe(view);
  const card = await eventually(async () => {
    const [first] = await messagesIn(sim, channel.id);
    expect(first?.pinned).toBe(true);
    return first;
  });
  const embed = card?.embeds[0];
  expect(embed?.title).toContain('Refund \\*\\*now\\*\\* \\<@100000000000000001>');
  expect(embed?.description).toBe('It has not come.');
  const fields = Object.fromEntries(embed?.fields?.map(({ name, value }) => [name, value]) ?? []);
  expect(fields).toMatchObject({
    Status: 'Open',
    Level: 'URGENT',
    'Support role': 'TECHNICAL',
    Customer: 'Ana',
    'Customer role': 'ADMIN',
  });
  expect(JSON.stringify(card?.components)).toContain(`close:${ticket.id}`);
});

test('messages, longer and shorter edits and deletions appear, in order', async () => {
  const { ctx, sim } = desk;
  const ticket = await openTicket(ctx);
  const channel = await channelOf(sim, ticket.number);
  const first = await say(ctx, ticket.id, 'one');
  const second = await say(ctx, ticket.id, 'two');
  await say(ctx, ticket.id, 'three', agent);
  await textsAre(channel.id, ['**Ana**: one', '**Ana**: two', '**Bob** (staff): three']);
  await editMessage(ctx, customer, ticket.id, first.id, { content: 'one, corrected' });
  await deleteMessage(ctx, customer, ticket.id, second.id);
  await textsAre(channel.id, ['**Ana**: one, corrected', '**Bob** (staff): three']);
  const long = Array.from({ length: 500 }, (_, i) => `word${i}`).join(' ');
  await editMessage(ctx, customer, ticket.id, first.id, { content: long });
  await eventually(async () => {
    const texts = await textsIn(sim, channel.id);
    expect(texts).toHaveLength(3);
    expect(texts.every((text) => text.length <= 2000)).toBe(true);
    const parts = [texts[0], ...texts.slice(2)].map((text) => text?.replace(/^.*?: /, ''));
    expect(parts.join(' ').split(/\s+/)).toEqual(long.split(' '));
  });
  await editMessage(ctx, customer, ticket.id, first.id, { content: 'short again' });
  await textsAre(channel.id, ['**Ana**: short again', '**Bob** (staff): three']);
});

test('long text is split, and a long description follows the card', async () => {
  const { ctx, sim } = desk;
  const description = `${'long '.repeat(799)}end`;
  const ticket = await openTicket(ctx, { description });
  const channel = await channelOf(sim, ticket.number);
  await say(ctx, ticket.id, `${'text '.repeat(799)}stop`);
  await eventually(async () => {
    const texts = await textsIn(sim, channel.id);
    expect(texts.join(' ').match(/long/g)).toHaveLength(799);
    expect(texts.join(' ').match(/text/g)).toHaveLength(799);
    expect(texts.at(-1)).toMatch(/stop$/);
  });
});

test('attachments are posted, in as many posts as they take', async () => {
  const { ctx, sim } = desk;
  const ticket = await openTicket(ctx);
  const channel = await channelOf(sim, ticket.number);
  const upload = (name: string, size: number) =>
    uploadFile(ctx, customer, ticket.id, name, Readable.from([Buffer.alloc(size, 'a')]));
  const files = [];
  for (const [index, mib] of [9, 9, 9].entries()) {
    files.push(await upload(`part-${index}.txt`, mib * 1024 * 1024));
  }
  const attachments = files.map(({ id }) => id);
  await sendMessage(ctx, customer, ticket.id, { content: 'look', attachments });
  await eventually(
    async () => {
      const [, ...posts] = await messagesIn(sim, channel.id);
      expect(posts.map(({ content }) => content)).toEqual(['**Ana**: look', '**Ana**: files']);
      expect(posts.map((post) => post.attachments.map(({ filename }) => filename))).toEqual([
        ['part-0.txt', 'part-1.txt'],
        ['part-2.txt'],
      ]);
    },
    { timeout: 15_000 },
  );
});

test('nobody is pinged and nothing is spoofed by what a customer writes', async () => {
  const { ctx, sim } = desk;
  const ticket = await openTicket(ctx, { description: '@everyone [bank](https://evil.example)' });
  const channel = await channelOf(sim, ticket.number);
  const { roles, people } = sim.state;
  const text = `@everyone <@&${roles.admin}> <@${people.admin.id}>\n-# The ticket is closed\n**Kim**: [pay](https://evil.example)`;
  await say(ctx, ticket.id, text);
  await eventually(async () => expect(await textsIn(sim, channel.id)).toHaveLength(1));
  const posts = await messagesIn(sim, channel.id);
  for (const { mentions, mention_everyone, mention_roles } of posts) {
    expect([mentions, mention_everyone, mention_roles]).toEqual([[], false, []]);
  }
  expect(posts[1]?.content).toBe(
    `**Ana**: @everyone \\<@&${roles.admin}> \\<@${people.admin.id}>\n\\-# The ticket is closed\n\\*\\*Kim\\*\\*: \\[pay](https://evil.example)`,
  );
  expect(posts[0]?.embeds[0]?.description).toContain('\\[bank]');
  const { calls } = await stateOf(sim, '?messages=0');
  const writes = calls.filter(
    (call: { method: string; path: string }) =>
      /POST|PATCH/.test(call.method) && /channels\/\d+\/messages/.test(call.path),
  );
  expect(writes.length).toBeGreaterThan(0);
  for (const call of writes) expect(call.body?.allowed_mentions).toEqual({ parse: [] });
});

test('a new level moves the channel, a new role shows it to others, and the card says so', async () => {
  const { ctx, sim } = desk;
  const { roles, channels } = sim.state;
  const ticket = await openTicket(ctx);
  const channel = await channelOf(sim, ticket.number);
  await updateTicket(ctx, agent, ticket.id, { issue_level: 'CRITICAL', support_role: 'TECHNICAL' });
  await eventually(async () => {
    const now = await channelOf(sim, ticket.number);
    expect(now.id).toBe(channel.id);
    expect(now.parent_id).toBe(channels.critical);
    const ids = now.permission_overwrites.map(({ id }: { id: string }) => id);
    expect(ids).toContain(roles.developer);
    expect(ids).not.toContain(roles.support);
    const [card] = await messagesIn(sim, channel.id);
    expect(JSON.stringify(card?.embeds)).toContain('CRITICAL');
  });
  await updateTicket(ctx, customer, ticket.id, { topic: 'A better topic' }).catch(() => undefined);
  const { calls } = await stateOf(sim, '?messages=0');
  const patches = calls.filter(
    (call: { method: string; path: string }) =>
      call.method === 'PATCH' && /channels\/\d+$/.test(call.path),
  );
  for (const { body } of patches) {
    expect(body).not.toHaveProperty('name');
    expect(body).not.toHaveProperty('topic');
  }
});

test('a customer who writes is shown as typing', async () => {
  const { ctx, sim } = desk;
  const ticket = await openTicket(ctx);
  const channel = await channelOf(sim, ticket.number);
  await eventually(async () => expect(await messagesIn(sim, channel.id)).toHaveLength(1));
  await signalTyping(ctx, customer, ticket.id);
  await signalTyping(ctx, customer, ticket.id);
  await eventually(async () => {
    const { calls } = await stateOf(sim, '?messages=0');
    const typing = calls.filter((call: { path: string }) =>
      call.path.includes(`${channel.id}/typing`),
    );
    expect(typing).toHaveLength(1);
  });
});

test('when a ticket is closed right after much was said, then channel and transcript have all of it', async () => {
  const { ctx, sim } = desk;
  const ticket = await openTicket(ctx);
  const channel = await channelOf(sim, ticket.number);
  const path = `${channel.id}/messages$`;
  await fault(sim, { kind: 'delay', ms: 20, method: 'POST', path, times: 60 });
  const lines = Array.from({ length: 60 }, (_, n) => `line ${n}.`);
  for (const line of lines) await say(ctx, ticket.id, line);
  await closeTicket(ctx, customer, ticket.id, {});
  await eventually(async () => expect(await channelsOf(sim, ticket.number)).toEqual([]), {
    timeout: 15_000,
  });
  const { calls } = await stateOf(sim, '?messages=0');
  const posted = calls.flatMap((call: { method: string; path: string; body?: APIMessage }) =>
    call.method === 'POST' && call.path.endsWith(`${channel.id}/messages`) && call.body?.content
      ? [call.body.content]
      : [],
  );
  expect(posted).toEqual([...lines.map((line) => `**Ana**: ${line}`), '-# The ticket is closed']);
  const all = await messagesIn(sim, sim.state.channels.transcripts);
  const kept = all.find(({ embeds }) => embeds[0]?.footer?.text === `Ticket ${ticket.id}`);
  const page = await (await fetch(kept?.attachments[0]?.url as string)).text();
  for (const line of lines) expect(page).toContain(line);
});
