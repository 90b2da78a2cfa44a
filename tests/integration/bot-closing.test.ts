import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { APIMessage } from 'discord.js';
import { closeTicket } from '../../src/domain/tickets/close.ts';
import { getTicket } from '../../src/domain/tickets/read.ts';
import { customer, type Desk, openDesk, openTicket, say, seen } from '../support/bridge.ts';
import {
  channelOf,
  channelsOf,
  clearFaults,
  type DiscordPerson,
  discordPerson,
  fault,
  messagesIn,
} from '../support/discord.ts';
import { eventually } from '../support/eventually.ts';

let desk: Desk;
let kim: DiscordPerson;
let ticket: Awaited<ReturnType<typeof openTicket>>;
let channelId: string;

beforeAll(async () => {
  desk = await openDesk();
  kim = discordPerson(desk.sim, 'kim');
});
afterAll(() => desk.end());
afterEach(async () => {
  await desk.stopBots();
  await clearFaults(desk.sim);
});
beforeEach(async () => {
  await desk.bot();
  ticket = await openTicket(desk.ctx);
  channelId = (await channelOf(desk.sim, ticket.number)).id;
  await eventually(async () => expect(await messagesIn(desk.sim, channelId)).toHaveLength(1));
});

const gone = () =>
  eventually(async () => expect(await channelsOf(desk.sim, ticket.number)).toEqual([]), {
    timeout: 20_000,
  });
const contents = async () => (await seen(desk.ctx, ticket.id)).map(({ content }) => content);

/** All that was posted for the ticket where transcripts are kept: the files' texts, by their names. */
async function transcripts(): Promise<Map<string, string>> {
  const all = await messagesIn(desk.sim, desk.sim.state.channels.transcripts);
  const isOurs = ({ embeds, content }: APIMessage) =>
    embeds[0]?.footer?.text.startsWith(`Ticket ${ticket.id}`) || content.includes(ticket.id);
  const files = all.filter(isOurs).flatMap(({ attachments }) => attachments);
  const texts = await Promise.all(
    files.map(async ({ filename, url }) => [filename, await (await fetch(url)).text()] as const),
  );
  return new Map(texts);
}

const close = () => closeTicket(desk.ctx, customer, ticket.id, { reason: 'thanks' });

test('when staff write while the bot is down and the customer closes, then the customer has their words', async () => {
  await desk.stopBots();
  const post = await kim.write(channelId, 'your refund is on its way');
  await close();
  await desk.bot();
  await gone();
  expect(await contents()).toEqual(['your refund is on its way']);
  const [message] = await seen(desk.ctx, ticket.id);
  expect(message?.created_at).toBe(Date.parse(post.timestamp));
  const log = [...(await transcripts()).entries()];
  expect(log.map(([name]) => name)).toEqual([
    `transcript-${String(ticket.number).padStart(4, '0')}.html`,
  ]);
  expect(log[0]?.[1]).toContain('your refund is on its way');
  expect(await getTicket(desk.ctx, customer, ticket.id)).toMatchObject({ status: 'CLOSED' });
});

test('when the customer closes right after staff wrote, then not a word is lost', async () => {
  const words: string[] = [];
  for (let n = 0; n < 4; n++) {
    words.push(`line ${n}`);
    await kim.write(channelId, `line ${n}`);
  }
  await close();
  await gone();
  const kept = JSON.stringify(await contents()) + [...(await transcripts()).values()].join('');
  for (const word of words) expect(kept).toContain(word);
});

test('when the file server of Discord is away, then the closing waits for what was written before it', async () => {
  await fault(desk.sim, {
    kind: 'status',
    path: '^/attachments/',
    status: 503,
    who: 'bot',
    times: 6,
  });
  await kim.attach(channelId, 'here is your bill', [{ name: 'a.txt', data: Buffer.from('abc') }]);
  await kim.write(channelId, 'and a word behind it');
  await close();
  await gone();
  expect(await contents()).toEqual(['here is your bill', 'and a word behind it']);
});

/** What is attached takes its time: so long all that is written in the channel behind it waits. */
async function holdUp() {
  await fault(desk.sim, { kind: 'delay', path: '^/attachments/', ms: 3000, times: 1 });
  await kim.attach(channelId, 'your bill', [{ name: 'a.txt', data: Buffer.from('abc') }]);
}

/** Until the gateway has brought the bot all that has happened by now. */
async function isToldOf() {
  const beside = await openTicket(desk.ctx);
  const { id } = await channelOf(desk.sim, beside.number);
  await eventually(async () => {
    if ((await seen(desk.ctx, beside.id)).length === 0) await kim.write(id, 'beside it');
    expect(await seen(desk.ctx, beside.id)).not.toHaveLength(0);
  });
}

test('what staff took back before the closing is taken back, also where its turn comes after it', async () => {
  const slip = await kim.write(channelId, 'a slip');
  const stays = await kim.write(channelId, 'what stays');
  const among = await kim.write(channelId, 'for us alone');
  await eventually(async () => expect(await contents()).toHaveLength(3));
  await holdUp();
  await kim.remove(channelId, slip.id);
  await kim.edit(channelId, among.id, '// for us alone');
  await isToldOf();
  expect(await contents()).toHaveLength(3);
  await close();
  await kim.remove(channelId, stays.id);
  await gone();
  expect(await contents()).toEqual(['what stays', 'your bill']);
});

test('what staff wrote before the closing reaches the customer though somebody removes the channel at once', async () => {
  await holdUp();
  await kim.write(channelId, 'and more');
  await kim.write(channelId, '// among us');
  await isToldOf();
  expect(await contents()).toEqual([]);
  await close();
  await discordPerson(desk.sim, 'admin').call('DELETE', `/channels/${channelId}`);
  await eventually(async () => expect(await contents()).toEqual(['your bill', 'and more']), {
    timeout: 20_000,
  });
  await eventually(async () => {
    const log = [...(await transcripts()).values()].join('');
    expect(log).toContain('your bill');
    expect(log).toContain('and more');
    expect(log).toContain('among us');
  });
});

test('what staff say to each other, or too late, stands in a page for them and reaches no customer', async () => {
  await say(desk.ctx, ticket.id, 'hello');
  await kim.write(channelId, 'a public word');
  await kim.write(channelId, '// a known case, see 17');
  const thread = await kim.call<{ id: string }>('POST', `/channels/${channelId}/threads`, {
    name: 'between us',
    type: 11,
  });
  await kim.write(thread.id, 'said in the thread');
  await kim.write(thread.id, '/close typed as text');
  await fault(desk.sim, {
    kind: 'status',
    method: 'POST',
    path: desk.sim.state.channels.transcripts,
    status: 500,
    times: 3,
  });
  await eventually(async () => expect(await contents()).toHaveLength(2));
  await close();
  await kim.write(channelId, 'one more thing');
  await gone();
  const files = await transcripts();
  const staff = [...files]
    .filter(([name]) => /-(staff|late|notes)/.test(name))
    .map(([, text]) => text);
  const all = staff.join('');
  expect(all).toContain('a known case, see 17');
  expect(all).toContain('said in the thread');
  expect(all).toContain('between us');
  expect(all).toContain('one more thing');
  expect(all).toContain('written after the ticket was closed');
  expect(all).not.toContain('a public word');
  const log = [...files]
    .filter(([name]) => !/-(staff|late|notes)/.test(name))
    .map(([, text]) => text);
  expect(log.join('')).toContain('a public word');
  expect(await contents()).toEqual(['hello', 'a public word']);
});

test('what is written after the transcript was made is kept before the channel goes', async () => {
  await fault(desk.sim, {
    kind: 'status',
    method: 'DELETE',
    path: `/channels/${channelId}$`,
    status: 500,
    times: 3,
  });
  await close();
  await eventually(async () => expect((await transcripts()).size).toBe(1));
  // The channel may be locked by now, and says so itself then.
  const late = await kim.write(channelId, 'a last word').catch(() => undefined);
  await gone();
  if (!late) return;
  expect([...(await transcripts()).values()].join('')).toContain('a last word');
});

test('while a channel cannot be read it is not removed, and then nothing is missing', async () => {
  await desk.stopBots();
  await kim.write(channelId, 'written in the dark');
  await close();
  const path = `/channels/${channelId}/messages$`;
  await fault(desk.sim, {
    kind: 'status',
    method: 'GET',
    path,
    status: 403,
    code: 50001,
    who: 'bot',
    times: 4,
  });
  await desk.bot();
  await gone();
  expect(await contents()).toEqual(['written in the dark']);
}, 120_000);
