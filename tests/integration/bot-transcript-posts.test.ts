import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { APIMessage } from 'discord.js';
import type { KeptTranscript } from '../../src/domain/mirror/mirrors.ts';
import { closeTicket } from '../../src/domain/tickets/close.ts';
import { rateTicket } from '../../src/domain/tickets/rate.ts';
import { reopenTicket } from '../../src/domain/tickets/status.ts';
import { agent, customer, type Desk, openDesk, openTicket, say } from '../support/bridge.ts';
import { channelOf, channelsOf, messagesIn } from '../support/discord.ts';
import { eventually } from '../support/eventually.ts';

let desk: Desk;
beforeAll(async () => {
  desk = await openDesk();
  await desk.bot();
});
afterAll(() => desk.end());

const patience = { timeout: 15_000 };

const postsOf = async (id: string) =>
  (await messagesIn(desk.sim, desk.sim.state.channels.transcripts))
    .filter(({ embeds }) => embeds[0]?.footer?.text.startsWith(`Ticket ${id}`))
    .toSorted((a, b) => Number(BigInt(a.id) - BigInt(b.id)));

const fieldsOf = ({ embeds }: APIMessage) =>
  Object.fromEntries((embeds[0]?.fields ?? []).map(({ name, value }) => [name, value]));

const keptOf = async (): Promise<KeptTranscript[]> =>
  (await desk.ctx.db.mirrors.collection.findOne({}))?.kept;

async function hashOf(url: string) {
  const bytes = Buffer.from(await (await fetch(url)).arrayBuffer());
  return createHash('sha256').update(bytes).digest('hex');
}

const closed = (number: number, times: number) =>
  eventually(async () => {
    expect(await channelsOf(desk.sim, number)).toEqual([]);
    expect(await keptOf()).toHaveLength(times);
    expect(await desk.ctx.db.mirrors.collection.countDocuments({ state: 'done' })).toBe(1);
  }, patience);

test('each closing keeps a transcript, known by its hash, with a summary that shows a late rating', async () => {
  const { ctx, sim } = desk;
  const ticket = await openTicket(ctx);
  await channelOf(sim, ticket.number);
  await say(ctx, ticket.id, 'where is it?');
  await say(ctx, ticket.id, 'on its *way*', { ...agent, username: 'Bob_*x*' });
  await say(ctx, ticket.id, 'thanks');
  await closeTicket(ctx, customer, ticket.id, { reason: 'it came' });
  await closed(ticket.number, 1);
  const [first] = await postsOf(ticket.id);
  const fields = fieldsOf(first!);
  expect(fields).toMatchObject({ Customer: 'Ana', Reason: 'it came' });
  expect(fields['First answer']).toMatch(/^<t:\d+:f> \(under a minute\)$/);
  expect(fields.Closed).toMatch(/^<t:\d+:f> \(under a minute\)$/);
  expect(fields['Messages by']).toBe('Ana (CUSTOMER): 2\nBob\\_\\*x\\* (AGENT): 1');
  expect(fields['Assigned to']).toBe('Bob\\_\\*x\\*');
  expect(fields).not.toHaveProperty('Rating');
  const [file] = first!.attachments;
  const sha256 = await hashOf(file!.url);
  expect(fields['SHA-256']).toBe(`\`${file!.filename}\`\n\`${sha256}\``);
  const files = [{ name: file!.filename, sha256 }];
  expect(await keptOf()).toMatchObject([{ files, rated_at: null }]);

  await rateTicket(ctx, customer, ticket.id, { score: 4, comment: 'quick' });
  await eventually(async () => {
    const [post] = await postsOf(ticket.id);
    expect(fieldsOf(post!)).toEqual({ ...fields, Rating: '★★★★☆\nquick' });
    expect(post!.attachments).toHaveLength(1);
  }, patience);

  await reopenTicket(ctx, customer, ticket.id, 'not all of it');
  await channelOf(sim, ticket.number);
  await closeTicket(ctx, customer, ticket.id, {});
  await closed(ticket.number, 2);
  const kept = await keptOf();
  expect(new Set(kept.map(({ closing }) => closing)).size).toBe(2);
  expect(kept[0]).toMatchObject({ files });
  const posts = await postsOf(ticket.id);
  expect(await hashOf(posts[1]!.attachments[0]!.url)).toBe(kept[1]?.files[0]?.sha256);
  expect(fieldsOf(posts[1]!)).toMatchObject({ Reopened: '1 ×' });
}, 60_000);
