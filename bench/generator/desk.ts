import { ObjectId, Timestamp } from 'mongodb';
import { seedCategories } from '../../src/domain/categories/categories.ts';
import { native } from '../../src/domain/log/collections.ts';
import { toRow, toTicket } from '../../src/domain/log/entry.ts';
import { SCHEMA_VERSION } from '../../src/domain/migration/migrate.ts';
import type { Priority } from '../../src/domain/priorities/priorities.ts';
import { seedPriorities, toPriority } from '../../src/domain/priorities/priorities.ts';
import {
  type BlockTexts,
  textsOfEntries,
  textsOfTicket,
} from '../../src/domain/search/block-texts.ts';
import { newRow } from '../../src/domain/search/postings.ts';
import { listedSla } from '../../src/domain/sla/service-level.ts';
import type { Database } from '../../src/models/database.ts';
import type { SearchRow } from '../../src/models/search.ts';
import type { TicketRow } from '../../src/models/ticket.ts';
import { seededRandom } from '../../tests/support/random.ts';
import { ticketRow } from '../subjects/deskcord.ts';
import { type DeskPlan, TicketHistory } from './desk-history.ts';
import { agents, live, pick } from './desk-life.ts';
import { drawText, type Language, type Random } from './desk-text.ts';

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
const BATCH = 5000;
/** Entries of a ticket for each of its messages, about. */
const ENTRIES_PER_MESSAGE = 1.3;
/** Of a ticket with hardly a message. */
const LEAST_ENTRIES = 12;

const categories = ['TECHNICAL', 'BILLING', 'ACCOUNT', 'GENERAL', 'FEATURE_REQUEST', null];

/** Collects rows and writes them a few thousand at a time, the next ones being made meanwhile. */
function createInserter(db: Database, name: 'tickets' | 'entries' | 'search') {
  let rows: object[] = [];
  let writing: Promise<unknown> = Promise.resolve();
  const flush = async () => {
    if (rows.length === 0) return;
    const batch = rows;
    rows = [];
    await writing;
    writing = db[name].collection.insertMany(batch as never, { ordered: false });
  };
  return {
    async add(row: object) {
      rows.push(row);
      if (rows.length >= BATCH) await flush();
    },
    async end() {
      await flush();
      await writing;
    },
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
  return [...rows.values()].map((block) => newRow(block));
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

function drawLanguage(random: Random): Language {
  const chance = random();
  return chance < 0.05 ? 'japanese' : chance < 0.1 ? 'arabic' : 'latin';
}

function openTicket(
  nth: number,
  { tickets }: DeskOptions,
  { random, nextId }: DeskPlan,
  { at, language, priority }: { at: number; language: Language; priority: Priority },
) {
  const owner = `customer-${Math.floor(random() ** 2 * Math.max(1, tickets / 4))}`;
  return ticketRow(owner, nth + 1, {
    _id: ObjectId.createFromHexString(nextId(at)) as unknown as TicketRow['_id'],
    topic: drawText(random, 4, language),
    description: drawText(random, 30, language),
    category: pick(random, categories),
    priority: priority.name,
    issue_level: priority.issue_level,
    support_role: pick(random, ['GENERAL', 'GENERAL', 'TECHNICAL', 'MANAGER', 'ADMIN']),
    // As where new tickets waited for approval once.
    status: random() < 0.01 ? 'NEW' : 'OPEN',
    created_at: at,
    updated_at: at,
  });
}

async function readPriorities(db: Database): Promise<Priority[]> {
  await seedPriorities({ db });
  await seedCategories({ db });
  const rows = await native(db.priorities).find().sort({ rank: 1 }).toArray();
  return rows.map(toPriority);
}

/** What is in a database besides its tickets once a worker has looked after it. */
async function insertOthers(db: Database, { tickets }: Desk, plan: DeskPlan, search: boolean) {
  const at = plan.horizon;
  const staff = agents.map(({ key, id, name, role }) => ({
    ...{ web: { key, id, partner: null, name, role }, name: null, skills: null, away: false },
    ...{ created_at: at, seen_at: at, discord_seen_at: null },
  }));
  await db.agents.collection.insertMany(staff as never);
  await db.counters.collection.insertOne({ _id: 'ticket', value: tickets } as never);
  const meta = { _id: 'schema', version: SCHEMA_VERSION, migrated_to: null };
  const marked = { _id: meta._id } as never;
  await db.meta.collection.updateOne(marked, { $setOnInsert: meta }, { upsert: true });
  if (!search) return;
  const stored = new Timestamp({ t: Math.floor(at / 1000), i: 1 });
  const done = { stored, began: stored, walked: null, complete: true, fence: 0 };
  const indexed = { _id: 'search-reindex' } as never;
  await db.watermarks.collection.updateOne(indexed, { $setOnInsert: done }, { upsert: true });
}

/** By the time of an entry, and unique, as MongoDB would make it. */
const storedAt = (at: number, i: number) => new Timestamp({ t: Math.floor(at / 1000), i });

/**
 * Fills an empty database with a desk of three months: tickets with their messages, notes, edits, deletions,
 * assignments, tags, waits, closings, ratings and broken promises, straight in the form in which the program
 * stores them, but for the visibility map, which readers make, and the due work and the statistics, which a
 * worker does. 10⁶ messages over REST would take half an hour.
 */
export async function generateDesk(db: Database, options: DeskOptions): Promise<Desk> {
  const random = seededRandom(options.seed ?? 1);
  const until = options.until ?? Date.now() - 2 * DAY_MS;
  const priorities = await readPriorities(db);
  const [low, medium, high, urgent] = priorities as [Priority, Priority, Priority, Priority];
  const rules = { priorities, calendar: undefined };
  const plan = { random, nextId: createIds(random), rules, horizon: until + DAY_MS };
  const [tickets, entries] = [createInserter(db, 'tickets'), createInserter(db, 'entries')];
  const search = createInserter(db, 'search');
  const desk: Desk = { tickets: 0, messages: 0, notes: 0, longest: '' };
  const longest = Math.floor(options.tickets / 2);
  const inLongest = Math.ceil(options.messages / 100);
  const mean = (options.messages - inLongest) / options.tickets;
  for (let nth = 0; nth < options.tickets; nth++) {
    const at = Math.floor(until - (1 - (nth + 1) / options.tickets) * DAYS * DAY_MS);
    const language = nth === longest ? 'latin' : drawLanguage(random);
    const priority = pick(random, [low, medium, medium, high, urgent]);
    const row = openTicket(nth, options, plan, { at, language, priority });
    if (nth === longest) row.status = 'OPEN';
    // Geometric: most tickets are short, a few are ten times as long.
    const share = nth === longest ? inLongest : 0;
    const messages = share + Math.floor(-Math.log(1 - random()) * mean + random());
    const expected = messages * ENTRIES_PER_MESSAGE + LEAST_ENTRIES;
    const history = new TicketHistory(toTicket(row), plan, language, expected);
    desk.notes += live(history, messages, random);
    for (const entry of history.entries) {
      await entries.add({ ...toRow(entry), stored: storedAt(entry.at, entry.seq) });
    }
    if (options.search) for (const each of searchRows(history)) await search.add(each);
    const { id: _, ...fields } = history.ticket;
    const listed = listedSla(history.ticket, rules, plan.horizon);
    await tickets.add({ ...row, ...fields, ...listed, stored: storedAt(at, nth + 1) });
    desk.tickets++;
    desk.messages += messages;
    if (nth === longest) desk.longest = history.ticket.id;
    if (desk.tickets % 1000 === 0) options.onProgress?.(desk);
  }
  await Promise.all([tickets, entries, search].map((each) => each.end()));
  await insertOthers(db, desk, plan, options.search ?? false);
  return desk;
}
