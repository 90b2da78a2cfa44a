import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { loadFile } from '../../src/domain/files/read.ts';
import { storeFile } from '../../src/domain/files/upload.ts';
import { oid } from '../../src/domain/log/collections.ts';
import { listMessages } from '../../src/domain/messages/list.ts';
import { deleteNote, editNote, listNotes, sendNote } from '../../src/domain/messages/notes.ts';
import { closeTicket } from '../../src/domain/tickets/close.ts';
import { agent, type Desk, openDesk, openTicket, say, seen } from '../support/bridge.ts';
import {
  channelOf,
  channelsOf,
  clearFaults,
  type DiscordPerson,
  discordPerson,
  fault,
  marksOn,
  messagesIn,
  textsIn,
} from '../support/discord.ts';
import { botThatDies } from '../support/dying-bot.ts';
import { eventually } from '../support/eventually.ts';

let desk: Desk;
let kim: DiscordPerson;

beforeAll(async () => {
  desk = await openDesk();
  kim = discordPerson(desk.sim, 'kim');
});
afterAll(() => desk.end());
afterEach(async () => {
  await desk.stopBots();
  await clearFaults(desk.sim);
});

const noteOf = (text: string) => `📝 **note** · **Bob**: ${text}`;
const write = async (ticketId: string, content: string, body: object = {}) =>
  (await sendNote(desk.ctx, agent, ticketId, { content, ...body })).note;
const notes = async (ticketId: string) => (await listNotes(desk.ctx, agent, ticketId, {})).messages;
const notesAre = (ticketId: string, wanted: string[]) =>
  eventually(async () =>
    expect((await notes(ticketId)).map(({ content }) => content)).toEqual(wanted),
  );
const messagesAre = (ticketId: string, wanted: string[]) =>
  eventually(async () =>
    expect((await seen(desk.ctx, ticketId)).map(({ content }) => content)).toEqual(wanted),
  );
const textsAre = (channelId: string, wanted: string[]) =>
  eventually(async () => expect(await textsIn(desk.sim, channelId)).toEqual(wanted), {
    timeout: 15_000,
  });
const marked = (channelId: string, id: string, wanted: string[]) =>
  eventually(async () => expect(await marksOn(desk.sim, channelId, id)).toEqual(wanted));

async function begin() {
  const ticket = await openTicket(desk.ctx);
  const channel = await channelOf(desk.sim, ticket.number);
  return { ticket, channelId: channel.id as string };
}

describe('a note that is not written in Discord', () => {
  test('appears in the channel, marked, and follows its edits and its deletion', async () => {
    const { ctx } = desk;
    await desk.bot();
    const { ticket, channelId } = await begin();
    const first = await write(ticket.id, 'one');
    await say(ctx, ticket.id, 'hello');
    const second = await write(ticket.id, '**two**');
    const shown = [noteOf('one'), '**Ana**: hello', noteOf('\\*\\*two\\*\\*')];
    await eventually(async () =>
      expect((await textsIn(desk.sim, channelId)).sort()).toEqual(shown.sort()),
    );
    await editNote(ctx, agent, ticket.id, first.id, { content: 'one, corrected' });
    await deleteNote(ctx, agent, ticket.id, second.id);
    await textsAre(channelId, [noteOf('one, corrected'), '**Ana**: hello']);
    expect((await listNotes(ctx, agent, ticket.id, {})).messages[0]).toMatchObject({
      content: 'one, corrected',
      edited: true,
    });
    await eventually(async () => expect((await notes(ticket.id))[0]?.mirror).toBe('posted'));
    expect(await seen(ctx, ticket.id)).toHaveLength(1);
  });

  test('is shown as an answer to the note it answers, with its files', async () => {
    const { ctx } = desk;
    await desk.bot();
    const { ticket, channelId } = await begin();
    const first = await write(ticket.id, 'question');
    await textsAre(channelId, [noteOf('question')]);
    const log = await storeFile(
      ctx,
      agent,
      ticket.id,
      'log.txt',
      Readable.from([Buffer.from('all of it')]),
    );
    await write(ticket.id, 'answer', { reply_to: first.id, attachments: [log.id] });
    await textsAre(channelId, [noteOf('question'), noteOf('answer')]);
    const posts = (await messagesIn(desk.sim, channelId)).filter(({ embeds }) => !embeds.length);
    expect(posts[1]?.message_reference?.message_id).toBe(posts[0]?.id);
    expect(posts[1]?.attachments.map(({ filename }) => filename)).toEqual(['log.txt']);
  });

  test('comes by /note too', async () => {
    await desk.bot();
    const { ticket, channelId } = await begin();
    await kim.command(channelId, 'note', { text: 'from a command' });
    await notesAre(ticket.id, ['from a command']);
    await textsAre(channelId, ['📝 **note** · **Kim**: from a command']);
    expect((await notes(ticket.id))[0]).toMatchObject({ author_id: kim.id, client_id: null });
    expect(await seen(desk.ctx, ticket.id)).toEqual([]);
  });

  test('brings nothing into Discord where the ticket ended before there was a bridge', async () => {
    const { ctx } = desk;
    const ticket = await openTicket(ctx);
    await closeTicket(ctx, agent, ticket.id, {});
    await ctx.db.tickets.collection.updateOne(
      { number: ticket.number },
      { $set: { closed_at: 1 } },
    );
    await desk.bot();
    await write(ticket.id, 'too late');
    await eventually(async () => {
      const row = await ctx.db.mirrors.collection.findOne({ _id: oid(ticket.id) });
      expect(row).toMatchObject({ state: 'done', channel_id: null });
    });
    expect(await channelsOf(desk.sim, ticket.number)).toEqual([]);
    expect((await notes(ticket.id))[0]?.mirror).toBe('none');
  });
});

describe('what begins with // in a channel', () => {
  test('is kept as a note with its files, edited and deleted from either side', async () => {
    const { ctx, sim } = desk;
    await desk.bot();
    const { ticket, channelId } = await begin();
    const data = new TextEncoder().encode('secret bytes');
    const post = await kim.attach(channelId, '// look at this', [{ name: 'a.txt', data }]);
    await notesAre(ticket.id, ['look at this']);
    await marked(channelId, post.id, ['📝']);
    const [note] = await notes(ticket.id);
    expect(note).toMatchObject({ author_id: kim.id, author_name: 'Kim', seq: 1 });
    expect((await loadFile(ctx, note?.files[0]?.id as string))?.toString()).toBe('secret bytes');
    await kim.edit(channelId, post.id, '// look at that');
    await notesAre(ticket.id, ['look at that']);
    expect((await notes(ticket.id))[0]).toMatchObject({ id: note?.id, rev: 2 });
    expect((await notes(ticket.id))[0]?.files).toHaveLength(1);
    const other = await kim.write(channelId, '//another');
    await notesAre(ticket.id, ['look at that', 'another']);
    await kim.remove(channelId, other.id);
    await notesAre(ticket.id, ['look at that']);
    await deleteNote(ctx, agent, ticket.id, note?.id as string);
    await eventually(async () => expect(await textsIn(sim, channelId)).toEqual([]));
    expect(await listMessages(ctx, agent, ticket.id, { after: 0 })).toMatchObject({ head: 0 });
  });

  test('tells the truth at each step of becoming a message and a note again', async () => {
    await desk.bot();
    const { ticket, channelId } = await begin();
    const post = await kim.write(channelId, '// 20 would do');
    await notesAre(ticket.id, ['20 would do']);
    await kim.edit(channelId, post.id, 'it is 20');
    await notesAre(ticket.id, []);
    await messagesAre(ticket.id, ['it is 20']);
    await marked(channelId, post.id, ['✅']);
    await kim.edit(channelId, post.id, '// it is 20, no less');
    await messagesAre(ticket.id, []);
    await notesAre(ticket.id, ['it is 20, no less']);
    await marked(channelId, post.id, ['📝']);
    await desk.stopBots();
    await kim.edit(channelId, post.id, 'fine');
    await desk.bot();
    await messagesAre(ticket.id, ['fine']);
    await notesAre(ticket.id, []);
    const page = await listNotes(desk.ctx, agent, ticket.id, { after: 0 });
    expect(page.messages.map(({ deleted }) => deleted)).toEqual([true, true]);
  });

  test('is found after a gap, and so are its edit and its deletion', async () => {
    const first = await desk.bot();
    const { ticket, channelId } = await begin();
    const [kept, gone] = [
      await kim.write(channelId, '// kept'),
      await kim.write(channelId, '// gone'),
    ];
    await notesAre(ticket.id, ['kept', 'gone']);
    await first.stop();
    await kim.edit(channelId, kept.id, '// kept, edited');
    await kim.remove(channelId, gone.id);
    await kim.write(channelId, '// new');
    await desk.bot();
    await notesAre(ticket.id, ['kept, edited', 'new']);
    expect(await textsIn(desk.sim, channelId)).not.toContain(noteOf('new'));
  });

  test('is refused where its writer is nobody of the staff', async () => {
    await desk.bot();
    const { ticket, channelId } = await begin();
    const mo = discordPerson(desk.sim, 'member');
    const path = `/channels/${channelId}/permissions/${mo.id}`;
    const allow = String((1n << 10n) | (1n << 11n));
    const admin = discordPerson(desk.sim, 'admin');
    await admin.call('PUT', path, { type: 1, allow, deny: '0' });
    const post = await mo.write(channelId, '// let me in');
    await marked(channelId, post.id, ['❌']);
    expect(await notes(ticket.id)).toEqual([]);
  });
});

describe('a bot that is killed', () => {
  test.each([
    ['before-post', 3],
    ['after-post', 3],
    ['after-post', 4],
    ['after-record', 3],
    ['after-record', 4],
  ] as const)(
    '%s %i: notes and messages are there once each, in their order, though Discord forgets nonces',
    async (point, nth) => {
      const { ctx, sim } = desk;
      const ticket = await openTicket(ctx);
      for (let n = 1; n <= 4; n++) {
        await say(ctx, ticket.id, 'same');
        await write(ticket.id, 'same');
      }
      const { died } = await botThatDies(desk, point, nth);
      await died;
      await fault(sim, { kind: 'forget-nonces' });
      // What is written meanwhile must not hide where the lost post stands.
      await say(ctx, ticket.id, 'later');
      await write(ticket.id, 'later');
      await desk.bot();
      const channel = await channelOf(sim, ticket.number);
      const of = async (isNote: boolean) =>
        (await textsIn(sim, channel.id)).filter((text) => text.startsWith('📝') === isNote);
      const all = (text: (line: string) => string) => [
        ...Array.from({ length: 4 }, () => text('same')),
        text('later'),
      ];
      await eventually(async () => expect(await of(true)).toEqual(all(noteOf)));
      await eventually(async () =>
        expect(await of(false)).toEqual(all((line) => `**Ana**: ${line}`)),
      );
    },
  );

  test('in a note: the post is found behind messages that come before it in their log', async () => {
    const { ctx, sim } = desk;
    const first = await desk.bot();
    const { ticket, channelId } = await begin();
    await say(ctx, ticket.id, 'hello');
    await textsAre(channelId, ['**Ana**: hello']);
    await first.stop();
    await write(ticket.id, 'only once');
    const { died } = await botThatDies(desk, 'after-post', 1);
    await died;
    await fault(sim, { kind: 'forget-nonces' });
    for (let n = 0; n < 3; n++) await say(ctx, ticket.id, `more ${n}`);
    await desk.bot();
    await textsAre(channelId, [
      '**Ana**: hello',
      noteOf('only once'),
      ...[0, 1, 2].map((n) => `**Ana**: more ${n}`),
    ]);
  });

  test.each(['before-inbound-commit', 'after-inbound-commit'] as const)(
    '%s of a // note: it is kept once',
    async (point) => {
      const first = await desk.bot();
      const { ticket, channelId } = await begin();
      await first.stop();
      const { died } = await botThatDies(desk, point, 1);
      await kim.write(channelId, '// once');
      await died;
      await desk.bot();
      await kim.write(channelId, '// twice');
      await notesAre(ticket.id, ['once', 'twice']);
    },
  );

  test('between the two halves of an edit from message to note: both are done', async () => {
    const first = await desk.bot();
    const { ticket, channelId } = await begin();
    const post = await kim.write(channelId, 'oops');
    await messagesAre(ticket.id, ['oops']);
    await first.stop();
    const { died } = await botThatDies(desk, 'before-inbound-commit', 1);
    await kim.edit(channelId, post.id, '// oops');
    await died;
    expect(await seen(desk.ctx, ticket.id)).toEqual([]);
    await desk.bot();
    await notesAre(ticket.id, ['oops']);
    await marked(channelId, post.id, ['📝']);
    await messagesAre(ticket.id, []);
  });
});

test('when a ticket is closed, then its notes are in a page of their own, beside the transcript', async () => {
  const { ctx, sim } = desk;
  await desk.bot();
  const { ticket, channelId } = await begin();
  await say(ctx, ticket.id, 'in the open');
  await kim.write(channelId, '// planted in Discord');
  await notesAre(ticket.id, ['planted in Discord']);
  const gone = await write(ticket.id, 'planted by REST');
  await deleteNote(ctx, agent, ticket.id, gone.id);
  await closeTicket(ctx, agent, ticket.id, {});
  await eventually(async () => expect(await channelsOf(sim, ticket.number)).toEqual([]), {
    timeout: 20_000,
  });
  const posts = await messagesIn(sim, sim.state.channels.transcripts);
  const files = posts
    .flatMap(({ attachments }) => attachments)
    .filter(({ filename }) => filename.includes(String(ticket.number).padStart(4, '0')));
  const pages = new Map<string, string>();
  for (const { filename, url } of files) pages.set(filename, await (await fetch(url)).text());
  const name = `transcript-${String(ticket.number).padStart(4, '0')}`;
  expect([...pages.keys()]).toEqual([`${name}.html`, `${name}-notes.html`]);
  expect(pages.get(`${name}.html`)).toContain('in the open');
  expect(pages.get(`${name}.html`)).not.toContain('planted');
  const page = pages.get(`${name}-notes.html`) as string;
  for (const text of [
    'planted in Discord',
    'planted by REST',
    'deleted by <bdi>Bob</bdi>',
    'note, for staff only',
  ]) {
    expect(page).toContain(text);
  }
  await write(ticket.id, 'after the end');
  expect((await notes(ticket.id)).at(-1)).toMatchObject({
    content: 'after the end',
    mirror: 'none',
  });
});
