import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { MOST_REPETITIONS } from '../../bot/inbound/proxies.ts';
import { listNotes } from '../../src/domain/messages/notes.ts';
import { agent, type Desk, openDesk, openTicket, seen } from '../support/bridge.ts';
import { channelOf, discordPerson, marksOn, messagesIn, textsIn } from '../support/discord.ts';
import { eventually } from '../support/eventually.ts';

let desk: Desk;

beforeAll(async () => {
  desk = await openDesk();
});
afterAll(() => desk.end());
afterEach(() => desk.stopBots());

/** So seldom a look into the channels that no test lives to see one. */
const seldom = { catchUpMs: 3_600_000 };
const patience = { timeout: 30_000 };

/** The channel of a new ticket, with a webhook; what its customer and staff have. */
async function openHooked() {
  const { ctx, sim } = desk;
  await desk.bot(seldom);
  const ticket = await openTicket(ctx);
  const { id: channelId } = await channelOf(sim, ticket.number);
  await eventually(async () => expect(await messagesIn(sim, channelId)).not.toHaveLength(0));
  const kim = discordPerson(sim, 'kim');
  const admin = discordPerson(sim, 'admin');
  type Hook = { id: string; token: string };
  const making = { name: 'Kay' };
  const hook = await admin.call<Hook>('POST', `/channels/${channelId}/webhooks`, making);
  const address = `/webhooks/${hook.id}/${hook.token}`;
  return {
    channelId,
    kim,
    say: (content: string) =>
      admin.call<{ id: string }>('POST', `${address}?wait=true`, { content }),
    edit: (id: string, content: string) =>
      admin.call('PATCH', `${address}/messages/${id}`, { content }),
    remove: (id: string) => admin.remove(channelId, id),
    said: async () => (await seen(ctx, ticket.id)).map(({ content }) => content),
    noted: async () =>
      (await listNotes(ctx, agent, ticket.id, {})).messages.map(({ content }) => content),
    marks: async (id: string) => await marksOn(sim, channelId, id),
  };
}

test.each([
  ['says more', 'I will refund you today', ['I will refund you today'], [], '✅'],
  ['is a note by then', '// I will not', [], ['I will not'], '📝'],
  ['is a command by then', '/close', [], [], '❌'],
])(
  'when what a proxy says is edited before the original is deleted, and %s, then that is what it is',
  async (_what, edited, said, noted, mark) => {
    const { kim, channelId, ...hook } = await openHooked();
    const original = await kim.write(channelId, 'K: I will refund you');
    await eventually(async () => expect(await hook.said()).toEqual(['K: I will refund you']));
    const { id } = await hook.say('I will refund you');
    await hook.edit(id, edited);
    await kim.remove(channelId, original.id);
    await eventually(async () => expect(await hook.marks(id)).toEqual([mark]));
    expect([await hook.said(), await hook.noted()]).toEqual([said, noted]);
    await hook.edit(id, 'done');
    await eventually(async () => expect(await hook.said()).toEqual(mark === '❌' ? [] : ['done']));
  },
);

test('when what webhooks say is more than waits, then each of it is judged without another look', async () => {
  const { kim, channelId, ...hook } = await openHooked();
  const original = await kim.write(channelId, 'K: I will');
  await eventually(async () => expect(await hook.said()).toEqual(['K: I will']));
  const copy = await hook.say('I will');
  const ids: string[] = [];
  for (let n = 1; n < MOST_REPETITIONS; n++) ids.push((await hook.say(`build ${n}`)).id);
  await kim.remove(channelId, original.id);
  await eventually(async () => expect(await hook.marks(copy.id)).toEqual(['✅']), patience);
  for (let n = 0; n < 20; n++) ids.push((await hook.say(`more ${n}`)).id);
  const bare = async () => {
    const posts = await messagesIn(desk.sim, channelId);
    return ids.filter((id) => !posts.find((one) => one.id === id)?.reactions?.length).length;
  };
  await eventually(async () => expect(await bare()).toBe(0), { timeout: 60_000, every: 500 });
  const told = (await textsIn(desk.sim, channelId)).filter((text) => text.includes('Not passed'));
  expect(told).toHaveLength(ids.length);
  expect(await hook.said()).toEqual(['I will']);
}, 120_000);

test('when what a webhook says is deleted while it waits, then nothing is said of it', async () => {
  const { kim, channelId, ...hook } = await openHooked();
  const { id } = await hook.say('a build');
  const other = await hook.say('another build');
  await kim.write(channelId, 'hello');
  await eventually(async () => expect(await hook.said()).toEqual(['hello']));
  await hook.remove(id);
  await eventually(async () => expect(await hook.marks(other.id)).toEqual(['❌']), patience);
  const told = (await textsIn(desk.sim, channelId)).filter((text) => text.includes('Not passed'));
  expect(told).toEqual(['-# Not passed on: what webhooks write']);
}, 60_000);
