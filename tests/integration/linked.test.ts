import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { MessageView } from '../../src/contract/messages.ts';
import type { TicketView } from '../../src/contract/tickets.ts';
import type { Actor } from '../../src/domain/access/actor.ts';
import { withIdentities } from '../../src/domain/agents/identities.ts';
import { removeLink } from '../../src/domain/agents/link.ts';
import { publicLog } from '../../src/domain/log/entry.ts';
import { addReaction, removeReaction } from '../../src/domain/messages/react.ts';
import { rateTicket } from '../../src/domain/tickets/rate.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { type Desk, openDesk } from '../support/bridge.ts';
import { channelOf, type DiscordPerson, discordPerson, stateOf } from '../support/discord.ts';
import { eventually } from '../support/eventually.ts';
import { listenAt, newPerson, type Person } from '../support/people.ts';

/** A guild with a bot; a server of its own, which shows agents only what is assigned to them. */
let desk: Desk;
let app: RunningApp;
let kim: DiscordPerson;
let web: Person;
let ana: Person;
let root: Person;
const view = async (by: Person, id: string) =>
  (await by.call<TicketView>('GET', `/tickets/${id}`)).body;

/** Kim as Discord knows them, as the bot's process does. */
const inDiscord = (): Promise<Actor> =>
  withIdentities(desk.ctx, {
    key: `staff|discord|${kim.id}`,
    id: kim.id,
    username: 'kim',
    email: null,
    role: 'AGENT',
    origin: 'discord',
  });

/** Uses a command in a ticket's channel, and waits for what Discord is told. */
async function command(channelId: string, name: string, options: Record<string, string> = {}) {
  const interactions = async () => (await stateOf(desk.sim, '?calls=0&messages=0')).interactions;
  const before = (await interactions()).length;
  await kim.command(channelId, name, options);
  return eventually(async () => {
    const all = await interactions();
    const content = all.length > before && all.at(-1).messages[0]?.content;
    if (!content) throw new Error('no answer yet');
    return content as string;
  });
}

async function openTicket(by: Person = ana) {
  const ticket = await by.createTicket();
  return { id: ticket.id, channelId: (await channelOf(desk.sim, ticket.number)).id as string };
}

beforeAll(async () => {
  desk = await openDesk();
  app = await startApp({
    DB_NAME: desk.config.dbName,
    AGENT_SEES: 'assigned',
    SWEEP_INTERVAL_MS: '200',
  });
  kim = discordPerson(desk.sim, 'kim');
  [ana, root] = [newPerson(app.url), newPerson(app.url, 'ADMIN')];
  web = newPerson(app.url, 'AGENT', { username: 'Kim Web' });
  await desk.bot();
  const { channelId } = await openTicket();
  const { body } = await web.call<{ code: string }>('POST', '/agents/me/link');
  expect(await command(channelId, 'link', { code: body.code })).toContain('one person now');
});
afterAll(async () => {
  await app.stopServer();
  await app.close();
  await desk.end();
});

test('what was taken in Discord is theirs on the web, and the other way round', async () => {
  const { id, channelId } = await openTicket();
  expect((await web.call('GET', `/tickets/${id}`)).status).toBe(404);
  await command(channelId, 'claim');
  // The web's node hears that they were joined, and of the claim, each in its own time.
  await eventually(async () => expect(await view(web, id)).toMatchObject({ id }));
  const { last_seq, assigned_to } = await view(web, id);
  expect(assigned_to).toBe(kim.id);
  const mine = await web.call<TicketView[]>('GET', '/tickets');
  expect(mine.body.map((one) => one.id)).toContain(id);
  const listener = listenAt(app.url);
  await listener.ask('authorize', { token: web.token });
  await ana.send(id, 'hello?');
  await eventually(() =>
    expect(listener.events('message').map(({ content }) => content)).toContain('hello?'),
  );
  listener.socket.close();
  // Taken again by the same person, nothing changes, whichever way they come.
  expect((await web.call('POST', `/tickets/${id}/claim`)).status).toBe(200);
  const again = { assigned_to: web.id };
  expect((await web.call('POST', `/tickets/${id}/assign`, again)).status).toBe(200);
  expect((await web.call('PATCH', `/tickets/${id}`, again)).status).toBe(200);
  expect((await root.call('POST', `/tickets/${id}/assign`, again)).status).toBe(200);
  expect(await view(web, id)).toMatchObject({ assigned_to, last_seq: last_seq + 1 });
  // Given back by the one, without the right to take it from others; taken by the other.
  expect((await web.call('POST', `/tickets/${id}/unclaim`)).status).toBe(200);
  await root.call('POST', `/tickets/${id}/assign`, again);
  expect(await command(channelId, 'unclaim')).not.toContain('That did not work');
  await eventually(async () => expect(await view(root, id)).toMatchObject({ assigned_to: null }));
});

test('they react once, and take back what they did elsewhere; what they wrote is edited where it was written', async () => {
  const { id, channelId } = await openTicket();
  await command(channelId, 'claim');
  await eventually(async () => expect(await view(web, id)).toMatchObject({ id }));
  const sent = await ana.send(id, 'hello?');
  const reaction = `/tickets/${id}/messages/${sent.body.id}/reactions/👍`;
  const put = () => web.call<MessageView>('PUT', reaction);
  await addReaction(desk.ctx, await inDiscord(), publicLog(id), sent.body.id, '👍');
  expect((await put()).body.reactions).toMatchObject([{ emoji: '👍', count: 1 }]);
  expect((await web.call<MessageView>('DELETE', reaction)).body.reactions).toEqual([]);
  expect((await put()).body.reactions).toMatchObject([{ count: 1 }]);
  const log = publicLog(id);
  const { reactions } = await removeReaction(desk.ctx, await inDiscord(), log, sent.body.id, '👍');
  expect(reactions).toEqual([]);
  await kim.write(channelId, 'I am here');
  const answer = await eventually(async () => {
    const found = (await ana.list(id)).body.find(({ content }) => content === 'I am here');
    if (!found) throw new Error('not there yet');
    return found;
  });
  const path = `/tickets/${id}/messages/${answer.id}`;
  expect((await web.call('PATCH', path, { content: 'I was here' })).status).toBe(403);
});

test('whoever opened a ticket is its customer with either identity', async () => {
  const { id, channelId } = await openTicket(web);
  await kim.write(channelId, 'I have found it myself');
  const said = async () => (await web.list(id)).body.map(({ content }) => content);
  await eventually(async () => expect(await said()).toEqual(['I have found it myself']));
  expect(await view(web, id)).toMatchObject({ first_response_at: null, assigned_to: null });
  expect((await root.close(id)).status).toBe(200);
  const rated = await rateTicket(desk.ctx, await inDiscord(), id, { score: 4 });
  expect(rated).toMatchObject({ rating: { score: 4 } });
});

test('parted again, they are two', async () => {
  const { id, channelId } = await openTicket();
  await command(channelId, 'claim');
  await eventually(async () => expect(await view(web, id)).toMatchObject({ id }));
  expect((await web.call('DELETE', '/agents/me/link')).status).toBe(204);
  expect((await web.call('GET', `/tickets/${id}`)).status).toBe(404);
  // The bot's process hears of it, too.
  await eventually(async () => expect(await inDiscord()).not.toHaveProperty('others'));
  await expect(
    removeLink(desk.ctx, { ...(await inDiscord()), key: `staff||${web.id}` }),
  ).rejects.toMatchObject({ code: 'NOT_FOUND' });
});
