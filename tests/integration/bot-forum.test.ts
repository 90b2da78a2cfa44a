import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { PermissionFlagsBits } from 'discord.js';
import { inviteUrl } from '../../bot/permissions.ts';
import { deleteTicket } from '../../src/domain/erasure/delete-ticket.ts';
import { oid } from '../../src/domain/log/collections.ts';
import { publicLog } from '../../src/domain/log/entry.ts';
import { deleteMessage, editMessage } from '../../src/domain/messages/change.ts';
import { listNotes, sendNote } from '../../src/domain/messages/notes.ts';
import { addReaction } from '../../src/domain/messages/react.ts';
import { listParkable } from '../../src/domain/mirror/parking.ts';
import { closeTicket } from '../../src/domain/tickets/close.ts';
import { createTicket } from '../../src/domain/tickets/create.ts';
import { updateTicket } from '../../src/domain/tickets/update.ts';
import {
  agent,
  customer,
  type Desk,
  openDesk,
  openTicket,
  say,
  seen,
  setUpGuild,
} from '../support/bridge.ts';
import {
  channelOf,
  channelsOf,
  clearFaults,
  type DiscordPerson,
  discordPerson,
  fault,
  marksOn,
  messagesIn,
  type SimState,
  stateOf,
  textsIn,
} from '../support/discord.ts';
import { eventually } from '../support/eventually.ts';
import { FORUM, forumTools, PUBLIC_THREAD, patience } from '../support/forum.ts';
import { commandsKnown, interactionsOf } from '../support/interactions.ts';

const admin = { ...agent, role: 'ADMIN' } as const;
let desk: Desk;
let kim: DiscordPerson;
const { allChannels, dyingForumBot, forumBot, forums, mirrorOf, posted, textsAre } = forumTools(
  () => desk,
);

beforeAll(async () => {
  desk = await openDesk();
  kim = discordPerson(desk.sim, 'kim');
});
afterAll(() => desk.end());
afterEach(async () => {
  await desk.stopBots();
  await clearFaults(desk.sim);
  await fault(desk.sim, {
    kind: 'set',
    settings: { channelsPerGuild: 500, activeThreads: 1000 },
  });
});

/** The first text of a place, which comes a moment after the place itself. */
const beginsWith = (id: string, text: string) =>
  eventually(async () => expect((await textsIn(desk.sim, id))[0]).toContain(text), patience);

const customerHas = (id: string, wanted: string[]) =>
  eventually(async () => {
    const texts = (await seen(desk.ctx, id)).map(({ content }) => content);
    expect(texts).toEqual(wanted);
  }, patience);
const notesAre = (id: string, wanted: string[]) =>
  eventually(async () => {
    const { messages } = await listNotes(desk.ctx, agent, id, {});
    expect(messages.map(({ content }) => content)).toEqual(wanted);
  }, patience);
const marked = (channelId: string, id: string, wanted: string[]) =>
  eventually(async () => expect(await marksOn(desk.sim, channelId, id)).toEqual(wanted), patience);

test('by default a nearly full server has channels, and no forum', async () => {
  await forumBot('park');
  const { number } = await openTicket(desk.ctx);
  expect((await channelOf(desk.sim, number)).type).toBe(0);
  expect((await allChannels()).filter(({ type }) => type === FORUM)).toEqual([]);
});

test('a server with room has channels, and one that is nearly full a post in the forum of the level and role', async () => {
  const { sim } = desk;
  const { channels } = await stateOf(sim, '?calls=0&messages=0');
  const first = await forumBot('post', 500 - channels.length - 1);
  const before = await openTicket(desk.ctx);
  expect((await channelOf(sim, before.number)).type).toBe(0);
  await first.stop();
  await forumBot();
  const { post, ...ticket } = await posted(['one']);
  const urgent = await posted([], { issue_level: 'URGENT' });
  const second = await posted();
  const [forum, another] = await forums('NORMAL', 'GENERAL');
  expect(another).toBeUndefined();
  expect(forum.parent_id).toBe(sim.state.channels.normal);
  expect([post.parent_id, second.post.parent_id]).toEqual([forum.id, forum.id]);
  const [other] = await forums('URGENT', 'GENERAL');
  expect(urgent.post.parent_id).toBe(other.id);
  const [card] = await messagesIn(sim, post.id);
  expect(card?.id).toBe(post.id);
  expect(card?.embeds[0]?.footer?.text).toBe(
    `Ticket ${ticket.id} · a post, since the server has hardly any room for channels`,
  );
  expect(await mirrorOf(ticket.id)).toMatchObject({
    ...{ channel_id: post.id, forum_id: forum.id, card_id: post.id },
  });
  // The ticket from before keeps its channel.
  expect(await channelsOf(sim, before.number)).toHaveLength(1);
});

test('those see a post who would see a channel, and a forum that was opened to all is closed before it is used', async () => {
  const { sim } = desk;
  await forumBot();
  const { post } = await posted(['one']);
  const read = (who: Parameters<typeof discordPerson>[1], id: string) =>
    discordPerson(sim, who)
      .messages(id)
      .then(
        () => true,
        () => false,
      );
  const [forum] = await forums('NORMAL', 'GENERAL');
  const readers = async (id: string) =>
    Promise.all(
      (['kim', 'manager', 'admin', 'developer', 'member'] as const).map((w) => read(w, id)),
    );
  expect(await readers(post.id)).toEqual([true, true, true, false, false]);
  const technical = await posted([], { support_role: 'TECHNICAL' });
  expect(await readers(technical.post.id)).toEqual([false, true, true, true, false]);
  await discordPerson(sim, 'admin').call('PATCH', `/channels/${forum.id}`, {
    permission_overwrites: [],
  });
  const next = await posted();
  expect(next.post.parent_id).toBe(forum.id);
  expect(await readers(next.post.id)).toEqual([true, true, true, false, false]);
});

test('where others are to see a ticket, the forum of its post is shown to those, and told of while it cannot be', async () => {
  const { ctx, sim } = desk;
  const first = await forumBot();
  const { post, id } = await posted(['one']);
  await first.stop();
  await ctx.db.mirrors.collection.updateOne(
    { _id: oid(id) },
    { $set: { 'shown.seers': 'roles of before' } },
  );
  const forum = `/channels/${post.parent_id}`;
  const boss = discordPerson(sim, 'admin');
  await boss.call('PATCH', forum, { permission_overwrites: [] });
  const member = discordPerson(sim, 'member');
  expect(await member.messages(post.id)).toHaveLength(2);
  const change = { method: 'PATCH', path: `${forum}$`, who: 'bot' };
  await fault(sim, { kind: 'status', ...change, status: 403, code: 50013, times: 1 });
  const reported: string[] = [];
  const report = (error: unknown) => void reported.push((error as Error).message);
  await forumBot('post', 499, { reports: { ...ctx.reports, report } });
  await say(ctx, id, 'two');
  await eventually(() => expect(member.messages(post.id)).rejects.toThrow(), patience);
  expect(reported).toEqual([expect.stringContaining('cannot be shown to those')]);
  await textsAre(post.id, ['**Ana**: one', '**Ana**: two']);
  await eventually(async () => {
    expect((await mirrorOf(id))?.shown.seers).toMatch(/^\d+,\d+,\d+$/);
    expect(ctx.health.report().parts.discord?.state).toBe('ok');
  }, patience);
});

test('a post carries messages, edits, deletions, files and reactions both ways, and notes stay inside', async () => {
  const { ctx, sim } = desk;
  await forumBot();
  const { post, id } = await posted(['one', 'two', 'three']);
  const [one, two] = await seen(ctx, id);
  await editMessage(ctx, customer, id, one?.id as string, { content: 'one more' });
  await deleteMessage(ctx, customer, id, two?.id as string);
  await sendNote(ctx, agent, id, { content: 'careful' });
  await textsAre(post.id, [
    expect.stringContaining('one more'),
    '**Ana**: three',
    expect.stringContaining('careful'),
  ]);
  const answer = await kim.write(post.id, 'hello');
  const note = await kim.write(post.id, '// she is right');
  const file = { name: 'map.txt', data: new TextEncoder().encode('here') };
  const attached = await kim.attach(post.id, 'look', [file]);
  await customerHas(id, ['one more', 'three', 'hello', 'look']);
  await marked(post.id, note.id, ['📝']);
  await eventually(
    async () => expect(await marksOn(sim, post.id, attached.id)).toContain('✅'),
    patience,
  );
  await notesAre(id, ['careful', 'she is right']);
  const said = (await seen(ctx, id)).at(-1);
  expect(said?.files.map(({ name }) => name)).toEqual(['map.txt']);
  await kim.edit(post.id, answer.id, 'hello Ana');
  await customerHas(id, ['one more', 'three', 'hello Ana', 'look']);
  const hello = (await seen(ctx, id))[2]?.id as string;
  await addReaction(ctx, customer, publicLog(id), hello, '👍');
  await eventually(
    async () => expect(await marksOn(sim, post.id, answer.id)).toContain('👍'),
    patience,
  );
  const shown = (await messagesIn(sim, post.id)).find(({ content }) => content.includes('three'));
  await kim.call(
    'PUT',
    `/channels/${post.id}/messages/${shown?.id}/reactions/${encodeURIComponent('🎉')}/@me`,
  );
  await eventually(async () => {
    const three = (await seen(ctx, id))[1];
    expect(JSON.stringify(three?.reactions)).toContain('🎉');
  }, patience);
  await kim.remove(post.id, attached.id);
  await customerHas(id, ['one more', 'three', 'hello Ana']);
});

test('commands work in a post, and closing keeps its transcript and removes it', async () => {
  const { ctx, sim } = desk;
  await forumBot();
  await commandsKnown(sim);
  const { post, id, number } = await posted(['one']);
  const command = interactionsOf(sim, kim);
  const notes = await command.run(post.id, 'notes');
  expect(notes.content).toContain('// and /note work all the same');
  await command.run(post.id, 'note', { text: 'by command' });
  await textsAre(post.id, ['**Ana**: one', expect.stringContaining('by command')]);
  await closeTicket(ctx, agent, id, { reason: 'it came' });
  await eventually(async () => {
    expect(await mirrorOf(id)).toMatchObject({ state: 'done' });
    expect(await channelsOf(sim, number)).toEqual([]);
  }, patience);
  const posts = await messagesIn(sim, sim.state.channels.transcripts);
  const kept = posts.filter(({ embeds }) => embeds[0]?.footer?.text === `Ticket ${id}`);
  expect(kept).toHaveLength(1);
});

describe('a bot killed while it opens a post', () => {
  test.each([0, 1])(
    'with %i more posts of the ticket: there is one, and nothing is missing',
    async (doubles) => {
      const { ctx, sim } = desk;
      const ticket = await openTicket(ctx);
      await say(ctx, ticket.id, 'one');
      const killed = await dyingForumBot('after-channel-create');
      await killed();
      const [post] = await channelsOf(sim, ticket.number);
      const [card] = await messagesIn(sim, post?.id as string);
      const headers = {
        authorization: `Bot ${sim.state.bot.token}`,
        'content-type': 'application/json',
      };
      for (let nth = 0; nth < doubles; nth++) {
        const { embeds, components } = card as unknown as Record<string, object>;
        const body = { name: post?.name, message: { embeds, components } };
        const path = `${sim.apiUrl}/v10/channels/${(post as { parent_id: string }).parent_id}/threads`;
        const made = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) });
        expect(made.status).toBe(201);
      }
      // Somebody is quicker than the next bot.
      const { id } = await kim.write(post?.id as string, 'seen');
      await forumBot();
      await say(ctx, ticket.id, 'two');
      await eventually(async () => {
        const texts = (await seen(ctx, ticket.id)).map(({ content }) => content);
        expect(texts.sort()).toEqual(['one', 'seen', 'two']);
        const lines = await textsIn(sim, post?.id as string);
        const said = lines.filter((line) => !line.includes('recovered after a gap'));
        expect(said).toEqual(['seen', '**Ana**: one', '**Ana**: two']);
      }, patience);
      await marked(post?.id as string, id, ['✅']);
      expect(
        (await messagesIn(sim, post?.id as string)).filter(({ embeds }) => embeds.length > 0),
      ).toHaveLength(1);
      expect(await channelsOf(sim, ticket.number)).toHaveLength(1);
    },
  );

  test('by an answer that was lost: the post is found, and not opened twice', async () => {
    const { ctx, sim } = desk;
    await forumBot();
    const { post } = await posted();
    const threads = { method: 'POST', path: `/channels/${post.parent_id}/threads$`, who: 'bot' };
    await fault(sim, { kind: 'reset', when: 'after', times: 1, ...threads });
    const ticket = await openTicket(ctx);
    await say(ctx, ticket.id, 'one');
    const { id } = await channelOf(sim, ticket.number);
    await textsAre(id, ['**Ana**: one']);
    expect(await channelsOf(sim, ticket.number)).toHaveLength(1);
  });
});

test('a post of an attempt that was given up too early goes again, unless somebody has written in it', async () => {
  const { ctx, sim } = desk;
  await forumBot('post', 499, {}, { requestTimeoutMs: 500 });
  const { post } = await posted();
  const threads = { method: 'POST', path: `/channels/${post.parent_id}/threads$`, who: 'bot' };
  await fault(sim, { kind: 'delay', when: 'before', ms: 1500, times: 2, ...threads });
  const all = [await openTicket(ctx), await openTicket(ctx)];
  const [first, second] = await Promise.all(
    all.map(({ number }) =>
      eventually(async () => {
        const found = await channelsOf(sim, number);
        expect(found).toHaveLength(2);
        return found;
      }, patience),
    ),
  );
  const isKept = async (found: SimState[], id: string) => {
    const mirror = await mirrorOf(id);
    return found.find((one) => one.id !== mirror?.channel_id)?.id as string;
  };
  const written = await isKept(second as SimState[], all[1]?.id as string);
  await kim.write(written, 'where is everybody?');
  await eventually(
    async () => expect(await channelsOf(sim, all[0]?.number as number)).toHaveLength(1),
    patience,
  );
  const [left] = await channelsOf(sim, all[0]?.number as number);
  expect(left?.id).toBe((await mirrorOf(all[0]?.id as string))?.channel_id);
  expect(first).toHaveLength(2);
  expect(await channelsOf(sim, all[1]?.number as number)).toHaveLength(2);
}, 40_000);

test('a bot that was away takes in what was written, edited and deleted in a post', async () => {
  const { ctx, sim } = desk;
  const first = await forumBot();
  const { post, id } = await posted(['one']);
  const edited = await kim.write(post.id, 'two');
  const deleted = await kim.write(post.id, 'three');
  await customerHas(id, ['one', 'two', 'three']);
  await first.stop();
  await kim.edit(post.id, edited.id, 'two more');
  await kim.remove(post.id, deleted.id);
  const written = await kim.write(post.id, 'four');
  await kim.write(post.id, '// five');
  await say(ctx, id, 'six');
  await forumBot();
  await eventually(async () => {
    const texts = (await seen(ctx, id)).map(({ content }) => content);
    expect(texts.sort()).toEqual(['four', 'one', 'six', 'two more']);
  }, patience);
  await marked(post.id, written.id, ['✅']);
  await notesAre(id, ['five']);
  await eventually(
    async () => expect(await textsIn(sim, post.id)).toContain('**Ana**: six'),
    patience,
  );
});

describe('a post that Discord has archived', () => {
  const archive = (id: string) => fault(desk.sim, { kind: 'archive-threads', channel_id: id });

  test('is woken by a message, an edit, a mark and its card', async () => {
    const { ctx, sim } = desk;
    await forumBot();
    const { post, id } = await posted(['one']);
    const answer = await kim.write(post.id, 'hello');
    await marked(post.id, answer.id, ['✅']);
    const isArchived = async () => {
      const [found] = (await allChannels()).filter((one) => one.id === post.id);
      return found.thread_metadata.archived;
    };
    const [one, hello] = (await seen(ctx, id)).map((each) => each.id) as [string, string];
    const changes: (() => Promise<unknown>)[] = [
      () => say(ctx, id, 'two'),
      () => editMessage(ctx, customer, id, one, { content: 'one more' }),
      () => addReaction(ctx, customer, publicLog(id), hello, '👍'),
      () => updateTicket(ctx, admin, id, { topic: 'Another parcel' }),
    ];
    for (const change of changes) {
      await archive(post.id);
      expect(await isArchived()).toBe(true);
      await change();
      await eventually(async () => expect(await isArchived()).toBe(false), patience);
    }
    await eventually(async () => {
      const [card, first] = await messagesIn(sim, post.id);
      expect(card?.embeds[0]?.title).toContain('Another parcel');
      expect(first?.content).toContain('one more');
      expect(await marksOn(sim, post.id, answer.id)).toContain('👍');
    }, patience);
  });

  test('is read and closed by a bot that starts anew', async () => {
    const { ctx, sim } = desk;
    const first = await forumBot();
    const { post, id, number } = await posted(['one']);
    await first.stop();
    await kim.write(post.id, 'two');
    await archive(post.id);
    await forumBot();
    await customerHas(id, ['one', 'two']);
    await archive(post.id);
    await closeTicket(ctx, agent, id, {});
    await eventually(async () => expect(await channelsOf(sim, number)).toEqual([]), patience);
  });
});

test('a post, or a whole forum, that somebody deletes is made again with what was said', async () => {
  const { ctx, sim } = desk;
  // The gateway alone tells of it.
  await forumBot('post', 499, {}, { catchUpMs: 3_600_000 });
  const [a, b] = [await posted(['one']), await posted(['one'])];
  const boss = discordPerson(sim, 'admin');
  await boss.call('DELETE', `/channels/${a.post.id}`);
  const remade = await eventually(async () => {
    const post = await channelOf(sim, a.number);
    expect(post.id).not.toBe(a.post.id);
    await beginsWith(post.id, 'has been made again');
    return post;
  }, patience);
  expect(remade.parent_id).toBe(a.post.parent_id);
  await boss.call('DELETE', `/channels/${b.post.parent_id}`);
  await eventually(async () => {
    const post = await channelOf(sim, b.number);
    expect(post.parent_id).not.toBe(b.post.parent_id);
    await beginsWith(post.id, 'has been made again');
  }, patience);
  const [forum, another] = await forums('NORMAL', 'GENERAL');
  expect([forum?.id === b.post.parent_id, another]).toEqual([false, undefined]);
  await say(ctx, b.id, 'two');
  await kim.write((await channelOf(sim, b.number)).id, 'three');
  await customerHas(b.id, ['one', 'two', 'three']);
});

describe('a ticket of another level or support role', () => {
  const movedTo = (
    ticket: { number: number; id: string; post: SimState },
    role: string,
    level: string,
  ) =>
    eventually(async () => {
      const place = await channelOf(desk.sim, ticket.number);
      expect(place.id).not.toBe(ticket.post.id);
      const [forum] = await forums(level, role);
      expect(place.parent_id).toBe(forum?.id);
      return place;
    }, patience);

  test('moves to the forum of that, with what was said; nothing is lost or told twice', async () => {
    const { ctx, sim } = desk;
    await forumBot();
    const ticket = await posted(['one']);
    await kim.write(ticket.post.id, 'two');
    await customerHas(ticket.id, ['one', 'two']);
    const hook = await discordPerson(sim, 'admin').call<{ id: string; token: string }>(
      'POST',
      `/channels/${ticket.post.parent_id}/webhooks`,
      { name: 'Build' },
    );
    await kim.call('POST', `/webhooks/${hook.id}/${hook.token}?thread_id=${ticket.post.id}`, {
      content: 'build 7 is green',
    });
    await updateTicket(ctx, admin, ticket.id, { support_role: 'TECHNICAL' });
    const post = await movedTo(ticket, 'TECHNICAL', 'NORMAL');
    await say(ctx, ticket.id, 'three');
    await textsAre(post.id, [expect.stringContaining('has moved here'), '**Ana**: three']);
    const [, history] = await messagesIn(sim, post.id);
    expect(history?.content).toMatch(/\*\*Ana\*\* <t:\d+:f>: one\n.*two$/);
    const dev = discordPerson(sim, 'developer');
    await dev.write(post.id, 'four');
    await customerHas(ticket.id, ['one', 'two', 'three', 'four']);
    const transcripts = await messagesIn(sim, sim.state.channels.transcripts);
    const kept = transcripts.filter(({ content }) => content.includes('when it was moved'));
    expect(kept).toHaveLength(1);
    const page = await (await fetch(kept[0]?.attachments[0]?.url as string)).text();
    expect(page).toContain('build 7 is green');
    await expect(kim.messages(post.id)).rejects.toThrow();
    const { calls } = await stateOf(sim, '?messages=0');
    const ends = calls.filter(
      ({ path, method, body }: SimState) =>
        path.endsWith(ticket.post.id) && (body?.locked === true || method === 'DELETE'),
    );
    expect(ends.map(({ method }: SimState) => method)).toEqual(['PATCH', 'DELETE']);
    await updateTicket(ctx, admin, ticket.id, { issue_level: 'CRITICAL' });
    const last = await movedTo({ ...ticket, post }, 'TECHNICAL', 'CRITICAL');
    await textsAre(last.id, [expect.stringContaining('has moved here')]);
    expect(await channelsOf(sim, ticket.number)).toHaveLength(1);
  });

  test('gets a channel where the server has room again', async () => {
    const { ctx, sim } = desk;
    const first = await forumBot();
    const ticket = await posted(['one']);
    await first.stop();
    await forumBot('post', 1);
    await updateTicket(ctx, admin, ticket.id, { issue_level: 'URGENT' });
    await eventually(async () => {
      const channel = await channelOf(sim, ticket.number);
      expect(channel).toMatchObject({ type: 0, parent_id: sim.state.channels.urgent });
      await beginsWith(channel.id, 'has moved here');
    }, patience);
    expect(await mirrorOf(ticket.id)).toMatchObject({ forum_id: null });
  });

  test('stays, unlocked, while its post may not be removed, which is told once with its mend', async () => {
    const { ctx, sim } = desk;
    const reported: string[] = [];
    const report = (error: unknown) => void reported.push((error as Error).message);
    await forumBot('post', 499, { reports: { ...ctx.reports, report } });
    const ticket = await posted(['one']);
    const removal = { method: 'DELETE', path: `/channels/${ticket.post.id}$`, who: 'bot' };
    await fault(sim, { kind: 'status', ...removal, status: 403, code: 50013 });
    await updateTicket(ctx, admin, ticket.id, { support_role: 'TECHNICAL' });
    await eventually(
      () =>
        expect(ctx.health.report().parts.discord?.reason).toContain('cannot go where it belongs'),
      patience,
    );
    await eventually(() => kim.write(ticket.post.id, 'still here'), patience);
    await customerHas(ticket.id, ['one', 'still here']);
    await clearFaults(sim);
    const post = await movedTo(ticket, 'TECHNICAL', 'NORMAL');
    expect(reported.filter((text) => text.includes('cannot go where'))).toHaveLength(1);
    await eventually(() => expect(ctx.health.report().parts.discord?.state).toBe('ok'), patience);
    await beginsWith(post.id, 'has moved here');
  });

  test('stays, without being locked, while its new forum is refused, which is told once', async () => {
    const { ctx, sim } = desk;
    const reported: string[] = [];
    const report = (error: unknown) => void reported.push((error as Error).message);
    await forumBot('post', 499, { reports: { ...ctx.reports, report } });
    const ticket = await posted(['one']);
    await fault(sim, {
      ...{ kind: 'status', method: 'POST', path: '/guilds/\\d+/channels$', who: 'bot' },
      ...{ contains: '[deskcord URGENT MANAGER]', status: 400, code: 50024, times: 2 },
    });
    await updateTicket(ctx, admin, ticket.id, { support_role: 'MANAGER', issue_level: 'URGENT' });
    await movedTo(ticket, 'MANAGER', 'URGENT');
    const told = reported.filter((text) => text.includes('cannot go where'));
    expect(told).toEqual([expect.stringContaining('enable Community')]);
    const { calls } = await stateOf(sim, '?messages=0');
    const locks = calls.filter(
      ({ path, body }: SimState) => path.endsWith(ticket.post.id) && body?.locked === true,
    );
    expect(locks).toHaveLength(1);
    await eventually(() => expect(ctx.health.report().parts.discord?.state).toBe('ok'), patience);
  });

  test.each([
    ['before-move-step', 1],
    ['after-move-step', 1],
    ['before-move-step', 2],
    ['after-move-step', 2],
  ] as const)('%s %i: a bot killed there is gone on for by the next', async (point, nth) => {
    const { ctx, sim } = desk;
    const killed = await dyingForumBot(point, nth);
    const ticket = await posted(['one', 'two']);
    await updateTicket(ctx, admin, ticket.id, { support_role: 'TECHNICAL' });
    await killed();
    await say(ctx, ticket.id, 'three');
    await forumBot();
    const post = await movedTo(ticket, 'TECHNICAL', 'NORMAL');
    await eventually(async () => {
      const [card, history, ...rest] = await messagesIn(sim, post.id);
      expect(card?.embeds).toHaveLength(1);
      const told = [history?.content, ...rest.map(({ content }) => content)].join('\n');
      for (const word of ['one', 'two', 'three']) expect(told.split(`: ${word}`)).toHaveLength(2);
    }, patience);
    expect(await channelsOf(sim, ticket.number)).toHaveLength(1);
  });
});

test('a guest keeps a ticket out of a forum, and none is let into a post', async () => {
  const { ctx, sim } = desk;
  const first = await forumBot('park');
  await commandsKnown(sim);
  const guested = await openTicket(ctx);
  const channel = await channelOf(sim, guested.number);
  const command = interactionsOf(sim, kim);
  const { id: user } = sim.state.people.member;
  expect((await command.run(channel.id, 'member add', { user })).content).toContain('sees this');
  await first.stop();
  await forumBot();
  const { post, id } = await posted();
  const told = await command.run(post.id, 'member add', { user });
  expect(told.content).toContain('sees the other tickets there, too');
  expect((await mirrorOf(id))?.members ?? []).toEqual([]);
  await discordPerson(sim, 'admin').call('DELETE', `/channels/${channel.id}`);
  await eventually(async () => {
    const again = await channelOf(sim, guested.number);
    expect(again.id).not.toBe(channel.id);
    expect(again.type).toBe(0);
  }, patience);
});

describe('where Discord refuses', () => {
  const creation = (more: object) =>
    fault(desk.sim, {
      ...{ kind: 'status', method: 'POST', path: '/guilds/\\d+/channels$', who: 'bot' },
      ...{ contains: '[deskcord', ...more },
    });

  test('a forum, tickets have channels, and it is told once with its mend', async () => {
    const { ctx, sim } = desk;
    for (const { id, type } of await allChannels()) {
      if (type === FORUM) await discordPerson(sim, 'admin').call('DELETE', `/channels/${id}`);
    }
    await creation({ status: 400, code: 50024 });
    const reported: string[] = [];
    const report = (error: unknown) => void reported.push((error as Error).message);
    await forumBot('post', 499, { reports: { ...ctx.reports, report } });
    const all = [await openTicket(ctx), await openTicket(ctx), await openTicket(ctx)];
    for (const { number } of all) expect((await channelOf(sim, number)).type).toBe(0);
    const told = reported.filter((text) => text.includes('cannot be opened as posts'));
    expect(told).toHaveLength(1);
    expect(told[0]).toContain('enable Community in the server');
    const { calls } = await stateOf(sim, '?messages=0');
    const asked = calls.filter(
      ({ method, status, body }: SimState) =>
        method === 'POST' && status === 400 && body?.topic?.endsWith('NORMAL GENERAL]'),
    );
    expect(asked.length).toBe(1);
  });

  test('the bot a permission that posts take, tickets have channels, and /doctor names it', async () => {
    const { ctx, sim } = desk;
    const { roles, guildId, channels } = sim.state;
    const boss = discordPerson(sim, 'admin');
    const path = `/guilds/${guildId}/roles/${roles.bot}`;
    const all = (await stateOf(sim, '?calls=0&messages=0')).roles;
    const { permissions } = all.find(({ id }: { id: string }) => id === roles.bot);
    const lesser = BigInt(permissions) & ~PermissionFlagsBits.ManageThreads;
    await boss.call('PATCH', path, { permissions: String(lesser) });
    await forumBot();
    const { number } = await openTicket(ctx);
    expect((await channelOf(sim, number)).type).toBe(0);
    await commandsKnown(sim);
    const doctor = await interactionsOf(sim, boss).run(channels.transcripts, 'doctor');
    expect(doctor.content).toContain("the bot's role lacks Manage Threads");
    await boss.call('PATCH', path, { permissions });
    await eventually(async () => void (await posted()), patience);
  });

  test('one ticket its words, that one has a channel, and a forum that has just gone is made again', async () => {
    const { ctx, sim } = desk;
    await forumBot();
    const { post } = await posted();
    const opening = { method: 'POST', path: `/channels/${post.parent_id}/threads$`, who: 'bot' };
    await fault(sim, { kind: 'status', ...opening, status: 400, code: 200000, times: 4 });
    const barred = await openTicket(ctx);
    expect((await channelOf(sim, barred.number)).type).toBe(0);
    await fault(sim, { kind: 'status', ...opening, status: 404, code: 10003, times: 1 });
    await posted(['one']);
    expect(ctx.health.report().parts.discord?.state).toBe('ok');
  });

  test('a post, since there are too many threads, tickets have channels', async () => {
    const { ctx, sim } = desk;
    await forumBot();
    await posted();
    await fault(sim, { kind: 'set', settings: { activeThreads: 0 } });
    const { number } = await openTicket(ctx);
    expect((await channelOf(sim, number)).type).toBe(0);
    const reason = ctx.health.report().parts.discord?.reason;
    expect(reason).toContain('close or archive threads');
  });

  test('another channel, tickets have posts as long as their forum is there, and wait where it is not', async () => {
    const { ctx, sim } = desk;
    await forumBot();
    await posted();
    const guildChannels = (await allChannels()).filter(({ type }) => type !== PUBLIC_THREAD);
    await fault(sim, { kind: 'set', settings: { channelsPerGuild: guildChannels.length } });
    await posted(['one']);
    const waiting = await openTicket(ctx, { support_role: 'MANAGER', issue_level: 'CRITICAL' });
    await eventually(async () => {
      expect((await mirrorOf(waiting.id))?.problem).toContain('no room for another channel');
    }, patience);
    expect(await channelsOf(sim, waiting.number)).toEqual([]);
    await fault(sim, { kind: 'set', settings: { channelsPerGuild: 500 } });
    await eventually(() => channelOf(sim, waiting.number), patience);
  });

  test('a channel, by a count that was wrong, tickets have posts until a channel goes', async () => {
    const { ctx, sim } = desk;
    const first = await forumBot();
    await posted();
    await first.stop();
    await forumBot('post', 1);
    const spare = await openTicket(ctx);
    const channel = await channelOf(sim, spare.number);
    expect(channel.type).toBe(0);
    const guildChannels = (await allChannels()).filter(({ type }) => type !== PUBLIC_THREAD);
    await fault(sim, { kind: 'set', settings: { channelsPerGuild: guildChannels.length } });
    await posted(['one']);
    await posted(['two']);
    await fault(sim, { kind: 'set', settings: { channelsPerGuild: 500 } });
    await closeTicket(ctx, agent, spare.id, {});
    await eventually(async () => expect(await channelsOf(sim, spare.number)).toEqual([]), patience);
    await eventually(async () => {
      const { number } = await openTicket(ctx);
      expect((await channelOf(sim, number)).type).toBe(0);
    }, patience);
  });

  test('any more open threads, a quiet post waits with what is new, and goes on by itself', async () => {
    const { ctx, sim } = desk;
    await forumBot();
    const { post, id } = await posted(['one']);
    await fault(sim, { kind: 'archive-threads', channel_id: post.id });
    await fault(sim, { kind: 'set', settings: { activeThreads: 0 } });
    await say(ctx, id, 'two');
    await eventually(
      async () => expect((await mirrorOf(id))?.problem).toContain('160006'),
      patience,
    );
    await fault(sim, { kind: 'set', settings: { activeThreads: 1000 } });
    await textsAre(post.id, ['**Ana**: one', '**Ana**: two']);
  });
});

test('a post is not parked; with `both`, idle channels are, and come back as posts', async () => {
  const { ctx, sim } = desk;
  const { tickets, entries } = ctx.db;
  const first = await forumBot();
  const { id } = await posted(['one']);
  await first.stop();
  const second = await forumBot('park', 0);
  const idle = await openTicket(ctx);
  await say(ctx, idle.id, 'one');
  await textsAre((await channelOf(sim, idle.number)).id, ['**Ana**: one']);
  await second.stop();
  for (const one of [id, idle.id]) {
    const by = -3 * 3_600_000;
    await entries.collection.updateMany({ ticket_id: oid(one) }, { $inc: { at: by } });
    await tickets.collection.updateOne({ _id: oid(one) }, { $inc: { created_at: by } });
  }
  expect(await listParkable(ctx, 3_600_000, 100)).toContain(idle.id);
  expect(await listParkable(ctx, 3_600_000, 100)).not.toContain(id);
  const third = await forumBot('both');
  await eventually(async () => expect((await mirrorOf(idle.id))?.parked).toBeTruthy(), patience);
  expect((await mirrorOf(id))?.channel_id).toBeTruthy();
  await say(ctx, idle.id, 'two');
  await eventually(async () => {
    const post = await channelOf(sim, idle.number);
    expect(post.type).toBe(PUBLIC_THREAD);
    const texts = await textsIn(sim, post.id);
    expect(texts).toEqual([expect.stringContaining('was idle and parked'), '**Ana**: two']);
  }, patience);
  await third.stop();
});

test('a deleted ticket leaves no post, one whose row was not written included', async () => {
  const { ctx, sim } = desk;
  const lost = await openTicket(ctx);
  const killed = await dyingForumBot('after-channel-create');
  await killed();
  await deleteTicket(ctx, admin, lost.id);
  await forumBot();
  const { id, number } = await posted(['one']);
  await deleteTicket(ctx, admin, id);
  await eventually(async () => {
    expect(await channelsOf(sim, number)).toEqual([]);
    expect(await channelsOf(sim, lost.number)).toEqual([]);
  }, patience);
});

test('/doctor says that new tickets are posts, and the invitation asks for what those take', async () => {
  const { sim } = desk;
  await forumBot();
  await commandsKnown(sim);
  await posted();
  const boss = interactionsOf(sim, discordPerson(sim, 'admin'));
  const told = await boss.run(sim.state.channels.transcripts, 'doctor');
  expect(told.content).toContain('of 500, new tickets are posts of forums');
  const asked = (whenNearlyFull: 'park' | 'post' | 'both') => {
    const url = inviteUrl('1', undefined, { persona: 'bot', whenNearlyFull });
    const bits = BigInt(new URL(url).searchParams.get('permissions') as string);
    const { ManageThreads, SendMessagesInThreads } = PermissionFlagsBits;
    return [ManageThreads, SendMessagesInThreads].map((bit) => (bits & bit) !== 0n);
  };
  expect([asked('park'), asked('both')]).toEqual([
    [false, false],
    [true, true],
  ]);
});

test('of several servers that count counts which a ticket may go to', async () => {
  const two = await openDesk({ guilds: 2 }, ({ state }) => {
    const guildId = state.others[0]?.guildId as string;
    return {
      ...{ MORE_GUILDS: guildId, GUILD_ROUTES: `partner:acme=${guildId}` },
      ...{ WHEN_NEARLY_FULL: 'post', PARK_BELOW: '499' },
    };
  });
  try {
    const { ctx, sim } = two;
    const second = sim.state.others[0] as (typeof sim.state.others)[number];
    await setUpGuild(ctx, second);
    await two.bot();
    const free = await openTicket(ctx);
    expect((await channelOf(sim, free.number)).type).toBe(0);
    const acme = { ...customer, key: 'acme|ana', partner: 'acme' };
    const body = { topic: 'Crates', description: 'None came.' };
    const { ticket } = await createTicket(ctx, acme, body);
    const post = await channelOf(sim, ticket.number, second.guildId);
    expect(post.type).toBe(PUBLIC_THREAD);
    await say(ctx, ticket.id, 'one', acme);
    await eventually(
      async () => expect(await textsIn(sim, post.id)).toEqual(['**Ana**: one']),
      patience,
    );
  } finally {
    await two.end();
  }
});
