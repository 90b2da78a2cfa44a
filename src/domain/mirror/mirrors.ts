import type { Types } from 'mongoose';
import type { AppContext } from '../../context.ts';
import type { MirrorRow } from '../../models/mirror.ts';
import { LeaseLost } from '../consumers/lease.ts';
import { majority, native, oid } from '../log/collections.ts';
import { publicLog, type Ticket, toTicket } from '../log/entry.ts';
import { headWith } from '../log/heads.ts';
import { isDuplicateKey } from '../mongo-errors.ts';

/** How far a ticket has come in Discord; see `models/mirror.ts` for the fields. */
export type Mirror = Omit<MirrorRow, '_id'> & { ticket_id: string };
export type MirrorChange = Partial<Omit<Mirror, 'ticket_id' | 'epoch'>>;

const fresh = {
  state: 'open',
  channel_id: null,
  card_id: null,
  seq: 0,
  inbound: '0',
  last_post: '0',
  attempt: null,
  steps: [],
  shown: null,
  remade_at: 0,
  problem: null,
} as const;

/**
 * The mirror of a ticket, made where there is none yet, and taken over by the lease's epoch.
 * @throws LeaseLost where a newer lease has written it
 */
export async function claimMirror(
  ctx: AppContext,
  ticketId: string,
  epoch: number,
): Promise<Mirror> {
  try {
    const row = await native(ctx.db.mirrors).findOneAndUpdate(
      { _id: oid(ticketId), epoch: { $lte: epoch } },
      { $set: { epoch }, $setOnInsert: { ...fresh, steps: [] } },
      { upsert: true, returnDocument: 'after' },
    );
    const { _id, ...rest } = row as unknown as MirrorRow;
    return { ...rest, ticket_id: _id.toHexString() };
  } catch (error) {
    if (isDuplicateKey(error)) throw new LeaseLost();
    throw error;
  }
}

/**
 * Writes down how far the mirror has come.
 * @throws LeaseLost where a newer lease has written it
 */
export async function commitMirror(
  ctx: AppContext,
  mirror: Pick<Mirror, 'ticket_id' | 'epoch'>,
  change: MirrorChange,
): Promise<void> {
  const { matchedCount } = await native(ctx.db.mirrors).updateOne(
    { _id: oid(mirror.ticket_id), epoch: { $lte: mirror.epoch } },
    { $set: { ...change, epoch: mirror.epoch } },
  );
  if (matchedCount === 0) throw new LeaseLost();
}

/** A ticket as the mirror needs it, whoever's it is. Head first, ticket second. */
export async function readMirroredTicket(
  ctx: AppContext,
  ticketId: string,
): Promise<{ ticket: Ticket; head: number } | undefined> {
  const head = await ctx.store.readHead(publicLog(ticketId));
  const row =
    (await ctx.store.readTicketRow(ticketId)) ?? (await ctx.store.confirmTicketRow(ticketId));
  return row ? { ticket: toTicket(row), head: headWith(row, head).seq } : undefined;
}

/** Mirrors whose channel exists, with that channel. */
export async function listChannels(
  ctx: AppContext,
): Promise<{ ticketId: string; channelId: string }[]> {
  const rows = await native(ctx.db.mirrors)
    .find(
      { state: { $in: ['open', 'failed'] }, channel_id: { $type: 'string' } },
      { projection: { channel_id: 1 } },
    )
    .toArray();
  return rows.map((row) => ({
    ticketId: row._id.toHexString(),
    channelId: row.channel_id as string,
  }));
}

/**
 * Ids of the tickets that may still need work in Discord: open ones, those whose mirror is not done,
 * and those closed since the bridge exists that have none; oldest first, a page at a time.
 * @param since closed tickets from before this time were never meant to be mirrored
 */
export async function* listLagging(ctx: AppContext, since: number): AsyncGenerator<string> {
  const tickets = native(ctx.db.tickets).aggregate<{ _id: Types.ObjectId }>(
    [
      { $match: { $or: [{ status: { $ne: 'CLOSED' } }, { closed_at: { $gte: since } }] } },
      { $sort: { _id: 1 } },
      { $project: { _id: 1 } },
      { $lookup: { from: 'mirrors', localField: '_id', foreignField: '_id', as: 'mirror' } },
      { $match: { 'mirror.state': { $ne: 'done' } } },
      { $project: { _id: 1 } },
    ],
    { readConcern: majority },
  );
  for await (const { _id } of tickets) yield _id.toHexString();
}
