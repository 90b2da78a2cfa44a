import { setTimeout as sleep } from 'node:timers/promises';
import { type Db, ObjectId } from 'mongodb';
import type { TicketView } from '../../../../src/contract/tickets.ts';
import { lineOf } from './customer-ear.ts';
import type { Day, DayTicket } from './day.ts';
import type { DayEvidence, LogEntry, Page, Reactor, Sent, TicketEvidence } from './evidence.ts';
import { told } from './told.ts';
import { timeOf, type Witness } from './witness.ts';

interface StoredReaction {
  emoji: string;
  author: { id: string };
  origin: string;
}

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
      reactors: (row.reactions ?? []).map(reactorOf),
      reactions: [...counts].map(([emoji, count]) => `${emoji}×${count}`).sort(),
      author: row.author.id,
      client_id: row.client_id,
      ...(row.type === 'ticket_change' && { action: row.action }),
    };
  });
}

const reactorOf = ({ emoji, author, origin }: StoredReaction): Reactor => ({
  emoji,
  by: author.id,
  origin,
});

/** Times a ticket is looked at again that is just being parked, or comes back. */
const LOOKS = 20;

/** The channels of a ticket, and whether it is parked, as they are together. */
async function placeOf({ db, witness }: Day, { id, number }: DayTicket) {
  const look = async () => {
    const mirror = await db.collection('mirrors').findOne({ _id: new ObjectId(id) });
    return { parked: mirror?.parked?.at, underWay: mirror?.steps?.includes('parking') === true };
  };
  for (let looks = 1; ; looks++) {
    const before = await look();
    const channels = structuredClone(witness.look().channelsOf(number));
    const after = await look();
    const isSteady = before.parked === after.parked && !before.underWay && !after.underWay;
    if (isSteady || looks === LOOKS) {
      const parked = { told: witness.toldParked.has(number) };
      return { channels, ...(after.parked !== undefined && { parked }) };
    }
    await sleep(250);
  }
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
    if ((one.door !== 'discord' && one.door !== 'thread') || one.outcome !== 'accepted') return one;
    const found = witness.postIn(one.word);
    const isOwed =
      found &&
      !found.post.deleted &&
      !found.post.marks.includes('❌') &&
      found.channel.goneBy !== 'people' &&
      // An edit may have come after the end, and is refused then.
      (one.isEdit ? firstEnd === Number.POSITIVE_INFINITY : timeOf(found.post.id) < firstEnd);
    return isOwed ? one : { ...one, outcome: 'unknown' };
  });
}

async function readPage(ticket: DayTicket, version: string): Promise<Page> {
  const url = `${ticket.customer.url}/api/v1/tickets/${ticket.id}/transcript?version=${version}`;
  const token = version === 'staff' ? ticket.staffToken : ticket.customer.token;
  const ask = async () => {
    const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
    return { status: answer.status, headers: answer.headers, body: await answer.text() };
  };
  return pageOf(await told(ask));
}

/** One ticket at a time: a person may read few transcripts at once, and one of the staff reads them all. */
async function collectTickets(day: Day): Promise<TicketEvidence[]> {
  const all: TicketEvidence[] = [];
  for (const ticket of day.tickets) all.push(await collectTicket(day, ticket));
  return all;
}

const listOf = ({ customer }: DayTicket) =>
  told(() => customer.call<{ number: number }[]>('GET', '/tickets'));

/** What staff practised in, by the keys of its owners, which no token makes. */
async function practiceIn(db: Db): Promise<number[]> {
  const rows = await db
    .collection('tickets')
    .find({ owner: /^practice\b/ })
    .toArray();
  return rows.map(({ number }) => number);
}

/** All that a day has left behind until now. */
export async function collectDay(day: Day): Promise<DayEvidence> {
  const { uses, gaps, calmFrom } = day;
  const tickets = await collectTickets(day);
  const practice = await practiceIn(day.db);
  const { total } = await told(() => day.admin.call<Report>('GET', '/admin/reports/tickets'));
  return { tickets, uses, gaps, calmFrom, practice, reported: total.count };
}

interface Report {
  total: { count: number };
}

async function collectTicket(day: Day, ticket: DayTicket): Promise<TicketEvidence> {
  const { witness } = day;
  const view = await told(() => ticket.customer.call<TicketView>('GET', `/tickets/${ticket.id}`));
  const final = await told(() => ticket.customer.list(ticket.id, '?limit=500'));
  const log = await readLog(day.db, ticket.id);
  const isEnded = ended.includes(view.status);
  const ends = log.filter(({ action }) => action === 'closed' || action === 'status_set');
  return {
    number: ticket.number,
    ended: isEnded,
    sent: settleDiscord(ticket.sent, witness, Math.min(...ends.map(({ at }) => at))),
    log,
    heard: ticket.ear.heard,
    slips: ticket.ear.slips,
    final: final.map(lineOf),
    ...(await placeOf(day, ticket)),
    reacted: ticket.reacted,
    listed: (await listOf(ticket)).map(({ number }) => number),
    ...(isEnded && {
      customerPage: await readPage(ticket, 'customer'),
      staffPage: await readPage(ticket, 'staff'),
    }),
  };
}
