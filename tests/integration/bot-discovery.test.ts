import { Readable } from 'node:stream';
import { afterEach, expect, test } from '@jest/globals';
import { Timestamp } from 'mongodb';
import { createTickets } from '../../bot/mirrored-tickets.ts';
import type { TicketView } from '../../src/contract/tickets.ts';
import { collectFiles } from '../../src/domain/files/collect.ts';
import { uploadFile } from '../../src/domain/files/upload.ts';
import { deleteMessage } from '../../src/domain/messages/change.ts';
import { sendMessage } from '../../src/domain/messages/send.ts';
import { closeTicket } from '../../src/domain/tickets/close.ts';
import { customer, type Desk, openDesk, openTicket, say } from '../support/bridge.ts';
import { channelOf, channelsOf, textsIn } from '../support/discord.ts';
import { eventually } from '../support/eventually.ts';

let desk: Desk;
afterEach(() => desk?.end());

const isThere = ({ number }: TicketView, text: string) =>
  eventually(
    async () => {
      const channel = await channelOf(desk.sim, number);
      expect((await textsIn(desk.sim, channel.id)).join('\n')).toContain(text);
    },
    { timeout: 15_000 },
  );
/** What is there was written long ago, so that no poll names it again. */
async function makeOld(): Promise<void> {
  const stored = new Timestamp({ t: 1_700_000_000, i: 1 });
  for (const rows of [desk.ctx.db.entries.collection, desk.ctx.db.tickets.collection]) {
    await rows.updateMany({}, { $set: { stored } } as never);
  }
}
const watermark = () => desk.ctx.db.watermarks.findById('discord').lean();

test('a bot that starts asks for no ticket that was done with before the watermark', async () => {
  desk = await openDesk();
  await desk.bot();
  const done = await openTicket(desk.ctx);
  await say(desk.ctx, done.id, 'hello');
  await isThere(done, 'hello');
  await closeTicket(desk.ctx, customer, done.id, {});
  await eventually(async () => expect(await channelsOf(desk.sim, done.number)).toEqual([]), {
    timeout: 15_000,
  });
  await eventually(async () => expect(await watermark()).toMatchObject({ complete: true }));
  await desk.stopBots();
  await makeOld();
  const missed = await openTicket(desk.ctx);
  await say(desk.ctx, missed.id, 'missed');
  const asked: string[] = [];
  const store = {
    ...desk.ctx.store,
    readHead(log: { ticketId: string; stream: 'public' | 'internal' }) {
      asked.push(log.ticketId);
      return desk.ctx.store.readHead(log);
    },
  };
  await desk.bot({ ctx: { store } });
  await isThere(missed, 'missed');
  expect(asked).not.toContain(done.id);
});

test('a ticket that was marked as lagging is looked at by the next bot, whatever its state', async () => {
  desk = await openDesk();
  await desk.bot();
  const ticket = await openTicket(desk.ctx);
  await say(desk.ctx, ticket.id, 'one');
  await isThere(ticket, 'one');
  await eventually(async () => expect(await watermark()).toMatchObject({ complete: true }));
  await desk.stopBots();
  await makeOld();
  await desk.ctx.db.mirrors.collection.updateMany({}, { $set: { state: 'done', lagging: true } });
  await desk.bot();
  await eventually(async () => {
    const [row] = await desk.ctx.db.mirrors.find().lean();
    expect(row?.state).toBe('open');
  });
});

test('a file that is gone before the bot came to its message holds up nothing', async () => {
  desk = await openDesk();
  const ticket = await openTicket(desk.ctx);
  const bytes = Readable.from([Buffer.from('secret')]);
  const file = await uploadFile(desk.ctx, customer, ticket.id, 'a.txt', bytes);
  const body = { content: 'see this', attachments: [file.id] };
  const { message } = await sendMessage(desk.ctx, customer, ticket.id, body);
  await deleteMessage(desk.ctx, customer, ticket.id, message.id);
  expect(await collectFiles(desk.ctx, 10)).toMatchObject({ removed: 1 });
  await say(desk.ctx, ticket.id, 'after it');
  await desk.bot();
  await isThere(ticket, 'after it');
});

test('a ticket that is read anew keeps nothing of before a hole as the entries that come next', async () => {
  desk = await openDesk({}, { SWEEP_INTERVAL_MS: '60000' });
  const { ctx } = desk;
  const other = await desk.another();
  const { id } = await openTicket(ctx);
  const tickets = createTickets(ctx, 1, 0);
  const ticket = await tickets.load(id);
  if (!ticket) throw new Error('there is no ticket');
  ctx.bus.subscribe((event) => {
    if (event.kind === 'entry') tickets.note(event.entry);
  });
  await say(ctx, id, 'brought');
  await say(other.ctx, id, 'told to nobody here');
  await say(ctx, id, 'brought behind a hole');
  expect(ticket.stale).toBe(true);
  await tickets.refresh(ticket);
  await say(ctx, id, 'brought after the ticket was read');
  expect(ticket.heads.public).toBe(4);
  const seqs = ticket.feeds.public.map(({ seq }) => seq);
  expect(seqs).toEqual(seqs.map((_, index) => (seqs[0] as number) + index));
});
