import type { ClientSession } from 'mongodb';
import { Types } from 'mongoose';
import type { AppContext } from '../../context.ts';
import { isStorageError } from '../../errors.ts';
import type { EntryRow } from '../../models/entry.ts';
import type { ErasureRow } from '../../models/erasure.ts';
import type { TicketRow } from '../../models/ticket.ts';
import { type Actor, authorOf, requestOf } from '../access/actor.ts';
import { bridgeLease } from '../consumers/lease.ts';
import { entryEvent } from '../events.ts';
import { entryRows, majority, native, oid } from '../log/collections.ts';
import { boundCommit } from '../log/commit-bound.ts';
import { DELETED, strippedTicket } from '../log/deletion.ts';
import {
  type Changes,
  type Entry,
  type Stream,
  type Ticket,
  type TicketChangeEntry,
  toEntry,
  toRow,
  toTicket,
} from '../log/entry.ts';
import { isMeant } from '../mirror/mirrors.ts';
import { isDuplicateKey } from '../mongo-errors.ts';
import { insertWork } from '../schedule.ts';
import { isOpen } from '../tickets/workflow.ts';
import { inTransaction } from '../transactions.ts';
import { WIPE_TICKET } from './work.ts';

/** Tries against others who write in the ticket at the same moment. */
const TRIES = 20;

export const nothing: ErasureRow['counts'] = {
  tickets: 0,
  entries: 0,
  files: 0,
  transcripts: 0,
  profiles: 0,
  blocks: 0,
};

export interface Burial {
  why: ErasureRow['why'];
  /** The customer's erasure that it is part of. */
  partOf?: Types.ObjectId;
  /** Asked of the ticket as it is in the transaction: false leaves it alone. @throws AppError */
  isMeant(ticket: Ticket): boolean;
}

/** Whether Discord may have something of a ticket: a mirror, or a channel that is being made. */
async function discordState(
  ctx: AppContext,
  row: TicketRow,
  session: ClientSession,
): Promise<ErasureRow['discord']> {
  if (await native(ctx.db.mirrors).findOne({ _id: row._id }, { session })) return 'waiting';
  const lease = await native(ctx.db.leases).findOne({ _id: bridgeLease }, { session });
  return lease && isMeant(row, lease.since) ? 'waiting' : 'none';
}

/** Every time a ticket ended: reports count it on those days. */
async function endings(ctx: AppContext, row: TicketRow, session: ClientSession): Promise<number[]> {
  const last = row.closed_at === null ? [] : [row.closed_at];
  if (row.reopened === 0) return last;
  const changes = await entryRows(ctx.db)
    .find(
      {
        ticket_id: row._id,
        stream: 'public',
        type: 'ticket_change',
        'changes.closed_at': { $exists: true },
      },
      { session },
    )
    .project<{ changes: { closed_at: unknown[] } }>({ 'changes.closed_at': 1 })
    .toArray();
  const times = changes.flatMap(({ changes: { closed_at } }) => closed_at);
  return [...new Set([...last, ...times.filter((at) => typeof at === 'number')])];
}

async function headOf(ctx: AppContext, row: TicketRow, stream: Stream, session: ClientSession) {
  const [newest] = await entryRows(ctx.db)
    .find({ ticket_id: row._id, stream }, { session, projection: { seq: 1 } })
    .hint('entry_seq')
    .sort({ seq: -1 })
    .limit(1)
    .toArray();
  return (newest?.seq as number | undefined) ?? 0;
}

/** The entry that ends one of the ticket's logs: who did it, and when, and nothing of the ticket's texts. */
function tombstone(
  actor: Actor,
  row: TicketRow,
  stream: Stream,
  seq: number,
  at: number,
): TicketChangeEntry {
  const id = new Types.ObjectId().toHexString();
  const ends = isOpen(row);
  const { number, created_at, support_role, issue_level } = row;
  const status = ends ? 'CLOSED' : row.status;
  const closed_at = ends ? at : row.closed_at;
  const kept = { number, created_at, support_role, issue_level, status, closed_at };
  const changes: Changes =
    ends && stream === 'public' ? { status: [row.status, status], closed_at: [null, at] } : {};
  return {
    id,
    ticket_id: row._id.toHexString(),
    stream,
    seq,
    owner: row.owner,
    type: 'ticket_change',
    action: DELETED,
    at,
    author: authorOf(actor),
    client_id: id,
    origin: actor.origin,
    ...requestOf(actor),
    changes,
    ticket: strippedTicket(row._id.toHexString(), seq, at, kept),
  };
}

/** Ends both logs, takes the ticket's row away, and leaves the receipt with its work, all at once. */
async function write(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
  burial: Burial,
  session: ClientSession,
): Promise<Entry | undefined> {
  const _id = oid(ticketId);
  const row = await native(ctx.db.tickets).findOne({ _id }, { session });
  if (!row || !burial.isMeant(toTicket(row))) return undefined;
  const at = ctx.clock();
  const ends: TicketChangeEntry[] = [];
  let entries = 0;
  for (const stream of ['public', 'internal'] as const) {
    const head = await headOf(ctx, row, stream, session);
    entries += head;
    ends.push(tombstone(actor, row, stream, head + 1, at));
  }
  const files = await native(ctx.db.storedFiles).countDocuments({ ticket_id: _id }, { session });
  const { number, created_at, closed_at } = row;
  const receipt: ErasureRow = {
    _id,
    kind: 'ticket',
    why: burial.why,
    part_of: burial.partOf ?? null,
    by: { id: actor.id, name: actor.username },
    at,
    wiped_at: null,
    done_at: null,
    discord: await discordState(ctx, row, session),
    counts: { ...nothing, tickets: 1, entries, files },
    ticket: { number, created_at, closed_at, ended: await endings(ctx, row, session) },
  };
  const requireSoon = boundCommit(ctx.clock);
  for (const entry of ends) await entryRows(ctx.db).insertOne(toRow(entry), { session });
  await native(ctx.db.tickets).deleteOne({ _id }, { session });
  await native(ctx.db.erasures).insertOne(receipt, { session });
  await insertWork(ctx, { kind: WIPE_TICKET, key: ticketId, at }, session);
  requireSoon();
  return ends[0];
}

/** The tombstone of a ticket that was deleted, though nobody knows whether the commit was heard. */
async function findTombstone(ctx: AppContext, ticketId: string): Promise<Entry | undefined> {
  const filter = { ticket_id: oid(ticketId), stream: 'public', action: DELETED };
  const row = await entryRows(ctx.db).findOne(filter, {
    readConcern: majority,
    sort: { seq: -1 },
    hint: 'entry_seq',
  });
  return row ? toEntry(row as unknown as EntryRow) : undefined;
}

/**
 * Deletes a ticket: from the moment this commits on it is 404 for everybody, both logs are ended by a last
 * entry, and what is left of it is wiped by the worker. A writer that knows an older head is refused by
 * the index, and finds no ticket when it looks again.
 * @returns false where there is no such ticket any more, or it is not meant
 * @throws AppError what `isMeant` throws; a storage error where the outcome is not known
 */
export async function buryTicket(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
  burial: Burial,
): Promise<boolean> {
  for (let tries = 1; ; tries++) {
    try {
      const entry = await inTransaction(ctx, `delete ${ticketId}`, (session) =>
        write(ctx, actor, ticketId, burial, session),
      );
      ctx.failpoint('after-tombstone');
      if (entry) ctx.bus.publish(entryEvent(entry));
      return entry !== undefined;
    } catch (error) {
      // Somebody has written in the ticket meanwhile.
      if (isDuplicateKey(error) && tries < TRIES) continue;
      if (!isStorageError(error)) throw error;
      const entry = await findTombstone(ctx, ticketId).catch(() => undefined);
      if (!entry) throw error;
      ctx.bus.publish(entryEvent(entry));
      return true;
    }
  }
}
