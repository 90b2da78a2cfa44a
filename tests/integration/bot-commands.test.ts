import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { commands, routeComponent } from '../../bot/commands/registry.ts';
import { getTicket } from '../../src/domain/tickets/read.ts';
import { isOpen } from '../../src/domain/tickets/workflow.ts';
import { customer, type Desk, openDesk, openTicket, seen } from '../support/bridge.ts';
import {
  channelOf,
  channelsOf,
  clearFaults,
  type DiscordPerson,
  discordPerson,
  fault,
  marksOn,
  messagesIn,
  stateOf,
  textsIn,
} from '../support/discord.ts';
import { eventually } from '../support/eventually.ts';

let desk: Desk;
let kim: DiscordPerson;
let ticket: Awaited<ReturnType<typeof openTicket>>;
let channelId: string;
/** Set while a bot of a test's own is wanted. */
let failpoint: (name: string) => void = () => undefined;

beforeAll(async () => {
  desk = await openDesk();
  kim = discordPerson(desk.sim, 'kim');
});
afterAll(() => desk.end());
afterEach(async () => {
  failpoint = () => undefined;
  await clearFaults(desk.sim);
  await desk.stopBots();
});
beforeEach(async () => {
  await desk.bot({ ctx: { failpoint: (name) => failpoint(name) } });
  ticket = await openTicket(desk.ctx);
  channelId = (await channelOf(desk.sim, ticket.number)).id;
  await eventually(async () => {
    expect((await stateOf(desk.sim, '?calls=0&messages=0')).commands).toHaveLength(commands.size);
    expect(await messagesIn(desk.sim, channelId)).toHaveLength(1);
  });
});

const statusIs = (status: string) =>
  eventually(async () =>
    expect(await getTicket(desk.ctx, customer, ticket.id)).toMatchObject({ status }),
  );
const lastInteraction = async () =>
  (await stateOf(desk.sim, '?calls=0&messages=0')).interactions.at(-1);
const answerTo = () =>
  eventually(
    async () => {
      const [message] = (await lastInteraction()).messages;
      expect(message?.content).toBeTruthy();
      return message.content as string;
    },
    { timeout: 10_000 },
  );
const gone = () =>
  eventually(async () => expect(await channelsOf(desk.sim, ticket.number)).toEqual([]), {
    timeout: 20_000,
  });

test('every command is registered by what it is dispatched by, and every component leads somewhere', () => {
  for (const [name, command] of commands) expect(command.data.name).toBe(name);
  expect(routeComponent('close:123')).toMatchObject({ component: { kind: 'form' }, args: ['123'] });
  expect(routeComponent('nonsense:1')).toBeUndefined();
});

test('a command that is no longer there, and a button that never was, are answered politely', async () => {
  const { bot, applicationId, guildId } = desk.sim.state;
  const route = `${desk.sim.apiUrl}/v10/applications/${applicationId}/guilds/${guildId}/commands`;
  const made = await fetch(route, {
    method: 'POST',
    headers: { authorization: `Bot ${bot.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'ancient', description: 'From an earlier version', type: 1 }),
  });
  expect(made.ok).toBe(true);
  try {
    await kim.command(channelId, 'ancient');
    expect(await answerTo()).toContain('not one of the present ones');
  } finally {
    const { id } = (await made.json()) as { id: string };
    await fetch(`${route}/${id}`, {
      method: 'DELETE',
      headers: { authorization: `Bot ${bot.token}` },
    });
  }
});

test('when the channel cannot be read, then /close works all the same and says what was not read', async () => {
  const path = `/channels/${channelId}/messages`;
  const missing = { status: 403, code: 50001, message: 'Missing Access' };
  await fault(desk.sim, { kind: 'status', method: 'GET', path, who: 'bot', ...missing });
  await desk.stopBots();
  await kim.write(channelId, 'the words before it');
  await desk.bot();
  await eventually(
    async () => {
      const { calls } = await stateOf(desk.sim, '?messages=0');
      const refused = calls.filter(
        (call: { method: string; path: string; status: number }) =>
          call.method === 'GET' && call.path.includes(path) && call.status === 403,
      );
      expect(refused.length).toBeGreaterThan(0);
    },
    { timeout: 20_000 },
  );
  await kim.command(channelId, 'close', { reason: 'solved' });
  await statusIs('CLOSED');
  const answer = await answerTo();
  expect(answer).toContain('The ticket is closed.');
  expect(answer).toContain('could not be read yet');
  await clearFaults(desk.sim);
  await desk.stopBots();
  await desk.bot();
  await gone();
  expect((await seen(desk.ctx, ticket.id)).map(({ content }) => content)).toEqual([
    'the words before it',
  ]);
}, 120_000);

test('/close twice closes once and says so both times', async () => {
  await fault(desk.sim, {
    kind: 'status',
    method: 'POST',
    path: desk.sim.state.channels.transcripts,
    status: 500,
    times: 4,
  });
  await kim.command(channelId, 'close', { reason: 'solved' });
  expect(await answerTo()).toContain('The transcript is being made.');
  await kim.command(channelId, 'close', { reason: 'again' });
  await eventually(async () => expect(await answerTo()).toContain('closed already'));
  expect(await getTicket(desk.ctx, customer, ticket.id)).toMatchObject({ close_reason: 'solved' });
  await gone();
});

test('when the bot stops while a command waits, then the command is answered', async () => {
  await fault(desk.sim, { kind: 'delay', path: '^/attachments/', ms: 4000, times: 1 });
  await kim.attach(channelId, 'a slow file', [{ name: 'a.txt', data: Buffer.from('abc') }]);
  await kim.command(channelId, 'close', { reason: 'solved' });
  await eventually(async () => expect((await lastInteraction()).state).not.toBe('waiting'));
  await desk.stopBots();
  const answer = await answerTo();
  expect(answer).toContain('being restarted');
  expect(isOpen(await getTicket(desk.ctx, customer, ticket.id))).toBe(true);
});

test('a message that can never be ingested is told of, marked and reported, and holds nobody up', async () => {
  await desk.stopBots();
  const reported: string[] = [];
  const reports = { report: (error: unknown) => void reported.push((error as Error).message) };
  let broken = true;
  await desk.bot({
    ctx: {
      reports,
      failpoint(point) {
        if (broken && point === 'before-inbound-commit') throw new Error('a fault of ours');
      },
    },
  });
  const poison = await kim.write(channelId, 'poison');
  await eventually(
    async () => expect(await marksOn(desk.sim, channelId, poison.id)).toEqual(['❌']),
    { timeout: 30_000 },
  );
  broken = false;
  expect(reported).toContain('a fault of ours');
  expect((await textsIn(desk.sim, channelId)).join()).toContain('something went wrong on our side');
  await kim.write(channelId, 'healthy');
  const contents = async () => (await seen(desk.ctx, ticket.id)).map(({ content }) => content);
  await eventually(async () => expect(await contents()).toEqual(['healthy']));
  // It stays so over a restart, and an edit tries again.
  await desk.stopBots();
  await desk.bot();
  await kim.edit(channelId, poison.id, 'cured');
  await eventually(async () => expect(await contents()).toEqual(['healthy', 'cured']));
  await eventually(async () =>
    expect(await marksOn(desk.sim, channelId, poison.id)).toEqual(['✅']),
  );
}, 120_000);
