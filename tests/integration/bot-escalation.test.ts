import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { acknowledgeEscalation } from '../../src/domain/sla/escalation.ts';
import { slaWork } from '../../src/domain/sla/watch.ts';
import type { FailpointName } from '../../src/infra/failpoints.ts';
import { agent, type Desk, openDesk, openTicket, say } from '../support/bridge.ts';
import { channelOf, clearFaults, discordPerson, messagesIn, textsIn } from '../support/discord.ts';
import { eventually } from '../support/eventually.ts';
import { interactionsOf } from '../support/interactions.ts';
import { laterBy } from '../support/uploads.ts';

const HOUR = 3_600_000;
let desk: Desk;

beforeAll(async () => {
  desk = await openDesk();
});
afterAll(() => desk.end());
afterEach(async () => {
  await desk.stopBots();
  await clearFaults(desk.sim);
});

async function begin() {
  const ticket = await openTicket(desk.ctx);
  const channel = await channelOf(desk.sim, ticket.number);
  return { ticket, channelId: channel.id as string };
}

async function look(ticketId: string, hours: number) {
  const { signal } = new AbortController();
  await slaWork.sla?.run(laterBy(desk.ctx, hours * HOUR), { key: ticketId } as never, signal);
}

/** The roles that were called in a channel, in order, by what the message pings and by its text. */
async function calls(channelId: string) {
  const found = (await messagesIn(desk.sim, channelId)).filter(({ content }) =>
    content.includes('<@&'),
  );
  return found.map(({ content, mention_roles }) => [content, mention_roles]);
}
const callOf = (id: string, text: string) => [`-# <@&${id}> ${text}`, [id]];
const roles = () => desk.config.discord?.roles as Record<string, string>;
const overdue = 'The first answer of this ticket is overdue.';

test('a broken promise calls the next role in the channel, an hour later the one after it, until acknowledged', async () => {
  await desk.bot();
  const { ticket, channelId } = await begin();
  const wanted = [callOf(roles().TECHNICAL as string, overdue)];
  await look(ticket.id, 8);
  await eventually(async () => expect(await calls(channelId)).toEqual(wanted));
  await look(ticket.id, 9.1);
  wanted.push(
    callOf(roles().MANAGER as string, 'Nobody has said yet that they see to what is overdue here.'),
  );
  await eventually(async () => expect(await calls(channelId)).toEqual(wanted));
  const call = (await messagesIn(desk.sim, channelId)).find(({ content }) =>
    content.includes('<@&'),
  );
  const kim = interactionsOf(desk.sim, discordPerson(desk.sim, 'kim'));
  const button = `acknowledge:${ticket.id}`;
  const answer = await kim.press(channelId, call?.id as string, button);
  expect(answer.content).toContain('no further role is called');
  await look(ticket.id, 20);
  await say(desk.ctx, ticket.id, 'still here');
  await eventually(async () =>
    expect((await textsIn(desk.sim, channelId)).at(-1)).toContain('still here'),
  );
  expect(await calls(channelId)).toEqual(wanted);
}, 60_000);

test('what was acknowledged before the bot came calls nobody', async () => {
  const bot = await desk.bot();
  const { ticket, channelId } = await begin();
  await bot.stop();
  await look(ticket.id, 8);
  await acknowledgeEscalation(desk.ctx, agent, ticket.id);
  await say(desk.ctx, ticket.id, 'hello');
  await desk.bot();
  await eventually(async () => expect(await textsIn(desk.sim, channelId)).toHaveLength(1), {
    timeout: 30_000,
  });
  expect(await calls(channelId)).toEqual([]);
}, 60_000);

test.each(['before-post', 'after-post', 'after-record'] as const)(
  'a bot that dies at %s has the role called once, whatever is said meanwhile',
  async (point: FailpointName) => {
    const first = await desk.bot();
    const { ticket, channelId } = await begin();
    await first.stop();
    await look(ticket.id, 8);
    let died: () => void = () => undefined;
    const death = new Promise<void>((resolve) => {
      died = resolve;
    });
    const dying = await desk.bot({
      ctx: {
        failpoint(passed) {
          if (passed !== point) return;
          died();
          throw new Error('killed');
        },
      },
    });
    await death;
    await dying.stop();
    await say(desk.ctx, ticket.id, 'meanwhile');
    await desk.bot();
    await eventually(
      async () => expect((await textsIn(desk.sim, channelId)).join()).toContain('meanwhile'),
      { timeout: 30_000 },
    );
    await eventually(async () =>
      expect(await calls(channelId)).toEqual([callOf(roles().TECHNICAL as string, overdue)]),
    );
  },
  90_000,
);
