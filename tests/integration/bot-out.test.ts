import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { closeTicket } from '../../src/domain/tickets.ts';
import { customer, type Desk, openDesk, openTicket, say, seen } from '../support/bridge.ts';
import { channelOf, channelsOf, discordPerson, messagesIn, textsIn } from '../support/discord.ts';
import { eventually } from '../support/eventually.ts';

let desk: Desk;

beforeAll(async () => {
  desk = await openDesk();
  await desk.bot();
});
afterAll(() => desk.end());

test('a ticket goes from its channel to its transcript', async () => {
  const { ctx, sim } = desk;
  const ticket = await openTicket(ctx);
  const channel = await channelOf(sim, ticket.number);
  await say(ctx, ticket.id, 'Hello?');
  await eventually(async () => expect(await textsIn(sim, channel.id)).toEqual(['**Ana**: Hello?']));
  const kim = discordPerson(sim, 'kim');
  await kim.write(channel.id, 'Hello Ana');
  await eventually(async () =>
    expect((await seen(ctx, ticket.id)).map((m) => [m.author_name, m.content])).toEqual([
      ['Ana', 'Hello?'],
      ['Kim', 'Hello Ana'],
    ]),
  );
  await closeTicket(ctx, customer, ticket.id, { reason: 'done' });
  await eventually(async () => expect(await channelsOf(sim, ticket.number)).toEqual([]));
  const [posted] = await messagesIn(sim, sim.state.channels.transcripts);
  expect(posted?.attachments[0]?.filename).toMatch(/^transcript-\d{4}\.html$/);
});
