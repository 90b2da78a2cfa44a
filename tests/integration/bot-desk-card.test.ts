import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { showContact } from '../../src/domain/customers/contact.ts';
import { createCustomer } from '../../src/domain/customers/customers.ts';
import { createTicket } from '../../src/domain/tickets/create.ts';
import { listHistory } from '../../src/domain/tickets/history.ts';
import { getTicket } from '../../src/domain/tickets/read.ts';
import { snoozeTicket } from '../../src/domain/tickets/snooze.ts';
import { setStatus } from '../../src/domain/tickets/status.ts';
import { updateTicket } from '../../src/domain/tickets/update.ts';
import { agent, customer, type Desk, openDesk } from '../support/bridge.ts';
import {
  channelOf,
  discordPerson,
  messagesIn,
  type SimState,
  stateOf,
  textsIn,
} from '../support/discord.ts';
import { eventually } from '../support/eventually.ts';
import { interactionsOf } from '../support/interactions.ts';

const EMAIL = 'cho.secret@example.com';
const cho = {
  ...customer,
  key: 'cho',
  id: 'cho',
  username: 'Cho **bold**',
  email: EMAIL,
} as const;

let desk: Desk;
let kim: ReturnType<typeof interactionsOf>;

beforeAll(async () => {
  desk = await openDesk();
  await desk.bot();
  kim = interactionsOf(desk.sim, discordPerson(desk.sim, 'kim'));
});
afterAll(() => desk.end());

async function open(overrides: object = {}, who: typeof customer = cho) {
  const body = { topic: 'A parcel', description: 'It has not come.', ...overrides };
  const { ticket } = await createTicket(desk.ctx, who, body);
  const channel = await channelOf(desk.sim, ticket.number);
  return { ticket, channelId: channel.id as string, channel, card: await cardIn(channel.id) };
}

/** The cards that stand in a channel: there is to be one, and pinned. */
const cardIn = (channelId: string): Promise<SimState> =>
  eventually(async () => {
    const cards = (await messagesIn(desk.sim, channelId)).filter(({ embeds }) => embeds.length > 0);
    expect(cards).toHaveLength(1);
    expect(cards[0]?.pinned).toBe(true);
    return cards[0];
  });

const fieldsOf = (card: SimState): Record<string, string> =>
  Object.fromEntries(card.embeds[0].fields.map((one: SimState) => [one.name, one.value]));
const fieldsAre = (channelId: string, wanted: object) =>
  eventually(async () => expect(fieldsOf(await cardIn(channelId))).toMatchObject(wanted));
const idsOn = (card: SimState): string[] =>
  card.components.flatMap((row: SimState) => row.components.map((one: SimState) => one.custom_id));

test('the card has who, what, the circumstances and the clocks, and no e-mail address; the channel no name', async () => {
  const profile = { first_name: 'Cho', last_name: 'Park', company: 'Acme_Inc', user_id: 'cho' };
  await createCustomer(desk.ctx, agent, { ...profile, email: EMAIL });
  await open();
  const { ticket, card, channel } = await open({
    context: { page: 'https://shop.example/cart', plan: 'pro **plus**' },
    category: 'BILLING',
  });
  expect(channel.name).toBe(`ticket-${String(ticket.number).padStart(4, '0')}`);
  const due = expect.stringMatching(/^due <t:\d+:R>$/);
  expect(fieldsOf(card)).toMatchObject({
    Reference: ticket.reference,
    Status: 'Open',
    Level: 'NORMAL',
    Priority: 'MEDIUM',
    Category: 'BILLING',
    Customer: 'Cho \\*\\*bold\\*\\*',
    'Customer id': 'cho',
    'Customer role': 'CUSTOMER',
    Profile: expect.stringContaining('Cho Park, Acme'),
    'Earlier tickets': '1',
    'First answer': due,
    Resolution: due,
    Context: expect.stringContaining('plan**: pro \\*\\*plus\\*\\*'),
  });
  expect(idsOn(card)).toEqual(
    ['claim', 'note', 'close', 'more', 'contact', 'level'].map((name) => `${name}:${ticket.id}`),
  );
  expect(JSON.stringify(await stateOf(desk.sim, '?calls=0'))).not.toContain(EMAIL);
});

test('the e-mail address is shown to who asks alone, and the ticket keeps who has looked', async () => {
  const { ticket, channelId, card } = await open();
  const answer = await kim.press(channelId, card.id, `contact:${ticket.id}`);
  expect(answer.content).toContain(EMAIL);
  expect(answer.ephemeral_for).toBe(desk.sim.state.people.kim.id);
  const { history } = await listHistory(desk.ctx, agent, ticket.id, {});
  expect(history.changes).toEqual([
    expect.objectContaining({ action: 'contact_shown', internal: true, changes: [] }),
  ]);
  expect(history.changes[0]?.by.name).toBe('Kim');
  const own = await listHistory(desk.ctx, cho, ticket.id, {});
  expect(own.history.changes).toEqual([]);
  await expect(showContact(desk.ctx, cho, ticket.id)).rejects.toMatchObject({ code: 'FORBIDDEN' });
});

test('what changes is changed in the card: claims, levels by its menu, snoozes, tags, clocks', async () => {
  const { ticket, channelId, card } = await open();
  const claimed = await kim.press(channelId, card.id, `claim:${ticket.id}`);
  expect(claimed.content).toContain('The ticket is yours now, and IN_PROGRESS.');
  await fieldsAre(channelId, { Status: 'In progress', 'Assigned to': 'Kim' });
  expect(idsOn(await cardIn(channelId))).toContain(`unclaim:${ticket.id}`);
  const level = await kim.choose(channelId, card.id, `level:${ticket.id}`, 'CRITICAL');
  expect(level.content).toContain('The ticket is CRITICAL');
  await fieldsAre(channelId, { Level: 'CRITICAL', Priority: 'URGENT' });
  const until = Date.now() + 3_600_000;
  await snoozeTicket(desk.ctx, agent, ticket.id, until);
  const snoozed = expect.stringContaining(`<t:${Math.floor(until / 1000)}:R>`);
  await fieldsAre(channelId, { 'Snoozed until': snoozed });
  await updateTicket(desk.ctx, agent, ticket.id, { tags: ['vip'] });
  await fieldsAre(channelId, { Tags: 'vip', 'Snoozed until': snoozed });
  await setStatus(desk.ctx, agent, ticket.id, { status: 'WAITING' });
  // A change of the public log leaves what the internal one says.
  await fieldsAre(channelId, { Tags: 'vip', Resolution: 'stands still' });
  expect((await cardIn(channelId)).id).toBe(card.id);
});

test('somebody else’s press is refused in the domain’s words, and changes nothing', async () => {
  const { ticket, channelId, card } = await open();
  await kim.press(channelId, card.id, `claim:${ticket.id}`);
  await fieldsAre(channelId, { 'Assigned to': 'Kim' });
  const robin = interactionsOf(desk.sim, discordPerson(desk.sim, 'robin'));
  const taken = await robin.run(channelId, 'claim');
  expect(taken.content).toBe('That did not work: the ticket is Kim’s already.');
  const given = await robin.press(channelId, card.id, `unclaim:${ticket.id}`);
  expect(given.content).toContain('only ADMIN, or whom the operator lets');
  const view = await getTicket(desk.ctx, agent, ticket.id);
  expect(view.assignee?.name).toBe('Kim');
});

test('a note is written in a form, and stands in the channel as a note', async () => {
  const { ticket, channelId, card } = await open();
  const form = await kim.form({ press: [channelId, card.id, `note:${ticket.id}`] });
  expect(form.custom_id).toBe(`note-text:${ticket.id}`);
  const answer = await kim.submit(channelId, form.custom_id, { text: 'calls at five' });
  expect(answer.content).toBe('The note is kept, for staff only.');
  await eventually(async () =>
    expect(await textsIn(desk.sim, channelId)).toEqual(['📝 **note** · **Kim**: calls at five']),
  );
});

test('the menu of the card asks for what a verb takes, in one message for one pair of eyes', async () => {
  const { ticket, channelId, card } = await open();
  const more = await kim.press(channelId, card.id, `more:${ticket.id}`);
  const values = more.components[0].components[0].options.map(
    (one: { value: string }) => one.value,
  );
  expect(values).toEqual(
    expect.arrayContaining(['status', 'priority', 'category', 'snooze', 'close-request']),
  );
  const asked = await kim.replace(channelId, more, `menu:${ticket.id}`, 'status');
  const [pick] = asked.components[0].components;
  expect(pick.custom_id).toBe(`pick-status:${ticket.id}`);
  expect(pick.options.map((one: { value: string }) => one.value)).toContain('IN_PROGRESS');
  const done = await kim.replace(channelId, asked, pick.custom_id, 'IN_PROGRESS');
  expect(done).toMatchObject({ content: expect.stringContaining('IN_PROGRESS'), components: [] });
  expect((await getTicket(desk.ctx, agent, ticket.id)).status).toBe('IN_PROGRESS');
  const again = await kim.press(channelId, card.id, `more:${ticket.id}`);
  const who = await kim.replace(channelId, again, `menu:${ticket.id}`, 'transfer');
  const { kim: own } = desk.sim.state.people;
  const given = await kim.replace(channelId, who, `transfer:${ticket.id}`, own.id, 5);
  expect(given.content).toContain("The ticket is Kim's now");
});

test('a card that somebody deletes is posted again, with all it had, and pinned', async () => {
  const { ticket, channelId, card } = await open();
  await updateTicket(desk.ctx, agent, ticket.id, { tags: ['kept'] });
  await fieldsAre(channelId, { Tags: 'kept' });
  await discordPerson(desk.sim, 'admin').remove(channelId, card.id);
  const again = await cardIn(channelId);
  expect(again.id).not.toBe(card.id);
  expect(fieldsOf(again)).toMatchObject({ Tags: 'kept', Customer: 'Cho \\*\\*bold\\*\\*' });
  expect(idsOn(again)).toEqual(idsOn(card));
});

test('a card of the longest texts stays within what Discord takes', async () => {
  const context = Object.fromEntries(
    Array.from({ length: 20 }, (_, nth) => [`key ${nth}`, '_*~'.repeat(160)]),
  );
  const stars = '*'.repeat(100);
  const topic = stars + stars;
  const who = { ...customer, key: stars, id: stars, username: stars };
  const profile = { first_name: stars, last_name: stars, company: stars, user_id: stars };
  await createCustomer(desk.ctx, agent, profile);
  const { card, ticket, channelId } = await open(
    { topic, description: 'd'.repeat(3490), context, category: 'FEATURE_REQUEST' },
    who,
  );
  expect(fieldsOf(card).Context).toBeTruthy();
  await updateTicket(desk.ctx, agent, ticket.id, {
    sub_category: '*'.repeat(40),
    assigned_to: topic,
    tags: Array.from({ length: 20 }, (_, nth) => `${'*'.repeat(38)}${nth}`),
    scheduled_date: '2031-01-02',
  });
  await fieldsAre(channelId, { Scheduled: '2031-01-02' });
  const [embed] = (await cardIn(channelId)).embeds;
  expect(embed.title).toContain(`Ticket #${ticket.number}: \\*`);
  expect(embed.description).toHaveLength(3490);
  const texts = embed.fields.flatMap((one: SimState) => [one.name, one.value]);
  const size = [embed.title, embed.description, embed.footer.text, ...texts].join('').length;
  expect(size).toBeLessThanOrEqual(6000);
});
