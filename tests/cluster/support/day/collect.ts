import { type Db, ObjectId } from 'mongodb';
import type { MessageView } from '../../../../src/contract/messages.ts';
import type { TicketView } from '../../../../src/contract/tickets.ts';
import { lineOf } from './customer-ear.ts';
import type { Day, DayTicket } from './day.ts';
import type { Channel, LogEntry, Page, Sent, TicketEvidence } from './evidence.ts';
import { timeOf, type Witness } from './witness.ts';

const ended = ['CLOSED', 'REJECTED', 'WITHDRAWN'];

/** Both logs of a ticket, straight from the database. */
async function readLog(db: Db, ticketId: string): Promise<LogEntry[]> {
  const rows = await db
    .collection('entries')
    .find({ ticket_id: new ObjectId(ticketId) }, { readConcern: { level: 'majority' } })
    .sort({ stream: 1, seq: 1 })
    .toArray();
  return rows.map((row) => {
    const counts = new Map<string, number>();
    for (const { emoji } of row.reactions ?? []) counts.set(emoji, (counts.get(emoji) ?? 0) + 1);
    const id = row.type === 'message' ? row._id : row.of?.id;
    return {
      ...{ stream: row.stream, seq: row.seq, type: row.type, origin: row.origin, at: row.at },
      ...(id && { id: id.toHexString() }),
      word: row.content ?? '',
      files: (row.files ?? []).map(({ name }: { name: string }) => name),
      reactions: [...counts].map(([emoji, count]) => `${emoji}×${count}`).sort(),
      author: row.author.id,
      client_id: row.client_id,
      ...(row.type === 'ticket_change' && { action: row.action }),
    };
  });
}

const article = /<article class="([^"]*)">[\s\S]*?<pre dir="auto">([^<]*)<\/pre>/g;

export function pageOf(html: string): Page {
  const lines = [...html.matchAll(article)];
  const gone = lines.filter(([, kind]) => kind?.includes('gone')).map(([, , word]) => word ?? '');
  return { words: lines.map(([, , word]) => word ?? ''), gone };
}

/** Of what was written in Discord: what the promise says of it, by what became of the channel and the post. */
function settleDiscord(sent: readonly Sent[], witness: Witness, firstEnd: number): Sent[] {
  return sent.map((one) => {
    if (one.door !== 'discord' || one.outcome !== 'accepted') return one;
    const found = witness.postIn(one.word);
    const isOwed =
      found &&
      !found.post.deleted &&
      !found.post.marks.includes('❌') &&
      found.channel.goneBy !== 'people' &&
      timeOf(found.post.id) < firstEnd;
    return isOwed ? one : { ...one, outcome: 'unknown' };
  });
}

async function readPage(ticket: DayTicket, version: string): Promise<Page> {
  const url = `${ticket.customer.url}/api/v1/tickets/${ticket.id}/transcript?version=${version}`;
  const token = version === 'staff' ? ticket.staffToken : ticket.customer.token;
  const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`transcript of #${ticket.number}: ${text}`);
  return pageOf(text);
}

/** One ticket at a time: a person may read few transcripts at once, and one of the staff reads them all. */
export async function collectTickets(day: Day): Promise<TicketEvidence[]> {
  const all: TicketEvidence[] = [];
  for (const ticket of day.tickets) all.push(await collectTicket(day, ticket));
  return all;
}

async function collectTicket(day: Day, ticket: DayTicket): Promise<TicketEvidence> {
  const { witness } = day;
  const { body: view } = await ticket.customer.call<TicketView>('GET', `/tickets/${ticket.id}`);
  const { body: final } = await ticket.customer.list(ticket.id, '?limit=500');
  const log = await readLog(day.db, ticket.id);
  const isEnded = ended.includes(view.status);
  const ends = log.filter(({ action }) => action === 'closed' || action === 'status_set');
  const channels: Channel[] = witness.look().channelsOf(ticket.number);
  return {
    number: ticket.number,
    ended: isEnded,
    sent: settleDiscord(ticket.sent, witness, Math.min(...ends.map(({ at }) => at))),
    log,
    heard: ticket.ear.heard,
    slips: ticket.ear.slips,
    final: (final as MessageView[]).map(lineOf),
    channels,
    ...(isEnded && {
      customerPage: await readPage(ticket, 'customer'),
      staffPage: await readPage(ticket, 'staff'),
    }),
  };
}
