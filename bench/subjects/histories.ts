import { ObjectId, Timestamp } from 'mongodb';
import {
  type MessageChangeEntry,
  type MessageEntry,
  publicLog,
  type TicketChangeEntry,
  toRow,
  toTicket,
} from '../../src/domain/log/entry.ts';
import { type Bitmap, markEntries, marksOf } from '../../src/domain/log/visibility-map.ts';
import type { Database } from '../../src/models/database.ts';
import type { TicketRow } from '../../src/models/ticket.ts';
import { contentOf } from '../generator/senders.ts';
import { insertAll } from './insert-all.ts';

/** What fills the log of a ticket. */
export const historyKinds = [
  'messages',
  'edits of one message',
  'edits of many',
  'deletions',
  'status changes',
] as const;
export type HistoryKind = (typeof historyKinds)[number];

/** Messages that stand before, and are left by, what is not a message. */
const keptBefore = (kind: HistoryKind) =>
  ({
    messages: 0,
    'edits of many': 0,
    'edits of one message': 1,
    deletions: 10,
    'status changes': 10,
  })[kind];
const HOUR_MS = 3_600_000;

/** A cluster time long settled for every poll. */
export const settled = (number: number) =>
  new Timestamp({ t: Math.floor((Date.now() - HOUR_MS) / 1000), i: number });

/** Makes the entries of one log as the verbs make them, and the marks that go with them. */
class HistoryWriter {
  readonly marks: Record<Bitmap, number[]> = { superseded: [], hidden: [] };
  seq = 0;
  ticket: TicketRow;
  readonly #author;
  readonly #from = Date.now() - HOUR_MS;

  constructor(ticket: TicketRow) {
    this.ticket = ticket;
    const { owner, username, user_role } = ticket;
    this.#author = { key: owner, id: owner, name: username, role: user_role };
  }

  #place(id: string) {
    const seq = ++this.seq;
    const { owner, _id } = this.ticket;
    const place = { id, ticket_id: _id.toHexString(), stream: 'public', seq, owner } as const;
    return { ...place, at: this.#from + seq, author: this.#author, origin: 'web' } as const;
  }

  message(): MessageEntry {
    const id = new ObjectId().toHexString();
    const place = this.#place(id);
    return { ...place, client_id: id, type: 'message', content: contentOf(place.seq) };
  }

  /** @param previous the `rev` of the message before */
  change(type: 'edit' | 'delete', first: MessageEntry, previous: number): MessageChangeEntry {
    const id = new ObjectId().toHexString();
    const place = this.#place(id);
    const { seq, at, author, client_id, origin } = first;
    const of = { id: first.id, seq, at, author, client_id, origin };
    const content = type === 'edit' ? contentOf(place.seq) : '';
    const entry: MessageChangeEntry = { ...place, client_id: id, type, content, files: [], of };
    this.#mark(entry, previous);
    return entry;
  }

  updateTicket(): TicketChangeEntry {
    const id = new ObjectId().toHexString();
    const place = this.#place(id);
    const from = this.ticket.issue_level;
    const to = from === 'NORMAL' ? 'URGENT' : 'NORMAL';
    const moved = { issue_level: to, updated_at: place.at, status_seq: place.seq } as const;
    this.ticket = { ...this.ticket, ...moved };
    const change = { action: 'updated', changes: { issue_level: [from, to] as const } };
    const ticket = toTicket(this.ticket);
    const entry = { ...place, client_id: id, type: 'ticket_change', ...change, ticket } as const;
    this.#mark(entry, undefined);
    return entry;
  }

  #mark(entry: MessageChangeEntry | TicketChangeEntry, previous: number | undefined): void {
    const { superseded = [], hidden = [] } = marksOf(entry, previous);
    this.marks.superseded.push(...superseded);
    this.marks.hidden.push(...hidden);
  }
}

/** The entries of a history, oldest first: so many of its kind, what they are about included or before them. */
function* writeEntries(writer: HistoryWriter, kind: HistoryKind, length: number) {
  if (kind === 'messages') {
    for (let n = 0; n < length; n++) yield writer.message();
    return;
  }
  if (kind === 'edits of many') {
    const firsts: MessageEntry[] = [];
    for (let n = 0; n < length / 2; n++) {
      const first = writer.message();
      firsts.push(first);
      yield first;
    }
    for (const first of firsts) yield writer.change('edit', first, first.seq);
    return;
  }
  const [first, ...others] = Array.from({ length: keptBefore(kind) }, () => writer.message());
  yield first as MessageEntry;
  yield* others;
  let rev = (first as MessageEntry).seq;
  for (let n = 0; n < length; n++) {
    if (kind === 'status changes') yield writer.updateTicket();
    else if (kind === 'edits of one message') {
      const edit = writer.change('edit', first as MessageEntry, rev);
      rev = edit.seq;
      yield edit;
    } else if (n % 2 === 0) {
      const regretted = writer.message();
      yield regretted;
      yield writer.change('delete', regretted, regretted.seq);
    }
  }
}

/** A ticket with a history, as those who call the server need to know it. */
export interface History {
  kind: HistoryKind;
  ticket: string;
  /** The oldest message. */
  first: string;
  head: number;
}

/**
 * Writes a ticket and its history in the form in which the program leaves them, the visibility map
 * included: 10⁵ edits over REST would take minutes.
 */
export async function seedHistory(
  db: Database,
  row: TicketRow,
  kind: HistoryKind,
  length: number,
): Promise<History> {
  const writer = new HistoryWriter(row);
  const entries = writeEntries(writer, kind, length);
  const count = keptBefore(kind) + length;
  let first = '';
  const { collection } = db.entries;
  await insertAll(collection as never, count, () => {
    const entry = entries.next().value as MessageEntry;
    if (entry.seq === 1) first = entry.id;
    return { ...toRow(entry), stored: settled(entry.seq) };
  });
  await db.tickets.collection.insertOne(writer.ticket as never);
  const ticket = row._id.toHexString();
  await markEntries(db, publicLog(ticket), writer.marks);
  return { kind, ticket, first, head: writer.seq };
}
