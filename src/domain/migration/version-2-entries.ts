import type { AnyBulkWriteOperation, Document } from 'mongodb';
import type { AppContext } from '../../context.ts';
import { type Bitmap, markEntries } from '../log/visibility-map.ts';
import { rowsOf } from './migration-run.ts';
import { partnerOf, staffKey, staffRoles } from './version-2-keys.ts';

/** What version 1 gave every ticket that nobody had set otherwise. */
const defaults: Document = { assigned_to: null };
/** Fields whose value before the first change was not written down anywhere. */
const unknownBefore = new Set(['topic', 'issue_level', 'support_role']);
const fields = [
  'topic',
  'status',
  'support_role',
  'issue_level',
  'assigned_to',
  'closed_at',
  'close_reason',
];

/**
 * What a change of the ticket changed: told from the ticket before it. Of the first one of a ticket only
 * that is known which no ticket can have had from the beginning.
 */
function changesOf(before: Document | undefined, after: Document, isClosing: boolean): Document {
  const changes: Document = {};
  for (const name of fields) {
    if (!before && unknownBefore.has(name)) continue;
    const start =
      name === 'status' ? (isClosing ? 'OPEN' : after.status) : (defaults[name] ?? null);
    const from = before ? (before[name] ?? null) : start;
    const to = after[name] ?? null;
    if (from !== to) changes[name] = [from, to];
  }
  return changes;
}

type Write = AnyBulkWriteOperation<Document>;

function rewriteTicketChange(entry: Document, before: Document | undefined, owner: string): Write {
  const isClosing = (entry.change ?? entry.action) === 'closed';
  const ticket = { ...entry.ticket, owner, partner: partnerOf(owner) };
  const $set = {
    type: 'ticket_change',
    action: entry.change ?? entry.action,
    changes: changesOf(before, ticket, isClosing),
    ticket,
  };
  return { updateOne: { filter: { _id: entry._id }, update: { $set, $unset: { change: '' } } } };
}

function rewriteKeys(entry: Document, owner: string): Write | undefined {
  const $set: Document = {};
  if (entry.owner !== owner) $set.owner = owner;
  const { author, of } = entry;
  if (staffRoles.has(author.role)) $set['author.key'] = staffKey(author.key);
  if (of && staffRoles.has(of.author.role)) $set['of.author.key'] = staffKey(of.author.key);
  if (Object.keys($set).length === 0) return undefined;
  return { updateOne: { filter: { _id: entry._id }, update: { $set } } };
}

/** Marks what later entries have made superfluous, told from the log in order. */
class Marks {
  readonly #marks: Record<Bitmap, number[]> = { superseded: [], hidden: [] };
  readonly #revs = new Map<string, number>();

  note({ seq, type, of }: Document): void {
    if (type === 'message') return;
    this.#marks.hidden.push(seq);
    if (!of) return void this.#marks.superseded.push(seq);
    const id = String(of.id);
    this.#marks.superseded.push(this.#revs.get(id) ?? of.seq);
    this.#revs.set(id, seq);
    if (type === 'delete') this.#marks.hidden.push(of.seq);
  }

  store(ctx: AppContext, ticketId: string): Promise<void> {
    return markEntries(ctx.db, { ticketId, stream: 'public' }, this.#marks);
  }
}

const WRITES_AT_ONCE = 1000;

/** Rewrites the entries of some logs, told one after the other in order. */
class EntryRewriter {
  readonly #ctx: AppContext;
  readonly #owners: Map<string, string>;
  #ticketId = '';
  #marks = new Marks();
  #before: Document | undefined;
  #writes: Write[] = [];

  constructor(ctx: AppContext, tickets: readonly Document[]) {
    this.#ctx = ctx;
    this.#owners = new Map(
      tickets.map(({ _id, owner, user_role }) => [
        String(_id),
        staffRoles.has(user_role) ? staffKey(owner) : owner,
      ]),
    );
  }

  async note(entry: Document): Promise<void> {
    const ticketId = String(entry.ticket_id);
    if (ticketId !== this.#ticketId) {
      await this.#endLog();
      this.#ticketId = ticketId;
    }
    this.#marks.note(entry);
    const owner = this.#owners.get(ticketId) as string;
    if (entry.type === 'status' || entry.type === 'ticket_change') {
      this.#writes.push(rewriteTicketChange(entry, this.#before, owner));
      this.#before = entry.ticket;
    }
    const keys = rewriteKeys(entry, owner);
    if (keys) this.#writes.push(keys);
    if (this.#writes.length >= WRITES_AT_ONCE) await this.flush();
  }

  async flush(): Promise<void> {
    const writes = this.#writes;
    this.#writes = [];
    if (writes.length === 0) return;
    await rowsOf(this.#ctx, 'entries').bulkWrite(writes, { ordered: false });
  }

  async end(): Promise<void> {
    await this.#endLog();
    await this.flush();
  }

  async #endLog(): Promise<void> {
    if (this.#ticketId) await this.#marks.store(this.#ctx, this.#ticketId);
    this.#marks = new Marks();
    this.#before = undefined;
  }
}

/** Entries of these tickets, one log after the other; plain messages of customers stay as they are. */
export async function migrateEntries(ctx: AppContext, tickets: Document[]): Promise<void> {
  const idsOf = (some: Document[]) => some.map(({ _id }) => _id);
  const ofStaff = tickets.filter(({ user_role }) => staffRoles.has(user_role));
  const rewriter = new EntryRewriter(ctx, tickets);
  const entries = rowsOf(ctx, 'entries').find(
    {
      ticket_id: { $in: idsOf(tickets) },
      $or: [
        { type: { $ne: 'message' } },
        { 'author.role': { $in: [...staffRoles] } },
        { ticket_id: { $in: idsOf(ofStaff) } },
      ],
    },
    { projection: { content: 0, files: 0 } },
  );
  for await (const entry of entries.sort({ ticket_id: 1, stream: 1, seq: 1 })) {
    await rewriter.note(entry);
  }
  await rewriter.end();
}
