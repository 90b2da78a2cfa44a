import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { isGuest, MOST_GUESTS } from '../../bot/guests.ts';
import { createTickets } from '../../bot/mirrored-tickets.ts';
import { listNotes } from '../../src/domain/messages/notes.ts';
import { closeTicket } from '../../src/domain/tickets/close.ts';
import { reopenTicket } from '../../src/domain/tickets/status.ts';
import { updateTicket } from '../../src/domain/tickets/update.ts';
import { agent, type Desk, openDesk, openTicket, say, seen } from '../support/bridge.ts';
import {
  channelOf,
  channelsOf,
  type DiscordPerson,
  discordPerson,
  fault,
  marksOn,
  messagesIn,
  textsIn,
} from '../support/discord.ts';
import { eventually } from '../support/eventually.ts';
import { commandsKnown, interactionsOf } from '../support/interactions.ts';

const patience = { timeout: 30_000 };
let desk: Desk;
let kim: ReturnType<typeof interactionsOf>;
let guest: DiscordPerson;

beforeAll(async () => {
  desk = await openDesk();
  kim = interactionsOf(desk.sim, discordPerson(desk.sim, 'kim'));
  guest = discordPerson(desk.sim, 'member');
});
beforeEach(async () => {
  await desk.bot();
  await commandsKnown(desk.sim);
});
afterEach(() => desk.stopBots());
afterAll(() => desk.end());

/** A ticket whose channel the bot knows. */
async function begin() {
  const ticket = await openTicket(desk.ctx);
  const { id: channelId } = await channelOf(desk.sim, ticket.number);
  await say(desk.ctx, ticket.id, 'hello');
  const said = async () => expect((await textsIn(desk.sim, channelId)).at(-1)).toContain('hello');
  await eventually(said, patience);
  return { ticket, channelId: channelId as string };
}

const isIn = (channelId: string) =>
  guest.messages(channelId).then(
    () => true,
    () => false,
  );
const seesIt = (channelId: string, wanted: boolean) =>
  eventually(async () => expect(await isIn(channelId)).toBe(wanted), patience);
const notesAre = (ticketId: string, wanted: string[]) =>
  eventually(async () => {
    const { messages } = await listNotes(desk.ctx, agent, ticketId, {});
    expect(messages.map(({ content, author_name }) => `${author_name}: ${content}`)).toEqual(
      wanted,
    );
  }, patience);
const marked = (channelId: string, id: string, wanted: string[]) =>
  eventually(async () => expect(await marksOn(desk.sim, channelId, id)).toEqual(wanted), patience);
const events = async (ticketId: string) => {
  const rows = await desk.ctx.db.entries.collection.find({ stream: 'internal' }).sort({ seq: 1 });
  const all = await rows.toArray();
  return all
    .filter((row) => String(row.ticket_id) === ticketId && row.type === 'ticket_change')
    .map(({ action, author, data }) => [action, author.name, data?.guest?.id]);
};

test('who is let in sees the channel, and what they write there is a note, whatever its mark, through a restart and a move', async () => {
  const { ticket, channelId } = await begin();
  expect(await isIn(channelId)).toBe(false);
  const told = await kim.run(channelId, 'member add', { user: guest.id });
  expect(told.content).toContain('is a note: it never reaches the customer');
  await seesIt(channelId, true);
  const name = `${guest.name} (guest)`;
  const first = await guest.write(channelId, 'I know this parcel');
  await marked(channelId, first.id, ['📝']);
  await guest.write(channelId, '!! to the customer?');
  await notesAre(ticket.id, [`${name}: I know this parcel`, `${name}: to the customer?`]);
  await guest.edit(channelId, first.id, 'I have seen this parcel');
  await desk.stopBots();
  await desk.bot();
  await updateTicket(desk.ctx, agent, ticket.id, { issue_level: 'URGENT' });
  await eventually(async () => {
    const [channel] = await channelsOf(desk.sim, ticket.number);
    expect(channel).toMatchObject({ parent_id: desk.sim.state.channels.urgent });
  }, patience);
  await seesIt(channelId, true);
  const last = await guest.write(channelId, 'and another one');
  await marked(channelId, last.id, ['📝']);
  await guest.remove(channelId, last.id);
  await notesAre(ticket.id, [`${name}: I have seen this parcel`, `${name}: to the customer?`]);
  expect((await seen(desk.ctx, ticket.id)).map(({ content }) => content)).toEqual(['hello']);
  // No command is theirs.
  const tried = await interactionsOf(desk.sim, guest).run(channelId, 'claim');
  expect(tried.content).toBe('Only the support staff may do this.');
  await kim.run(channelId, 'member remove', { user: guest.id });
  await seesIt(channelId, false);
  expect(await events(ticket.id)).toEqual([
    ['guest_added', 'Kim', guest.id],
    ['guest_removed', 'Kim', guest.id],
  ]);
}, 90_000);

test('what a guest has written stays a note, also when they edit it as one of the staff', async () => {
  const { ticket, channelId } = await begin();
  await kim.run(channelId, 'member add', { user: guest.id });
  await seesIt(channelId, true);
  const { id } = await guest.write(channelId, 'they ordered twice');
  await marked(channelId, id, ['📝']);
  await kim.run(channelId, 'member remove', { user: guest.id });
  await seesIt(channelId, false);
  const { guildId, roles } = desk.sim.state;
  const admin = discordPerson(desk.sim, 'admin');
  const route = `/guilds/${guildId}/members/${guest.id}/roles/${roles.support}`;
  await admin.call('PUT', route);
  await guest.edit(channelId, id, 'they ordered three times');
  const own = await guest.write(channelId, 'Hello, I am new here');
  await marked(channelId, own.id, ['✅']);
  await notesAre(ticket.id, [`${guest.name} (guest): they ordered three times`]);
  const said = (await seen(desk.ctx, ticket.id)).map(({ content }) => content);
  expect(said).toEqual(['hello', 'Hello, I am new here']);
  await admin.call('DELETE', route);
}, 60_000);

test('a bot that has just started knows guests of tickets that it has not loaded yet', async () => {
  const { ticket, channelId } = await begin();
  await kim.run(channelId, 'member add', { user: guest.id });
  await seesIt(channelId, true);
  await desk.stopBots();
  const tickets = createTickets(desk.ctx, 1, 0);
  await tickets.loadChannels();
  expect(tickets.known(ticket.id)).toBeUndefined();
  expect(isGuest({ tickets }, channelId, guest.id)).toBe(true);
  expect(isGuest({ tickets }, channelId, desk.sim.state.people.kim.id)).toBe(false);
});

test('of two who are let in at once neither is lost, and the same one is let in once', async () => {
  const { ticket, channelId } = await begin();
  const { guildId, roles } = desk.sim.state;
  const robin = discordPerson(desk.sim, 'robin');
  const admin = discordPerson(desk.sim, 'admin');
  const setRoles = (own: string[]) =>
    admin.call('PATCH', `/guilds/${guildId}/members/${robin.id}`, { roles: own });
  await setRoles([]);
  const letIn = [guest.id, robin.id, guest.id].map((user) =>
    kim.run(channelId, 'member add', { user }),
  );
  const told = (await Promise.all(letIn)).map(({ content }) => content);
  expect(told.filter((text) => text.includes('is in already'))).toHaveLength(1);
  await seesIt(channelId, true);
  const row = await desk.ctx.db.mirrors.collection.findOne({ channel_id: channelId });
  const ids = ((row?.members ?? []) as { id: string }[]).map(({ id }) => id);
  expect(ids.toSorted()).toEqual([guest.id, robin.id].toSorted());
  expect(await events(ticket.id)).toHaveLength(2);
  await setRoles([roles.support]);
});

test('who was let in and has no account any more keeps no channel from being made', async () => {
  const { ticket, channelId } = await begin();
  await desk.stopBots();
  const gone = { members: [{ id: '1', name: 'Gone' }] };
  await desk.ctx.db.mirrors.collection.updateOne({ channel_id: channelId }, { $set: gone });
  await discordPerson(desk.sim, 'admin').call('DELETE', `/channels/${channelId}`);
  await desk.bot();
  await say(desk.ctx, ticket.id, 'still there?');
  const { id: again } = await channelOf(desk.sim, ticket.number);
  await eventually(async () => {
    expect((await textsIn(desk.sim, again)).at(-1)).toContain('still there?');
  }, patience);
  // Those who are there see it.
  await discordPerson(desk.sim, 'kim').messages(again);
}, 60_000);

type Hook = { id: string; token: string };

test.each(['delete', 'post'])(
  'what a proxy says again of a guest’s words (%s first) is a note, edited or not',
  async (first) => {
    const { ticket, channelId } = await begin();
    await kim.run(channelId, 'member add', { user: guest.id });
    await seesIt(channelId, true);
    const { id } = await guest.write(channelId, 'Mo: they ordered twice');
    await marked(channelId, id, ['📝']);
    const said = { channel_id: channelId, message_id: id, content: 'they ordered twice' };
    await fault(desk.sim, { kind: 'proxy-message', ...said, name: 'Mo', first });
    const copy = await eventually(async () => {
      const found = (await messagesIn(desk.sim, channelId)).find((one) => one.webhook_id);
      expect(await marksOn(desk.sim, channelId, found?.id ?? '')).toEqual(['📝']);
      return found;
    }, patience);
    await notesAre(ticket.id, [`${guest.name} (guest): they ordered twice`]);
    const admin = discordPerson(desk.sim, 'admin');
    const hooks = await admin.call<Hook[]>('GET', `/channels/${channelId}/webhooks`);
    const hook = hooks.find((one) => one.id === copy?.webhook_id);
    const address = `/webhooks/${hook?.id}/${hook?.token}/messages/${copy?.id}`;
    await admin.call('PATCH', address, { content: 'they ordered thrice' });
    await notesAre(ticket.id, [`${guest.name} (guest): they ordered thrice`]);
    expect((await seen(desk.ctx, ticket.id)).map(({ content }) => content)).toEqual(['hello']);
  },
  60_000,
);

test('what a proxy says for a guest is not taken for what staff have just deleted', async () => {
  const { ticket, channelId } = await begin();
  await kim.run(channelId, 'member add', { user: guest.id });
  await seesIt(channelId, true);
  const staff = discordPerson(desk.sim, 'kim');
  const regretted = await staff.write(channelId, 'I will not refund you');
  await marked(channelId, regretted.id, ['✅']);
  await staff.remove(channelId, regretted.id);
  const customerHas = async () => (await seen(desk.ctx, ticket.id)).map(({ content }) => content);
  await eventually(async () => expect(await customerHas()).toEqual(['hello']), patience);
  const { id } = await guest.write(channelId, 'refund you');
  await marked(channelId, id, ['📝']);
  const said = { channel_id: channelId, message_id: id, content: 'refund you', name: 'Mo' };
  await fault(desk.sim, { kind: 'proxy-message', ...said, first: 'post' });
  await eventually(async () => {
    const copy = (await messagesIn(desk.sim, channelId)).find((one) => one.webhook_id);
    expect(await marksOn(desk.sim, channelId, copy?.id ?? '')).toEqual(['📝']);
  }, patience);
  expect(await customerHas()).toEqual(['hello']);
  await notesAre(ticket.id, [`${guest.name} (guest): refund you`]);
}, 60_000);

test('a ticket that was opened again begins without guests', async () => {
  const { ticket, channelId } = await begin();
  await kim.run(channelId, 'member add', { user: guest.id });
  await seesIt(channelId, true);
  await closeTicket(desk.ctx, agent, ticket.id, {});
  await eventually(
    async () => expect(await channelsOf(desk.sim, ticket.number)).toEqual([]),
    patience,
  );
  await reopenTicket(desk.ctx, agent, ticket.id, undefined);
  const { id: again } = await channelOf(desk.sim, ticket.number);
  await eventually(async () => expect(await textsIn(desk.sim, again)).not.toEqual([]), patience);
  expect(await isIn(again)).toBe(false);
}, 60_000);

test('who has a role of the staff, a bot, too many and whoever was not let in are refused in words', async () => {
  const { ticket, channelId } = await begin();
  const robin = discordPerson(desk.sim, 'robin');
  const cases = [
    ['member add', robin.id, 'has a role of the staff already'],
    ['member add', desk.sim.state.bot.id, 'a bot cannot be let in'],
    ['member remove', guest.id, 'was not let in here by /member'],
  ] as const;
  for (const [command, user, why] of cases) {
    expect((await kim.run(channelId, command, { user })).content).toContain(why);
  }
  const members = Array.from({ length: MOST_GUESTS }, (_, n) => ({ id: `${n + 1}`, name: `${n}` }));
  await desk.stopBots();
  await desk.ctx.db.mirrors.collection.updateOne({ channel_id: channelId }, { $set: { members } });
  await desk.bot();
  await say(desk.ctx, ticket.id, 'again');
  await eventually(
    async () => expect((await messagesIn(desk.sim, channelId)).at(-1)?.content).toContain('again'),
    patience,
  );
  const full = await kim.run(channelId, 'member add', { user: guest.id });
  expect(full.content).toContain(`a ticket takes ${MOST_GUESTS} guests`);
  expect(await events(ticket.id)).toEqual([]);
}, 60_000);
