import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { OverwriteType, PermissionFlagsBits as P } from 'discord.js';
import { DISCORD_ISSUER } from '../../src/contract/identity.ts';
import { userKey } from '../../src/domain/access/actor.ts';
import { changeAgent } from '../../src/domain/agents/agents.ts';
import { deleteTicket } from '../../src/domain/erasure/delete-ticket.ts';
import { oid } from '../../src/domain/log/collections.ts';
import { closeTicket } from '../../src/domain/tickets/close.ts';
import { updateTicket } from '../../src/domain/tickets/update.ts';
import { agent, type Desk, openDesk, openTicket, say } from '../support/bridge.ts';
import {
  channelOf,
  channelsOf,
  clearFaults,
  type DiscordPerson,
  discordPerson,
  fault,
  messagesIn,
  type SimState,
  stateOf,
} from '../support/discord.ts';
import { eventually } from '../support/eventually.ts';
import { forumTools, PUBLIC_THREAD, patience } from '../support/forum.ts';

const admin = { ...agent, role: 'ADMIN' } as const;
let desk: Desk;
let kim: DiscordPerson;
let boss: DiscordPerson;
const { forumBot, forums, mirrorOf, posted, textsAre, whoSees } = forumTools(() => desk);

beforeAll(async () => {
  // One of these tests fills the server.
  desk = await openDesk({ settings: { channelCreatesPerDay: 5000 } });
  kim = discordPerson(desk.sim, 'kim');
  boss = discordPerson(desk.sim, 'admin');
});
afterAll(() => desk.end());
afterEach(async () => {
  await desk.stopBots();
  await clearFaults(desk.sim);
});

/** Kim, as the verbs know her from Discord. */
const onCallAs = (id: string) => ({
  ...{ key: userKey('staff', id, DISCORD_ISSUER), id, username: 'Kim' },
  ...({ email: `${id}@discord.invalid`, role: 'AGENT', origin: 'discord' } as const),
});

const discordIs = (wanted: string) =>
  eventually(
    () => expect(desk.ctx.health.report().parts.discord).toMatchObject({ state: wanted }),
    patience,
  );

const general = ['kim', 'manager', 'admin'];

test.each([
  ['closed', (id: string) => closeTicket(desk.ctx, agent, id, {})],
  ['deleted', (id: string) => deleteTicket(desk.ctx, admin, id)],
  ['taken back', (id: string) => updateTicket(desk.ctx, admin, id, { support_role: 'GENERAL' })],
])('that a post cannot move is over when its ticket is %s', async (_, end) => {
  const { ctx, sim } = desk;
  await forumBot();
  const { id, post } = await posted(['one']);
  await fault(sim, {
    ...{ kind: 'status', method: 'POST', path: '/guilds/\\d+/channels$', who: 'bot' },
    ...{ contains: '[deskcord NORMAL ADMIN]', status: 400, code: 50024 },
  });
  await updateTicket(ctx, admin, id, { support_role: 'ADMIN' });
  await discordIs('degraded');
  expect(ctx.health.report().parts.discord?.reason).toContain('cannot go where it belongs');
  expect((await mirrorOf(id))?.channel_id).toBe(post.id);
  await end(id);
  await discordIs('ok');
});

test('that a forum cannot be shown to others is over once it can, though its ticket was closed meanwhile', async () => {
  const { ctx, sim } = desk;
  const first = await forumBot();
  const { id, post } = await posted(['one']);
  await first.stop();
  const row = { _id: oid(id) };
  await ctx.db.mirrors.collection.updateOne(row, { $set: { 'shown.seers': 'of before' } });
  const path = `/channels/${post.parent_id}$`;
  await boss.call('PATCH', `/channels/${post.parent_id}`, { permission_overwrites: [] });
  await fault(sim, {
    ...{ kind: 'status', method: 'PATCH', path, who: 'bot', status: 403, code: 50013 },
  });
  await forumBot();
  await say(ctx, id, 'two');
  await discordIs('degraded');
  await closeTicket(ctx, agent, id, {});
  await eventually(async () => expect((await mirrorOf(id))?.state).toBe('done'), patience);
  expect(await whoSees(post.parent_id)).toContain('member');
  await clearFaults(sim);
  await discordIs('ok');
  expect(await whoSees(post.parent_id)).not.toContain('member');
});

test('an archived post stays where neither another one nor a channel is to be had', async () => {
  const { ctx, sim } = desk;
  await forumBot();
  await posted([], { support_role: 'TECHNICAL' });
  const { id, number, post } = await posted(['one']);
  await fault(sim, { kind: 'archive-threads', channel_id: post.id });
  const { channels } = await stateOf(sim, '?calls=0&messages=0');
  const spare: string[] = [];
  for (
    let n = channels.filter(({ type }: SimState) => type !== PUBLIC_THREAD).length;
    n < 500;
    n++
  ) {
    const body = { name: `spare-${n}`, type: 0 };
    const made = await boss.call<SimState>('POST', `/guilds/${sim.state.guildId}/channels`, body);
    spare.push(made.id);
  }
  await fault(sim, { kind: 'set', settings: { activeThreads: 0 } });
  await updateTicket(ctx, admin, id, { support_role: 'TECHNICAL' });
  await eventually(() => {
    const { reason } = ctx.health.report().parts.discord ?? {};
    expect(reason).toMatch(/cannot go where it belongs.*close or archive threads/);
  }, patience);
  expect((await mirrorOf(id))?.channel_id).toBe(post.id);
  await fault(sim, { kind: 'set', settings: { activeThreads: 1000 } });
  await eventually(async () => {
    expect((await channelOf(sim, number)).parent_id).not.toBe(post.parent_id);
  }, patience);
  await discordIs('ok');
  for (const one of spare) await boss.call('DELETE', `/channels/${one}`);
}, 40_000);

test('what was said beside the log is kept once, however often a post that is to move stays', async () => {
  const { ctx, sim } = desk;
  const { nonceWindowMs } = (await stateOf(sim, '?calls=0&messages=0')).settings ?? {};
  await fault(sim, { kind: 'set', settings: { nonceWindowMs: 0 } });
  await forumBot();
  const { id, number, post } = await posted(['one']);
  const path = `/channels/${post.parent_id}/webhooks`;
  const hook = await boss.call<{ id: string; token: string }>('POST', path, { name: 'Build' });
  const app = `/webhooks/${hook.id}/${hook.token}?thread_id=${post.id}`;
  await kim.call('POST', app, { content: 'build 7 is green' });
  await fault(sim, {
    ...{ kind: 'status', method: 'DELETE', path: `/channels/${post.id}$`, who: 'bot' },
    ...{ status: 403, code: 50013, times: 3 },
  });
  await updateTicket(ctx, admin, id, { support_role: 'TECHNICAL' });
  await eventually(async () => {
    expect((await channelOf(sim, number)).id).not.toBe(post.id);
  }, patience);
  const transcripts = await messagesIn(sim, sim.state.channels.transcripts);
  const kept = transcripts.filter(({ content }) => content.includes('when it was moved'));
  expect(kept).toHaveLength(1);
  await fault(sim, { kind: 'set', settings: { nonceWindowMs: nonceWindowMs ?? 300_000 } });
});

test('a forum that is opened by hand to somebody is closed at once, though nobody opens another post', async () => {
  await forumBot();
  const { post } = await posted(['one']);
  expect(await whoSees(post.id)).toEqual(general);
  await boss.call('PATCH', `/channels/${post.parent_id}`, { permission_overwrites: [] });
  await eventually(async () => expect(await whoSees(post.id)).toEqual(general), patience);
  const { id } = desk.sim.state.people.member;
  const allow = String(P.ViewChannel | P.ReadMessageHistory);
  await boss.call('PUT', `/channels/${post.parent_id}/permissions/${id}`, {
    ...{ type: OverwriteType.Member, allow, deny: '0' },
  });
  await eventually(async () => expect(await whoSees(post.id)).toEqual(general), patience);
});

test('a forum without its guidelines is closed as long as posts of tickets stand in it', async () => {
  await forumBot();
  const { post } = await posted(['one']);
  await boss.call('PATCH', `/channels/${post.parent_id}`, { topic: 'Be kind to one another.' });
  await boss.call('PATCH', `/channels/${post.parent_id}`, { permission_overwrites: [] });
  await eventually(async () => expect(await whoSees(post.id)).toEqual(general), patience);
});

test.each(['post', 'park'] as const)(
  'a forum that was opened by hand while no bot was there is closed by the next, with `%s`',
  async (how) => {
    const first = await forumBot();
    const { post } = await posted(['one']);
    await first.stop();
    await boss.call('PATCH', `/channels/${post.parent_id}`, { permission_overwrites: [] });
    expect(await whoSees(post.id)).toContain('member');
    await forumBot(how);
    await eventually(async () => expect(await whoSees(post.id)).toEqual(general), patience);
  },
);

test.each([false, true])(
  'a forum whose guidelines were rewritten, and that was opened, while no bot was there is closed by the next (its post archived: %s)',
  async (isArchived) => {
    const first = await forumBot();
    const { post } = await posted(['one']);
    if (isArchived) await fault(desk.sim, { kind: 'archive-threads', channel_id: post.id });
    await first.stop();
    const change = { topic: 'Be kind to one another.', permission_overwrites: [] };
    await boss.call('PATCH', `/channels/${post.parent_id}`, change);
    expect(await whoSees(post.id)).toContain('member');
    await forumBot();
    await eventually(async () => expect(await whoSees(post.id)).toEqual(general), patience);
  },
);

test('a post in a forum whose guidelines were rewritten goes to the next one when others are to see it', async () => {
  const { ctx, sim } = desk;
  const first = await forumBot();
  const { id, number, post } = await posted(['one']);
  await boss.call('PATCH', `/channels/${post.parent_id}`, { topic: 'Be kind to one another.' });
  await first.stop();
  const row = { _id: oid(id) };
  await ctx.db.mirrors.collection.updateOne(row, { $set: { 'shown.seers': 'of before' } });
  await forumBot();
  await say(ctx, id, 'two');
  await eventually(async () => {
    const { parent_id } = await channelOf(sim, number);
    expect(parent_id).not.toBe(post.parent_id);
    expect(parent_id).toBe((await forums('NORMAL', 'GENERAL'))[0]?.id);
  }, patience);
});

test.each(['while the bot is there', 'while it is away'])(
  'a card that somebody deletes in a post %s stands there again, and follows the ticket',
  async (when) => {
    const { ctx, sim } = desk;
    const first = await forumBot();
    const { id, number, post } = await posted(['one']);
    const isAway = when === 'while it is away';
    if (isAway) await first.stop();
    await boss.remove(post.id, post.id);
    if (isAway) await forumBot();
    await updateTicket(ctx, admin, id, { topic: 'Another parcel' });
    await eventually(async () => {
      const cards = (await messagesIn(sim, post.id)).filter(({ embeds }) => embeds.length > 0);
      expect(cards.map(({ embeds }) => embeds[0]?.title)).toEqual([
        expect.stringContaining('Another parcel'),
      ]);
    }, patience);
    await say(ctx, id, 'two');
    await textsAre(post.id, ['**Ana**: one', '**Ana**: two']);
    expect((await channelOf(sim, number)).id).toBe(post.id);
    await closeTicket(ctx, agent, id, {});
    await eventually(async () => expect(await channelsOf(sim, number)).toEqual([]), patience);
  },
);

test('where somebody has made a forum ask for tags, tickets have channels, and it is said why', async () => {
  const { ctx, sim } = desk;
  await forumBot();
  const { post } = await posted();
  const path = `/channels/${post.parent_id}/threads$`;
  const message = 'A tag is required to create a forum post in this channel';
  await fault(sim, { kind: 'status', method: 'POST', path, status: 400, code: 40067, message });
  const { id, number } = await openTicket(ctx);
  expect((await channelOf(sim, number)).type).toBe(0);
  const { reason } = ctx.health.report().parts.discord ?? {};
  expect(reason).toMatch(/cannot be opened as posts: .*tag.*see what its forum asks for/);
  await closeTicket(ctx, agent, id, {});
});

test('of a post that a bot opens when another has its lease already none stays', async () => {
  const { ctx, sim } = desk;
  await forumBot();
  const { post } = await posted();
  const path = `/channels/${post.parent_id}/threads$`;
  await fault(sim, {
    ...{ kind: 'delay', when: 'before', ms: 5000, times: 1, method: 'POST', path, who: 'bot' },
  });
  const { id, number } = await openTicket(ctx);
  await sleep(500);
  // As if it had been frozen: its lease is another one's, which is over, too.
  const until = Date.now() - 1;
  const taken = { $set: { holder: 'other', until }, $inc: { epoch: 1 } };
  await ctx.db.leases.collection.updateOne({}, taken);
  await forumBot();
  await eventually(async () => expect(await channelsOf(sim, number)).toHaveLength(2), patience);
  await eventually(async () => expect(await channelsOf(sim, number)).toHaveLength(1), patience);
  const [stays] = await channelsOf(sim, number);
  expect((await mirrorOf(id))?.channel_id).toBe(stays?.id);
  await say(ctx, id, 'one');
  await textsAre(stays?.id ?? '', ['**Ana**: one']);
}, 60_000);

test('a deleted ticket leaves no second post that somebody wrote in', async () => {
  const { ctx, sim } = desk;
  await forumBot('post', 499, {}, { requestTimeoutMs: 500 });
  const { post } = await posted();
  const path = `/channels/${post.parent_id}/threads$`;
  await fault(sim, {
    ...{ kind: 'delay', when: 'before', ms: 1500, times: 1, method: 'POST', path, who: 'bot' },
  });
  const { id, number } = await openTicket(ctx);
  const both = await eventually(async () => {
    const found = await channelsOf(sim, number);
    expect(found).toHaveLength(2);
    return found;
  }, patience);
  const first = (await mirrorOf(id))?.channel_id;
  const second = both.find((one) => one.id !== first)?.id as string;
  await kim.write(second, 'where is everybody?');
  await closeTicket(ctx, agent, id, {});
  await eventually(async () => expect(await channelsOf(sim, number)).toHaveLength(1), patience);
  await deleteTicket(ctx, admin, id);
  await eventually(async () => expect(await channelsOf(sim, number)).toEqual([]), patience);
});

test('who is on call is called for a ticket once, and not when its post moves', async () => {
  const { ctx, sim } = desk;
  const known = onCallAs(sim.state.people.kim.id);
  await changeAgent(ctx, known, { on_call: true });
  await forumBot();
  const ticket = await openTicket(ctx);
  const post = await channelOf(sim, ticket.number);
  await textsAre(post.id, [expect.stringContaining('a new ticket')]);
  await updateTicket(ctx, admin, ticket.id, { issue_level: 'URGENT' });
  const moved = await eventually(async () => {
    const place = await channelOf(sim, ticket.number);
    expect(place.id).not.toBe(post.id);
    return place;
  }, patience);
  await say(ctx, ticket.id, 'one');
  await textsAre(moved.id, [expect.stringContaining('has moved here'), '**Ana**: one']);
  await changeAgent(ctx, known, { on_call: false });
});
