import { Readable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { APIMessage } from 'discord.js';
import { commands } from '../../bot/commands/registry.ts';
import type { DomainEvent } from '../../src/domain/events.ts';
import { uploadFile } from '../../src/domain/files/upload.ts';
import { publicLog } from '../../src/domain/log/entry.ts';
import { editMessage } from '../../src/domain/messages/change.ts';
import { sendMessage } from '../../src/domain/messages/send.ts';
import { closeTicket } from '../../src/domain/tickets/close.ts';
import { getTicket, readTicket } from '../../src/domain/tickets/read.ts';
import { planTranscript } from '../../src/domain/transcript/files.ts';
import { agent, customer, type Desk, openDesk, openTicket, say, seen } from '../support/bridge.ts';
import {
  channelOf,
  channelsOf,
  type DiscordPerson,
  discordPerson,
  fault,
  messagesIn,
  stateOf,
} from '../support/discord.ts';
import { eventually } from '../support/eventually.ts';

let desk: Desk;
let kim: DiscordPerson;
let ticket: Awaited<ReturnType<typeof openTicket>>;
// biome-ignore lint/suspicious/noExplicitAny: a channel as Discord renders one
let channel: any;
let card: APIMessage;
const events: DomainEvent[] = [];

beforeAll(async () => {
  desk = await openDesk();
  await desk.bot();
  desk.ctx.bus.subscribe((event) => events.push(event));
  kim = discordPerson(desk.sim, 'kim');
  await eventually(async () =>
    expect((await stateOf(desk.sim, '?calls=0&messages=0')).commands).toHaveLength(commands.size),
  );
});
afterAll(() => desk.end());
beforeEach(async () => {
  ticket = await openTicket(desk.ctx);
  channel = await channelOf(desk.sim, ticket.number);
  card = await eventually(async () => {
    const [first] = await messagesIn(desk.sim, channel.id);
    expect(first?.pinned).toBe(true);
    return first as APIMessage;
  });
});

const gone = (number: number) =>
  eventually(async () => expect(await channelsOf(desk.sim, number)).toEqual([]));

async function transcriptsOf(id: string): Promise<APIMessage[]> {
  const all = await messagesIn(desk.sim, desk.sim.state.channels.transcripts);
  return all.filter(({ embeds }) => embeds[0]?.footer?.text === `Ticket ${id}`);
}

/** What the bot answered to the last interaction, for one pair of eyes only. */
async function answerTo(): Promise<string> {
  return eventually(async () => {
    const { interactions } = await stateOf(desk.sim, '?calls=0&messages=0');
    const [message] = interactions.at(-1).messages;
    expect(message?.content).toBeTruthy();
    return message.content;
  });
}

test('closing by the button asks for a reason, tells everybody, keeps the transcript and removes the channel', async () => {
  await say(desk.ctx, ticket.id, 'It has come!');
  await kim.write(channel.id, 'Wonderful');
  await kim.press(channel.id, card.id, `close:${ticket.id}`);
  await eventually(async () => {
    const { interactions } = await stateOf(desk.sim, '?calls=0&messages=0');
    expect(interactions.at(-1).modal?.custom_id).toBe(`close-reason:${ticket.id}`);
  });
  await kim.submit(channel.id, `close-reason:${ticket.id}`, { reason: 'It has arrived' });
  await gone(ticket.number);
  const closed = await getTicket(desk.ctx, customer, ticket.id);
  expect(closed).toMatchObject({ status: 'CLOSED', close_reason: 'It has arrived' });
  const last = events.filter((event) => event.kind === 'entry').at(-1);
  expect(last).toMatchObject({
    entry: {
      type: 'ticket_change',
      action: 'closed',
      author: { name: 'Kim' },
      ticket_id: ticket.id,
    },
  });
  expect((await seen(desk.ctx, ticket.id)).map(({ content }) => content)).toEqual([
    'It has come!',
    'Wonderful',
  ]);
  expect(await transcriptsOf(ticket.id)).toHaveLength(1);
});

test('the transcript is one file that holds all that was said', async () => {
  const png = Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
  );
  const file = await uploadFile(desk.ctx, customer, ticket.id, 'dot.png', Readable.from([png]));
  const body = { content: 'A <b>bold</b> claim', attachments: [file.id] };
  const { message } = await sendMessage(desk.ctx, customer, ticket.id, body);
  await editMessage(desk.ctx, customer, ticket.id, message.id, { content: 'A milder claim' });
  await closeTicket(desk.ctx, customer, ticket.id, { reason: 'enough' });
  await gone(ticket.number);
  const [posted] = await transcriptsOf(ticket.id);
  expect(posted?.embeds[0]?.title).toContain(`Ticket #${ticket.number}`);
  const [attachment] = posted?.attachments ?? [];
  const page = await (await fetch(attachment?.url as string)).text();
  expect(page).toContain('A milder claim');
  expect(page).toContain('A &lt;b&gt;bold&lt;/b&gt; claim');
  expect(page).toContain(`data:image/png;base64,${png.toString('base64')}`);
  expect(page).toContain('enough');
  expect(page).toContain("default-src 'none'");
});

test('a transcript that would be too large loses its images, and then becomes several files', async () => {
  for (let n = 0; n < 60; n++) await say(desk.ctx, ticket.id, 'short');
  for (let n = 0; n < 30; n++) await say(desk.ctx, ticket.id, `${n} ${'x'.repeat(1000)}`);
  const { ticket: stored, head } = await readTicket(desk.ctx, customer, ticket.id);
  const snapshot = { log: publicLog(ticket.id), head: head.seq };
  const filesOf = async (maxBytes: number) => {
    const plan = await planTranscript(desk.ctx, stored, snapshot, maxBytes);
    const files = [];
    for await (const file of plan.files()) files.push(file);
    expect(files).toHaveLength(plan.count);
    return files;
  };
  const whole = await filesOf(1_000_000);
  expect(whole.map(({ name }) => name)).toEqual([
    `transcript-${String(ticket.number).padStart(4, '0')}.html`,
  ]);
  const parts = await filesOf(15_000);
  expect(parts.length).toBeGreaterThan(1);
  expect(parts.every(({ data }) => data.length <= 15_000)).toBe(true);
  const text = parts.map(({ data }) => data.toString()).join('');
  for (let n = 0; n < 30; n++) expect(text).toContain(`<pre dir="auto">${n} xxx`);
});

test('/close closes with a reason, after all that was written before it', async () => {
  await fault(desk.sim, { kind: 'delay', path: '^/attachments/', ms: 300, times: 1 });
  await kim.attach(channel.id, 'here it is', [{ name: 'a.txt', data: Buffer.from('abc') }]);
  await kim.command(channel.id, 'close', { reason: 'solved' });
  await gone(ticket.number);
  expect(await getTicket(desk.ctx, customer, ticket.id)).toMatchObject({ close_reason: 'solved' });
  expect((await seen(desk.ctx, ticket.id)).map(({ content }) => content)).toEqual(['here it is']);
});

test('/level and /role change the ticket, and the channel with it', async () => {
  await kim.command(channel.id, 'level', { level: 'CRITICAL' });
  await eventually(async () =>
    expect((await channelOf(desk.sim, ticket.number)).parent_id).toBe(
      desk.sim.state.channels.critical,
    ),
  );
  expect(await answerTo()).toContain('CRITICAL');
  await kim.command(channel.id, 'role', { role: 'MANAGER' });
  await eventually(async () =>
    expect(await getTicket(desk.ctx, customer, ticket.id)).toMatchObject({
      issue_level: 'CRITICAL',
      support_role: 'MANAGER',
    }),
  );
  await eventually(async () => {
    const { permission_overwrites } = await channelOf(desk.sim, ticket.number);
    const ids = permission_overwrites.map(({ id }: { id: string }) => id);
    expect(ids).not.toContain(desk.sim.state.roles.support);
  });
});

test('who is not of the staff, or elsewhere, is told so and changes nothing', async () => {
  const { transcripts } = desk.sim.state.channels;
  await kim.command(transcripts, 'close', {});
  expect(await answerTo()).toBe("This is not an open ticket's channel.");
  // Somebody without a role, who was let into the channel by hand.
  const mo = discordPerson(desk.sim, 'member');
  await discordPerson(desk.sim, 'admin').call(
    'PUT',
    `/channels/${channel.id}/permissions/${mo.id}`,
    {
      type: 1,
      allow: String((1n << 10n) | (1n << 11n)),
      deny: '0',
    },
  );
  await mo.command(channel.id, 'close', {});
  expect(await answerTo()).toBe('Only the support staff may do this.');
  await mo.press(channel.id, card.id, `close:${ticket.id}`);
  expect(await answerTo()).toBe('Only the support staff may do this.');
  expect(await getTicket(desk.ctx, customer, ticket.id)).toMatchObject({ status: 'OPEN' });
});

test('every interaction is acknowledged in time even while the ticket waits', async () => {
  await fault(desk.sim, {
    kind: 'status',
    method: 'GET',
    path: `${channel.id}/messages`,
    status: 500,
    times: 3,
  });
  await fault(desk.sim, { kind: 'gateway-drop', who: 'bot' });
  await kim.command(channel.id, 'close', { reason: 'later' });
  await gone(ticket.number);
  const { interactions } = await stateOf(desk.sim, '?calls=0&messages=0');
  expect(interactions.at(-1).state).not.toBe('failed');
});

test('closing over REST ends the same way, once, however often it is asked', async () => {
  await Promise.all([
    closeTicket(desk.ctx, customer, ticket.id, { reason: 'a' }),
    closeTicket(desk.ctx, agent, ticket.id, { reason: 'b' }),
  ]);
  await gone(ticket.number);
  expect(await transcriptsOf(ticket.id)).toHaveLength(1);
  const closings = events.filter(
    (event) =>
      event.kind === 'entry' &&
      event.entry.ticket_id === ticket.id &&
      event.entry.type === 'ticket_change' &&
      event.entry.action === 'closed',
  );
  expect(closings).toHaveLength(1);
});

test('a bot that starts again does not register the same commands again', async () => {
  const other = await openDesk();
  const callsOf = async (method: string) => {
    const { calls } = await stateOf(other.sim, '?messages=0');
    return calls.filter(
      (call: { method: string; path: string }) =>
        call.method === method && call.path.includes('/commands'),
    ).length;
  };
  const first = await other.bot();
  await eventually(async () => expect(await callsOf('PUT')).toBe(1));
  await first.stop();
  await other.bot();
  await eventually(async () => expect(await callsOf('GET')).toBe(2));
  expect(await callsOf('PUT')).toBe(1);
  await other.end();
});
