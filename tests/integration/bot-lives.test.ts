import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { listNotes } from '../../src/domain/messages/notes.ts';
import { agent, type Desk, openDesk, openTicket, seen } from '../support/bridge.ts';
import {
  channelOf,
  clearFaults,
  discordPerson,
  fault,
  marksOn,
  messagesIn,
  textsIn,
} from '../support/discord.ts';
import { botThatDies } from '../support/dying-bot.ts';
import { eventually } from '../support/eventually.ts';

let desk: Desk;

beforeAll(async () => {
  desk = await openDesk();
});
afterAll(() => desk.end());
afterEach(async () => {
  await desk.stopBots();
  await clearFaults(desk.sim);
});

/** So seldom a look into the channels that no test lives to see one. */
const seldom = { catchUpMs: 3_600_000 };
const patience = { timeout: 20_000 };

/** The channel of a new ticket, Kim who writes in it, and what its customer and staff have. */
async function openChannel() {
  const { ctx, sim } = desk;
  const ticket = await openTicket(ctx);
  const channel = await channelOf(sim, ticket.number);
  await eventually(async () => expect(await messagesIn(sim, channel.id)).not.toHaveLength(0));
  const texts = async () => (await seen(ctx, ticket.id)).map(({ content }) => content);
  const notes = async () =>
    (await listNotes(ctx, agent, ticket.id, {})).messages.map(({ content }) => content);
  return { ticket, channel, kim: discordPerson(sim, 'kim'), texts, notes };
}

test.each([
  [
    'a note made the customer’s, edited',
    ['// hush', 'hello'],
    ['hello again'],
    ['hello again'],
    [],
  ],
  ['a note, edited twice', ['// hush'], ['hello', 'hello again'], ['hello again'], []],
  ['the customer’s after two changes, made a note', ['hi', '// hush', 'hi'], ['// oh'], [], ['oh']],
  ['a note after two changes, edited', ['// hush', 'hi', '// hush'], ['// oh'], [], ['oh']],
  ['the customer’s, changed twice', ['hi'], ['// oh', 'hi again'], ['hi again'], []],
])(
  'when a channel is deleted while edits wait of what was %s, then none is lost',
  async (_what, before, waiting, said, noted) => {
    const { sim } = desk;
    await desk.bot(seldom);
    const { ticket, channel, kim, texts, notes } = await openChannel();
    const marksAre = (id: string, marks: string[]) =>
      eventually(async () => expect(await marksOn(sim, channel.id, id)).toEqual(marks));
    const [first = '', ...edits] = before;
    const { id } = await kim.write(channel.id, first);
    const isNote = (text: string) => text.startsWith('//');
    await marksAre(id, [isNote(first) ? '📝' : '✅']);
    for (const text of edits) {
      await kim.edit(channel.id, id, text);
      await marksAre(id, [isNote(text) ? '📝' : '✅']);
    }
    // What is told of meanwhile has its turn when the channel is gone.
    await fault(sim, { kind: 'delay', path: '^/attachments/', ms: 1500, times: 1 });
    const data = Buffer.from('the bill');
    await kim.attach(channel.id, 'your bill', [{ name: 'bill.txt', data }]);
    for (const text of waiting) await kim.edit(channel.id, id, text);
    await discordPerson(sim, 'admin').call('DELETE', `/channels/${channel.id}`);
    const after = await eventually(async () => {
      const made = await channelOf(sim, ticket.number);
      expect(made.id).not.toBe(channel.id);
      return made;
    }, patience);
    await kim.write(after.id, 'bye');
    await eventually(async () => expect(await texts()).toContain('bye'), patience);
    expect([...(await texts())].sort()).toEqual([...said, 'your bill', 'bye'].sort());
    expect(await notes()).toEqual(noted);
    await eventually(async () => {
      const shown = (await textsIn(sim, after.id)).map((text) => text.replace(' (edited)', ''));
      for (const text of said) expect(shown).toContain(`**Kim** (staff): ${text}`);
    }, patience);
  },
);

/** Gives Kim the role of the support team, or takes it. */
function supportRole(method: 'PUT' | 'DELETE') {
  const { guildId, people, roles } = desk.sim.state;
  const path = `/guilds/${guildId}/members/${people.kim.id}/roles/${roles.support}`;
  return discordPerson(desk.sim, 'admin').call(method, path);
}

const refusalsIn = async (channelId: string) =>
  (await textsIn(desk.sim, channelId)).filter((text) => text.includes('Not passed on'));

test.each([
  ['loses the role', undefined, ['✅'], ['hello'], []],
  ['loses the role when it is a note by then', '// hello', ['❌'], [], [/no role of the support/]],
  ['loses the role when it says more by then', 'hello you', ['❌'], ['hello'], [/still has it/]],
  ['makes a command of it', '/close', ['❌'], ['hello'], [/still has it.*the command/]],
])(
  'when a bot has stored a message and died, and its writer %s, then what is said of it is true',
  async (_what, meanwhile, marks, said, told) => {
    const { sim } = desk;
    const dying = await botThatDies(desk, 'after-inbound-commit');
    const { channel, kim, texts } = await openChannel();
    const { id } = await kim.write(channel.id, 'hello');
    await dying.died;
    expect(await texts()).toEqual(['hello']);
    if (meanwhile) await kim.edit(channel.id, id, meanwhile);
    if (meanwhile !== '/close') await supportRole('DELETE');
    try {
      await desk.bot();
      await eventually(async () => expect(await marksOn(sim, channel.id, id)).toEqual(marks));
      expect(await texts()).toEqual(said);
      await eventually(async () =>
        expect(await refusalsIn(channel.id)).toEqual(told.map((one) => expect.stringMatching(one))),
      );
    } finally {
      await supportRole('PUT');
    }
    await kim.edit(channel.id, id, 'hello again');
    await eventually(async () => expect(await texts()).toEqual(['hello again']));
    await kim.remove(channel.id, id);
    await eventually(async () => expect(await texts()).toEqual([]));
  },
);

test('when a bot has stored what a proxy said and died, then it stays the message of whoever wrote it', async () => {
  const { sim } = desk;
  const dying = await botThatDies(desk, 'after-inbound-commit', 2);
  const { channel, kim, texts } = await openChannel();
  const { id } = await kim.write(channel.id, 'K: I will');
  await eventually(async () => expect(await texts()).toEqual(['K: I will']));
  const place = { channel_id: channel.id, message_id: id };
  await fault(sim, { kind: 'proxy-message', ...place, content: 'I will', name: 'Kay' });
  await dying.died;
  expect(await texts()).toEqual(['I will']);
  const copy = (await messagesIn(sim, channel.id)).find(({ webhook_id }) => webhook_id);
  await desk.bot(seldom);
  await eventually(async () =>
    expect(await marksOn(sim, channel.id, copy?.id ?? '')).toEqual(['✅']),
  );
  await discordPerson(sim, 'admin').remove(channel.id, copy?.id ?? '');
  await eventually(async () => expect(await texts()).toEqual([]));
  expect(await refusalsIn(channel.id)).toEqual([]);
});
