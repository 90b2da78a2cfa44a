import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { listNotes } from '../../src/domain/messages/notes.ts';
import { agent, type Desk, openDesk, openTicket, seen } from '../support/bridge.ts';
import {
  channelOf,
  clearFaults,
  type DiscordPerson,
  discordPerson,
  fault,
  marksOn,
  messagesIn,
  textsIn,
} from '../support/discord.ts';
import { eventually } from '../support/eventually.ts';

let desk: Desk;
let kim: DiscordPerson;
let ticket: Awaited<ReturnType<typeof openTicket>>;
let channelId: string;

beforeAll(async () => {
  desk = await openDesk();
  await desk.bot();
  kim = discordPerson(desk.sim, 'kim');
});
afterAll(() => desk.end());
afterEach(() => clearFaults(desk.sim));
beforeEach(async () => {
  ticket = await openTicket(desk.ctx);
  channelId = (await channelOf(desk.sim, ticket.number)).id;
});

const contentsAre = (wanted: string[]) =>
  eventually(async () =>
    expect((await seen(desk.ctx, ticket.id)).map(({ content }) => content)).toEqual(wanted),
  );
const marked = (id: string, wanted: string[]) =>
  eventually(async () => expect(await marksOn(desk.sim, channelId, id)).toEqual(wanted));
const toldIn = async () =>
  (await textsIn(desk.sim, channelId)).filter((line) => line.startsWith('-# '));
const told = (text: string) =>
  eventually(async () => expect((await toldIn()).join('\n')).toContain(text));

test('a message that becomes a note and a message again bears the mark of what it is', async () => {
  const post = await kim.write(channelId, 'the price is 20');
  await contentsAre(['the price is 20']);
  await marked(post.id, ['✅']);
  await kim.edit(channelId, post.id, '// the price is 20');
  await contentsAre([]);
  await marked(post.id, ['📝']);
  await kim.edit(channelId, post.id, 'the price is 30');
  await contentsAre(['the price is 30']);
  await marked(post.id, ['✅']);
  await kim.edit(channelId, post.id, 'the price is 25');
  await contentsAre(['the price is 25']);
  await kim.edit(channelId, post.id, '// no price');
  await contentsAre([]);
  await kim.edit(channelId, post.id, 'ask me');
  await contentsAre(['ask me']);
  await marked(post.id, ['✅']);
  await kim.remove(channelId, post.id);
  await contentsAre([]);
});

test('a note that becomes plain while no bot is there is passed on once', async () => {
  const note = await kim.write(channelId, '// wait');
  await marked(note.id, ['📝']);
  await desk.stopBots();
  await kim.edit(channelId, note.id, 'hello');
  await desk.bot();
  await contentsAre(['hello']);
  await marked(note.id, ['✅']);
  await desk.stopBots();
  await desk.bot();
  await kim.write(channelId, 'again');
  await contentsAre(['hello', 'again']);
});

test('an edit that leaves nothing takes the message back, and staff are told', async () => {
  await fault(desk.sim, { kind: 'set', settings: { maxFileBytes: 25 * 1024 * 1024 } });
  const large = { name: 'large.bin', data: new Uint8Array(10 * 1024 * 1024 + 1) };
  const post = await kim.attach(channelId, 'with a file', [large]);
  await contentsAre(['with a file']);
  await told('large.bin is larger than 10 MiB');
  await kim.edit(channelId, post.id, '');
  await contentsAre([]);
  await marked(post.id, ['❌']);
  await told('taken back');
});

test('a command typed into a message that was passed on is told of, and the mark goes', async () => {
  const post = await kim.write(channelId, 'done?');
  await marked(post.id, ['✅']);
  await kim.edit(channelId, post.id, '/close');
  await marked(post.id, ['❌']);
  await told('the customer still has it as it was before');
  await contentsAre(['done?']);
  await kim.edit(channelId, post.id, 'done!');
  await contentsAre(['done!']);
  await marked(post.id, ['✅']);
});

test('a message that had nothing to pass on is passed on once an edit gives it words', async () => {
  const post = await kim.call<{ id: string }>('POST', `/channels/${channelId}/messages`, {
    content: 'look',
    sticker_ids: [desk.sim.state.sticker],
  });
  await contentsAre(['look']);
  await kim.edit(channelId, post.id, '/level');
  await marked(post.id, ['❌']);
});

test.each(['delete', 'post'])(
  'what a proxy says again (%s first) goes on as its author’s, under the proxy’s message',
  async (first) => {
    const original = await kim.write(channelId, 'K: I will refund you today');
    await contentsAre(['K: I will refund you today']);
    const content = 'I will refund you today';
    const proxied = { channel_id: channelId, message_id: original.id, content, name: 'Kim', first };
    await fault(desk.sim, { kind: 'proxy-message', ...proxied });
    await contentsAre(['I will refund you today']);
    const [message] = await seen(desk.ctx, ticket.id);
    expect(message).toMatchObject({ author_name: 'Kim', author_role: 'AGENT' });
    const copy = (await messagesIn(desk.sim, channelId)).find((one) => one.webhook_id);
    await marked(copy?.id as string, ['✅']);
    await desk.stopBots();
    await desk.bot();
    await kim.write(channelId, 'and more');
    await contentsAre(['I will refund you today', 'and more']);
  },
);

test.each(['delete', 'post'])(
  'a note that a proxy says again (%s first) without the mark stays a note',
  async (first) => {
    const original = await kim.write(channelId, '// she lies');
    await marked(original.id, ['📝']);
    const said = { channel_id: channelId, message_id: original.id, content: 'she lies' };
    await fault(desk.sim, { kind: 'proxy-message', ...said, name: 'Kim', first });
    await eventually(async () => {
      const copy = (await messagesIn(desk.sim, channelId)).find((one) => one.webhook_id);
      expect(await marksOn(desk.sim, channelId, copy?.id ?? '')).toEqual(['📝']);
    });
    const { messages } = await listNotes(desk.ctx, agent, ticket.id, {});
    expect(messages).toMatchObject([{ content: 'she lies', author_name: 'Kim' }]);
    await contentsAre([]);
  },
);

test('where the bot may not react, staff are told once that a missing mark means nothing', async () => {
  await fault(desk.sim, {
    kind: 'status',
    method: 'PUT',
    path: '/reactions/',
    status: 403,
    code: 90001,
    message: 'Reaction was blocked',
  });
  for (const line of ['one', 'two', 'three']) await kim.write(channelId, line);
  await contentsAre(['one', 'two', 'three']);
  await told('mark some messages here with no ✅');
  await kim.write(channelId, 'four');
  await contentsAre(['one', 'two', 'three', 'four']);
  expect((await toldIn()).filter((line) => line.includes('no ✅'))).toHaveLength(1);
});

test('a mark that a crash or Discord kept away is set by the next catch-up', async () => {
  await fault(desk.sim, { kind: 'status', method: 'PUT', path: '/reactions/', status: 403 });
  const post = await kim.write(channelId, 'hello');
  const note = await kim.write(channelId, '// hm');
  const bad = await kim.write(channelId, '/close');
  await told('looks like the command');
  await desk.stopBots();
  await clearFaults(desk.sim);
  await desk.bot();
  await marked(post.id, ['✅']);
  await marked(note.id, ['📝']);
  await marked(bad.id, ['❌']);
});

test('of more than 100 marks that wait for a channel, the others are set by the next catch-up', async () => {
  // Long enough for all that follows to be ingested meanwhile.
  const slow = { kind: 'delay', method: 'PUT', path: '/reactions/', times: 1, ms: 14_000 };
  await fault(desk.sim, slow);
  const ids: string[] = [];
  for (let n = 0; n < 110; n++) ids.push((await kim.write(channelId, `line ${n}`)).id);
  await contentsAre(ids.map((_, n) => `line ${n}`));
  const bare = async () => {
    const posts = await messagesIn(desk.sim, channelId);
    const isBare = (id: string) => !posts.find((post) => post.id === id)?.reactions?.length;
    return ids.filter(isBare);
  };
  const patient = { timeout: 30_000 };
  await eventually(async () => expect(await bare()).toEqual(ids.slice(100)), patient);
  // Marks are set in order: those before it were not put off, but left out.
  const last = await kim.write(channelId, 'the last one');
  await eventually(
    async () => expect(await marksOn(desk.sim, channelId, last.id)).toEqual(['✅']),
    patient,
  );
  expect(await bare()).toEqual(ids.slice(100));
  await desk.stopBots();
  await desk.bot();
  await eventually(async () => expect(await bare()).toEqual([]), patient);
}, 120_000);
