import { ObjectId, Timestamp } from 'mongodb';
import type {
  Author,
  Entry,
  MessageChangeEntry,
  MessageEntry,
  Stream,
  Ticket,
  TicketChangeEntry,
} from '../../src/domain/log/entry.ts';
import { toRow, toTicket } from '../../src/domain/log/entry.ts';
import { textsOfEntries, textsOfTicket } from '../../src/domain/search/index-consumer.ts';
import { type BlockTexts, newRow } from '../../src/domain/search/postings.ts';
import type { Database } from '../../src/models/database.ts';
import type { SearchRow } from '../../src/models/search.ts';
import type { TicketRow } from '../../src/models/ticket.ts';
import { seededRandom } from '../../tests/support/random.ts';
import { ticketRow } from '../subjects/deskcord.ts';
import { drawText, type Random } from './desk-text.ts';

/** How large a desk; the same options, `until` included, make the same desk. */
export interface DeskOptions {
  tickets: number;
  /** Of customers and staff together, about; notes are a twentieth more. */
  messages: number;
  seed?: number;
  /** When the newest ticket was opened, milliseconds since 1970; by default two days ago. */
  until?: number;
  /** Writes the search index too, as a reindex would. */
  search?: boolean;
  onProgress?(done: { tickets: number; messages: number }): void;
}

export interface Desk {
  tickets: number;
  messages: number;
  notes: number;
  /** The one with a hundredth of all messages. */
  longest: string;
}

const DAYS = 90;
const DAY_MS = 86_400_000;
const AGENTS = 40;
const BATCH = 5000;
/** What happens to a message, to a ticket. */
const share = { edited: 0.02, deleted: 0.01, notes: 0.05, assigned: 0.7, closed: 0.8 };

const categories = ['TECHNICAL', 'BILLING', 'ACCOUNT', 'GENERAL', 'FEATURE_REQUEST', null];

const agents: readonly Author[] = Array.from({ length: AGENTS }, (_, nth) => ({
  key: `staff||agent-${nth}`,
  id: `agent-${nth}`,
  name: `Agent ${nth}`,
  role: 'AGENT',
}));

const pick = <T>(random: Random, values: readonly T[]): T =>
  values[Math.floor(random() * values.length)] as T;

/** Writes the two logs of one ticket as the verbs would, in the order of time. */
class TicketHistory {
  readonly entries: Entry[] = [];
  readonly #random: Random;
  readonly #nextId: (at: number) => string;
  readonly #customer: Author;
  readonly #seqs: Record<Stream, number> = { public: 0, internal: 0 };
  #ticket: Ticket;
  #at: number;

  constructor(ticket: Ticket, random: Random, nextId: (at: number) => string) {
    this.#ticket = ticket;
    this.#random = random;
    this.#nextId = nextId;
    this.#at = ticket.created_at;
    const { owner, username, user_role } = ticket;
    this.#customer = { key: owner, id: owner, name: username, role: user_role };
  }

  get ticket(): Ticket {
    return this.#ticket;
  }

  #place(stream: Stream, author: Author) {
    this.#at += Math.floor(this.#random() * 3_600_000);
    const id = this.#nextId(this.#at);
    const { owner } = this.#ticket;
    const place = { id, ticket_id: this.#ticket.id, stream, seq: ++this.#seqs[stream], owner };
    return { ...place, at: this.#at, author, client_id: id, origin: 'web' as const };
  }

  /** A message, and now and then an edit or its deletion. */
  write(stream: Stream): void {
    const isStaff = stream === 'internal' || this.#random() < 0.5;
    const author = isStaff ? pick(this.#random, agents) : this.#customer;
    const content = drawText(this.#random, 10 + Math.floor(this.#random() * 50));
    const first: MessageEntry = { ...this.#place(stream, author), type: 'message', content };
    this.entries.push(first);
    const chance = this.#random();
    if (chance < share.edited) this.#change('edit', first);
    else if (chance < share.edited + share.deleted) this.#change('delete', first);
  }

  #change(type: 'edit' | 'delete', first: MessageEntry): void {
    const { id, seq, at, author, client_id, origin } = first;
    const of = { id, seq, at, author, client_id, origin };
    const content = type === 'edit' ? drawText(this.#random, 30) : '';
    const change: MessageChangeEntry = {
      ...this.#place(first.stream, author),
      type,
      content,
      files: [],
      of,
    };
    this.entries.push(change);
  }

  /** Sets fields of the ticket; one of them may be the time at which it is done. */
  set(action: string, make: (at: number, seq: number) => Partial<Ticket>): void {
    const place = this.#place('public', pick(this.#random, agents));
    const fields = make(place.at, place.seq);
    const before = this.#ticket;
    const changes = Object.fromEntries(
      Object.entries(fields).map(([name, to]) => [name, [before[name as keyof Ticket], to]]),
    ) as TicketChangeEntry['changes'];
    this.#ticket = { ...before, ...fields, updated_at: place.at, status_seq: place.seq };
    this.entries.push({
      ...place,
      type: 'ticket_change',
      action,
      changes,
      ticket: this.#ticket,
    });
  }
}

/** Collects rows and writes them a few thousand at a time. */
function createInserter(db: Database, name: 'tickets' | 'entries' | 'search') {
  let rows: object[] = [];
  const flush = async () => {
    if (rows.length === 0) return;
    const batch = rows;
    rows = [];
    await db[name].collection.insertMany(batch as never, { ordered: false });
  };
  return {
    async add(row: object) {
      rows.push(row);
      if (rows.length >= BATCH) await flush();
    },
    flush,
  };
}

/** The rows of the search index for a ticket, as a reindex leaves them. */
function searchRows({ entries, ticket }: TicketHistory): SearchRow[] {
  const rows = new Map<string, BlockTexts>();
  const add = (each: BlockTexts) => {
    const key = `${each.log.stream} ${each.block}`;
    const known = rows.get(key);
    if (!known) rows.set(key, each);
    else for (const [name, text] of each.texts) known.texts.set(name, text);
  };
  add(textsOfTicket(ticket));
  for (const stream of ['public', 'internal'] as const) {
    const own = entries.filter((entry) => entry.stream === stream);
    for (const each of textsOfEntries({ ticketId: ticket.id, stream }, own)) add(each);
  }
  return [...rows.values()].flatMap((each) => newRow(each) ?? []);
}

/** Ids in the order of time, unlike any other's. */
function createIds(random: Random): (at: number) => string {
  const own = Math.floor(random() * 2 ** 32);
  let count = 0;
  return (at) => {
    const parts = [Math.floor(at / 1000), own, ++count];
    return parts.map((part) => (part >>> 0).toString(16).padStart(8, '0')).join('');
  };
}

function openTicket(nth: number, options: DeskOptions, random: Random, id: string, at: number) {
  const owner = `customer-${Math.floor(random() ** 2 * Math.max(1, options.tickets / 4))}`;
  return ticketRow(owner, nth + 1, {
    _id: ObjectId.createFromHexString(id) as unknown as TicketRow['_id'],
    topic: drawText(random, 4),
    description: drawText(random, 30),
    category: pick(random, categories),
    issue_level: pick(random, ['NORMAL', 'NORMAL', 'NORMAL', 'URGENT', 'CRITICAL']),
    support_role: pick(random, ['GENERAL', 'GENERAL', 'TECHNICAL', 'MANAGER', 'ADMIN']),
    created_at: at,
    updated_at: at,
  });
}

function assign(history: TicketHistory, { key, id, name }: Author): void {
  history.set('updated', (at) => ({
    status: 'IN_PROGRESS',
    assigned_to: id,
    assignee: { key, id, name },
    first_response_at: at,
    response_time: at - history.ticket.created_at,
  }));
}

function close(history: TicketHistory, close_reason: string | null): void {
  history.set('closed', (at, seq) => ({
    status: 'CLOSED',
    closed_at: at,
    close_reason,
    resolved_at: at,
    resolution_time: at - history.ticket.created_at,
    ending_seq: seq,
  }));
}

function writeHistory(history: TicketHistory, messages: number, random: Random): number {
  let notes = 0;
  const assignedAfter = random() < share.assigned ? Math.floor(random() * messages) : -1;
  for (let nth = 0; nth < messages; nth++) {
    history.write('public');
    if (nth === assignedAfter) {
      assign(history, pick(random, agents));
    }
    if (random() >= share.notes) continue;
    history.write('internal');
    notes++;
  }
  if (random() < share.closed) close(history, random() < 0.5 ? drawText(random, 5) : null);
  return notes;
}

/**
 * Fills an empty database with a desk of three months: tickets with their messages, edits, deletions,
 * assignments, closings and notes, straight in the form in which the program stores them, but for the
 * visibility map, which readers make. 10⁶ messages over REST would take half an hour.
 */
export async function generateDesk(db: Database, options: DeskOptions): Promise<Desk> {
  const random = seededRandom(options.seed ?? 1);
  const nextId = createIds(random);
  const until = options.until ?? Date.now() - 2 * DAY_MS;
  const [tickets, entries] = [createInserter(db, 'tickets'), createInserter(db, 'entries')];
  const search = createInserter(db, 'search');
  const desk: Desk = { tickets: 0, messages: 0, notes: 0, longest: '' };
  const longest = Math.floor(options.tickets / 2);
  const inLongest = Math.ceil(options.messages / 100);
  const mean = (options.messages - inLongest) / options.tickets;
  for (let nth = 0; nth < options.tickets; nth++) {
    const at = Math.floor(until - (1 - (nth + 1) / options.tickets) * DAYS * DAY_MS);
    const row = openTicket(nth, options, random, nextId(at), at);
    const history = new TicketHistory(toTicket(row), random, nextId);
    const share = nth === longest ? inLongest : 0;
    // Geometric: most tickets are short, a few are ten times as long.
    const messages = share + Math.floor(-Math.log(1 - random()) * mean + random());
    desk.notes += writeHistory(history, messages, random);
    // Settled long ago for every poll, and unique, as MongoDB would make it.
    const stored = (t: number, i: number) => new Timestamp({ t: Math.floor(t / 1000), i });
    for (const entry of history.entries) {
      await entries.add({ ...toRow(entry), stored: stored(at, entry.seq) });
    }
    if (options.search) for (const each of searchRows(history)) await search.add(each);
    const { id: _, ...fields } = history.ticket;
    await tickets.add({ ...row, ...fields, stored: stored(at, nth + 1) });
    desk.tickets++;
    desk.messages += messages;
    if (nth === longest) desk.longest = history.ticket.id;
    if (desk.tickets % 1000 === 0) options.onProgress?.(desk);
  }
  await Promise.all([tickets, entries, search].map((each) => each.flush()));
  await db.counters.collection.insertOne({ _id: 'ticket', value: desk.tickets } as never);
  return desk;
}
