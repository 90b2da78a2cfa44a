import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { listNotes } from '../../src/domain/messages/notes.ts';
import { assignTicket } from '../../src/domain/tickets/assign.ts';
import { agent, type Desk, openDesk, openTicket, say, seen } from '../support/bridge.ts';
import {
  channelOf,
  type DiscordPerson,
  discordPerson,
  marksOn,
  messagesIn,
} from '../support/discord.ts';
import { eventually } from '../support/eventually.ts';
import { commandsKnown, interactionsOf } from '../support/interactions.ts';

const admin = { ...agent, role: 'ADMIN' as const };
let desk: Desk;
let kim: DiscordPerson;
let manager: DiscordPerson;
let guest: DiscordPerson;

beforeAll(async () => {
  desk = await openDesk({}, { AGENT_SEES: 'assigned' });
  await desk.bot();
  kim = discordPerson(desk.sim, 'kim');
  manager = discordPerson(desk.sim, 'manager');
  guest = discordPerson(desk.sim, 'member');
  await commandsKnown(desk.sim);
});
afterAll(() => desk.end());

/** A ticket of Robin's, with a message of its customer's. */
async function begin() {
  const { id, number } = await openTicket(desk.ctx);
  const channelId = (await channelOf(desk.sim, number)).id as string;
  await say(desk.ctx, id, 'hello');
  const post = await eventually(async () => {
    const all = await messagesIn(desk.sim, channelId);
    const found = all.find(({ content }) => content === '**Ana**: hello');
    if (!found) throw new Error('it is not there');
    return found.id;
  });
  const give = ({ id: who, name }: DiscordPerson) =>
    assignTicket(desk.ctx, admin, id, { key: `staff|discord|${who}`, id: who, name });
  await give(discordPerson(desk.sim, 'robin'));
  return { id, channelId, post, give };
}
const customerHas = (id: string, wanted: string[]) =>
  eventually(async () =>
    expect((await seen(desk.ctx, id)).map(({ content }) => content)).toEqual(wanted),
  );
const marked = (channelId: string, id: string, wanted: string[]) =>
  eventually(async () => expect(await marksOn(desk.sim, channelId, id)).toEqual(wanted));
const reaction = (channelId: string, id: string) =>
  `/channels/${channelId}/messages/${id}/reactions/${encodeURIComponent('👍')}/@me`;

test('a manager edits and takes back what they have written in a ticket of somebody else’s', async () => {
  const { id, channelId } = await begin();
  const said = await manager.write(channelId, 'It comes today');
  const other = await manager.write(channelId, 'or tomorrow');
  await customerHas(id, ['hello', 'It comes today', 'or tomorrow']);
  await manager.edit(channelId, said.id, 'It comes on Monday');
  await manager.remove(channelId, other.id);
  await customerHas(id, ['hello', 'It comes on Monday']);
});

test('a guest edits and takes back a note, whoever has the ticket', async () => {
  const { id, channelId } = await begin();
  await interactionsOf(desk.sim, manager).run(channelId, 'member add', { user: guest.id });
  await eventually(() => guest.messages(channelId));
  const one = await guest.write(channelId, 'they ordered twice');
  const two = await guest.write(channelId, 'or not');
  await marked(channelId, two.id, ['📝']);
  await guest.edit(channelId, one.id, 'they ordered thrice');
  await guest.remove(channelId, two.id);
  await eventually(async () => {
    const { messages } = await listNotes(desk.ctx, admin, id, {});
    expect(messages.map(({ content }) => content)).toEqual(['they ordered thrice']);
  });
  await customerHas(id, ['hello']);
});

test('who has a ticket no more takes back what they have said there, and changes nothing of it', async () => {
  const { id, channelId, post, give } = await begin();
  await give(kim);
  const said = await kim.write(channelId, 'It comes today');
  const other = await kim.write(channelId, 'or tomorrow');
  const wrong = await kim.write(channelId, 'she is a pain');
  await kim.call('PUT', reaction(channelId, post));
  await eventually(async () => expect((await seen(desk.ctx, id))[0]?.reactions).toHaveLength(1));
  await customerHas(id, ['hello', 'It comes today', 'or tomorrow', 'she is a pain']);
  await give(manager);
  await kim.edit(channelId, said.id, 'It comes on Monday');
  await marked(channelId, said.id, ['❌']);
  await kim.remove(channelId, other.id);
  await kim.edit(channelId, wrong.id, '// she is a pain');
  await kim.call('DELETE', reaction(channelId, post));
  await customerHas(id, ['hello', 'It comes today']);
  await eventually(async () => expect((await seen(desk.ctx, id))[0]?.reactions).toEqual([]));
});
