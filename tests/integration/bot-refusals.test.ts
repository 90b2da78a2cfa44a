import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { uploadFile } from '../../src/domain/files/upload.ts';
import { deleteMessage, editMessage } from '../../src/domain/messages/change.ts';
import { sendMessage } from '../../src/domain/messages/send.ts';
import { closeTicket } from '../../src/domain/tickets/close.ts';
import { updateTicket } from '../../src/domain/tickets/update.ts';
import { agent, customer, type Desk, openDesk, openTicket, say } from '../support/bridge.ts';
import {
  channelOf,
  channelsOf,
  clearFaults,
  discordPerson,
  fault,
  messagesIn,
  stateOf,
  textsIn,
} from '../support/discord.ts';
import { eventually } from '../support/eventually.ts';

const BAD = 'https://bad.example/x';

let desk: Desk;

beforeAll(async () => {
  desk = await openDesk();
});
afterAll(() => desk.end());
afterEach(async () => {
  await desk.stopBots();
  await clearFaults(desk.sim);
});

const textsAre = (channelId: string, wanted: unknown[]) =>
  eventually(async () => expect(await textsIn(desk.sim, channelId)).toEqual(wanted), {
    timeout: 15_000,
  });
const set = (settings: object) => fault(desk.sim, { kind: 'set', settings });
const closes = (number: number) =>
  eventually(async () => expect(await channelsOf(desk.sim, number)).toEqual([]), {
    timeout: 15_000,
  });
const transcriptOf = async (id: string) =>
  (await messagesIn(desk.sim, desk.sim.state.channels.transcripts)).filter(({ embeds }) =>
    embeds[0]?.footer?.text.startsWith(`Ticket ${id}`),
  );

test('when Discord refuses an edit, then it is shown with its links broken, and what follows comes', async () => {
  const { ctx, sim } = desk;
  await set({ harmfulLinks: ['https://bad\\.example'] });
  await desk.bot();
  const ticket = await openTicket(ctx);
  const channel = await channelOf(sim, ticket.number);
  const first = await say(ctx, ticket.id, 'one');
  await textsAre(channel.id, ['**Ana**: one']);
  await editMessage(ctx, customer, ticket.id, first.id, { content: `two ${BAD}` });
  await say(ctx, ticket.id, 'help');
  await textsAre(channel.id, ['**Ana**: two hxxps://bad[.]example/x', '**Ana**: help']);
  await closeTicket(ctx, customer, ticket.id, {});
  await closes(ticket.number);
  expect(await transcriptOf(ticket.id)).toHaveLength(1);
});

test('when Discord refuses a text in any form, then staff read it in a file, new or edited', async () => {
  const { ctx, sim } = desk;
  await set({ harmfulLinks: ['secret phrase'] });
  await desk.bot();
  const ticket = await openTicket(ctx);
  const channel = await channelOf(sim, ticket.number);
  const first = await say(ctx, ticket.id, 'one');
  await textsAre(channel.id, ['**Ana**: one']);
  await editMessage(ctx, customer, ticket.id, first.id, { content: 'a secret phrase' });
  await say(ctx, ticket.id, 'another secret phrase');
  await say(ctx, ticket.id, 'help');
  const attached = '**Ana**: *(Discord does not take this text; it is attached)*';
  await textsAre(channel.id, [attached, attached, '**Ana**: help']);
  const posts = (await messagesIn(sim, channel.id)).flatMap(({ attachments }) => attachments);
  const read = await Promise.all(posts.map(async ({ url }) => (await fetch(url)).text()));
  expect(read).toEqual(['**Ana**: a secret phrase', '**Ana**: another secret phrase']);
  await editMessage(ctx, customer, ticket.id, first.id, { content: 'all is well' });
  await textsAre(channel.id, ['**Ana**: all is well', attached, '**Ana**: help']);
  expect((await messagesIn(sim, channel.id))[1]?.attachments).toEqual([]);
});

test('when Discord refuses everything about an edit, then the post says that the ticket has it', async () => {
  const { ctx, sim } = desk;
  await desk.bot();
  const ticket = await openTicket(ctx);
  const channel = await channelOf(sim, ticket.number);
  const first = await say(ctx, ticket.id, 'one');
  await textsAre(channel.id, ['**Ana**: one']);
  const patch = { kind: 'status', method: 'PATCH', path: `${channel.id}/messages`, status: 400 };
  await fault(sim, { ...patch, code: 240000, times: 2 });
  await editMessage(ctx, customer, ticket.id, first.id, { content: 'two' });
  await say(ctx, ticket.id, 'help');
  await textsAre(channel.id, [
    '**Ana**: *(Discord does not take this message; the ticket has it)*',
    '**Ana**: help',
  ]);
});

test('when Discord refuses the card, then it stands without what was refused, which follows', async () => {
  const { ctx, sim } = desk;
  await set({ harmfulLinks: ['bad.?.?\\.'] });
  await desk.bot();
  const ticket = await openTicket(ctx, { description: `look at ${BAD}` });
  const channel = await channelOf(sim, ticket.number);
  await say(ctx, ticket.id, 'hello');
  await textsAre(channel.id, [
    '**Ana**: *(Discord does not take this text; it is attached)*',
    '**Ana**: hello',
  ]);
  const [card] = await messagesIn(sim, channel.id);
  expect(card?.embeds[0]?.title).toBe(`Ticket #${ticket.number}`);
  expect(JSON.stringify(card?.components)).toContain(`close:${ticket.id}`);
  await closeTicket(ctx, agent, ticket.id, { reason: `see ${BAD}` });
  await closes(ticket.number);
  const [transcript, ...more] = await transcriptOf(ticket.id);
  expect(more).toEqual([]);
  expect(transcript?.attachments).toHaveLength(1);
});

test('when Discord refuses the reason of a closing, then the steps are the same without it', async () => {
  const { ctx, sim } = desk;
  await set({ harmfulLinks: ['https://bad\\.example'] });
  await desk.bot();
  const ticket = await openTicket(ctx);
  await channelOf(sim, ticket.number);
  await closeTicket(ctx, agent, ticket.id, { reason: `see ${BAD}` });
  await closes(ticket.number);
  const [transcript] = await transcriptOf(ticket.id);
  expect(JSON.stringify(transcript?.embeds)).toContain('hxxps://bad[.]example/x');
});

test.each([
  [
    'the permission is missing',
    { status: 403, code: 50013 },
    'the bot lacks the permission Attach Files',
  ],
  ['it is too large', { status: 413, code: 40005 }, 'too large for Discord'],
])(
  'when a file is refused because %s, then its text comes and names it',
  async (_why, answer, said) => {
    const { ctx, sim } = desk;
    await desk.bot();
    const ticket = await openTicket(ctx);
    const channel = await channelOf(sim, ticket.number);
    await textsAre(channel.id, []);
    await fault(sim, { kind: 'status', method: 'POST', file: 'invoice', who: 'bot', ...answer });
    const bytes = Readable.from([Buffer.from('abc')]);
    const { id } = await uploadFile(ctx, customer, ticket.id, 'invoice.txt', bytes);
    const content = 'my order number is 12345';
    await sendMessage(ctx, customer, ticket.id, { content, attachments: [id] });
    await say(ctx, ticket.id, 'hello?');
    await textsAre(channel.id, [
      `**Ana**: ${content}\n-# Not shown here: invoice.txt (${said}). The ticket has it.`,
      '**Ana**: hello?',
    ]);
  },
);

test('when an edit is put off by a limit, then newer messages overtake it, and it is shown at last', async () => {
  const { ctx, sim } = desk;
  await desk.bot();
  const ticket = await openTicket(ctx);
  const channel = await channelOf(sim, ticket.number);
  const first = await say(ctx, ticket.id, 'one');
  const second = await say(ctx, ticket.id, 'two');
  await textsAre(channel.id, ['**Ana**: one', '**Ana**: two']);
  const path = `${channel.id}/messages/\\d+$`;
  for (const method of ['PATCH', 'DELETE']) {
    await fault(sim, { kind: 'rate-limit', method, path, retry_after: 6, times: 1 });
  }
  await editMessage(ctx, customer, ticket.id, first.id, { content: 'one again' });
  await deleteMessage(ctx, customer, ticket.id, second.id);
  await say(ctx, ticket.id, 'three');
  await textsAre(channel.id, ['**Ana**: one', '**Ana**: two', '**Ana**: three']);
  await textsAre(channel.id, ['**Ana**: one again', '**Ana**: three']);
});

test('when a moderator has deleted a post, then each edit of it is posted anew', async () => {
  const { ctx, sim } = desk;
  await desk.bot();
  const ticket = await openTicket(ctx);
  const channel = await channelOf(sim, ticket.number);
  const admin = discordPerson(sim, 'admin');
  const first = await say(ctx, ticket.id, 'one');
  for (const content of ['two', 'three']) {
    const posts = await eventually(async () => {
      const found = await messagesIn(sim, channel.id);
      expect(found).toHaveLength(2);
      return found;
    });
    await admin.remove(channel.id, posts[1]?.id as string);
    await editMessage(ctx, customer, ticket.id, first.id, { content });
    await textsAre(channel.id, [`**Ana** (edited): ${content}`]);
  }
});

test('when a moderator has deleted the card, then it is posted again, and brought up to date', async () => {
  const { ctx, sim } = desk;
  await desk.bot();
  const ticket = await openTicket(ctx);
  const channel = await channelOf(sim, ticket.number);
  const [card] = await eventually(async () => {
    const found = await messagesIn(sim, channel.id);
    expect(found[0]?.pinned).toBe(true);
    return found;
  });
  await discordPerson(sim, 'admin').remove(channel.id, card?.id as string);
  await updateTicket(ctx, agent, ticket.id, { issue_level: 'URGENT' });
  await eventually(async () => {
    const [again] = await messagesIn(sim, channel.id);
    expect(JSON.stringify(again?.embeds)).toContain('URGENT');
    expect(again?.pinned).toBe(true);
  });
});

test('when Discord refuses the name of a channel, then it gets another one', async () => {
  const { ctx, sim } = desk;
  await set({ refusedNames: ['ticket'] });
  await desk.bot();
  const ticket = await openTicket(ctx);
  await say(ctx, ticket.id, 'hello');
  const name = `case-${String(ticket.number).padStart(4, '0')}`;
  await eventually(async () => {
    const { channels } = await stateOf(sim, '?calls=0&messages=0');
    const found = channels.find((channel: { name: string }) => channel.name === name);
    expect(await textsIn(sim, found?.id)).toEqual(['**Ana**: hello']);
  });
});

test('when Discord alters a text and forgets the nonce, then a post of unknown outcome is found', async () => {
  const { ctx, sim } = desk;
  await set({ alterations: [{ pattern: 'z', with: '' }] });
  const ticket = await openTicket(ctx);
  await say(ctx, ticket.id, 'azure');
  let left = 2;
  const bot = await desk.bot({
    ctx: {
      failpoint(point) {
        if (point === 'after-post' && --left <= 0) throw new Error('killed');
      },
    },
  });
  const channel = await channelOf(sim, ticket.number);
  await textsAre(channel.id, ['**Ana**: aure']);
  await bot.stop();
  await fault(sim, { kind: 'forget-nonces' });
  await desk.bot();
  await say(ctx, ticket.id, 'next');
  await textsAre(channel.id, ['**Ana**: aure', '**Ana**: next']);
});
