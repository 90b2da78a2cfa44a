import { Timestamp } from 'mongodb';
import type { Types } from 'mongoose';
import type { AppContext } from '../../context.ts';
import type { MirrorRow } from '../../models/mirror.ts';
import { LeaseLost } from '../consumers/lease.ts';
import { majority, native, oid } from '../log/collections.ts';
import { publicLog, type Ticket, toTicket } from '../log/entry.ts';
import { headWith } from '../log/heads.ts';
import { isDuplicateKey } from '../mongo-errors.ts';
import { type Post, toPost, toPostRow } from './posts.ts';

/** How far a ticket has come in Discord; see `models/mirror.ts` for the fields. */
export type Mirror = Omit<MirrorRow, '_id' | 'pending'> & { ticket_id: string; pending: Post[] };
export type MirrorChange = Partial<Omit<Mirror, 'ticket_id' | 'epoch'>>;

const fresh = {
  state: 'open',
  channel_id: null,
  card_id: null,
  seq: 0,
  inbound: '0',
  last_post: '0',
  attempt: null,
  pending: [],
  deferred: [],
  steps: [],
  closing: 0,
  shown: null,
  remade_at: 0,
  problem: null,
} as const;

/** What a row from before these fields lacks. */
const defaults = () => ({ pending: [], deferred: [], closing: 0 });

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
      { $set: { epoch }, $setOnInsert: { ...fresh, pending: [], deferred: [], steps: [] } },
      { upsert: true, returnDocument: 'after' },
    );
    const { _id, pending = [], ...rest } = row as unknown as MirrorRow;
    const posts = pending.map(toPost);
    return { ...defaults(), ...rest, pending: posts, ticket_id: _id.toHexString() };
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
  { pending, ...change }: MirrorChange,
): Promise<void> {
  const { epoch } = mirror;
  const { matchedCount } = await native(ctx.db.mirrors).updateOne(
    { _id: oid(mirror.ticket_id), epoch: { $lte: epoch } },
    { $set: { ...change, ...(pending && { pending: pending.map(toPostRow) }), epoch } },
  );
  if (matchedCount === 0) throw new LeaseLost();
}

/**
 * True where a ticket that was done with is not any more: it was opened again, or closed by another
 * entry since.
 */
export function isReopened(ticket: Ticket, mirror: Mirror): boolean {
  if (mirror.state !== 'done') return false;
  if (ticket.status !== 'CLOSED') return true;
  return mirror.closing > 0 && ticket.status_seq > mirror.closing;
}

/** What a mirror begins with again whose ticket was opened again: a channel, and what was said before. */
export function reopened(mirror: Mirror): MirrorChange {
  const { seq, closing } = mirror;
  return { ...fresh, seq, closing, pending: [], deferred: [], steps: seq > 0 ? ['reopened'] : [] };
}

/** Closing steps of rows from before they named their closing belong to the one that is under way. */
export function withClosing(steps: readonly string[], ticket: Ticket): string[] {
  return steps.map((step) => {
    if (['notice', 'transcript', 'removed'].includes(step)) return `${step}@${ticket.status_seq}`;
    const nth = /^transcript [0-9a-f]{24} (\d+)$/.exec(step)?.[1];
    return nth ? `transcript@${ticket.status_seq} ${nth}` : step;
  });
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

export interface TicketChannel {
  ticketId: string;
  channelId: string;
  partner: string | undefined;
}

/** Mirrors whose channel exists, with that channel and the partner of the ticket. */
export async function listChannels(ctx: AppContext): Promise<TicketChannel[]> {
  const rows = await native(ctx.db.mirrors)
    .aggregate<{ _id: Types.ObjectId; channel_id: string; ticket: { partner?: string }[] }>([
      { $match: { state: { $in: ['open', 'failed'] }, channel_id: { $type: 'string' } } },
      { $lookup: { from: 'tickets', localField: '_id', foreignField: '_id', as: 'ticket' } },
      { $project: { channel_id: 1, 'ticket.partner': 1 } },
    ])
    .toArray();
  return rows.map(({ _id, channel_id, ticket }) => ({
    ticketId: _id.toHexString(),
    channelId: channel_id,
    partner: ticket[0]?.partner,
  }));
}

/** Where a look through all tickets has come to; what is older has a mirror already. */
const watermarkKey = 'discord-bridge-watermark';
/** Watermarks are compared with times of other clocks, in milliseconds. */
const MARGIN_MS = 10 * 60_000;

async function readWatermark(ctx: AppContext): Promise<number> {
  const row = await native(ctx.db.counters).findOne({ _id: watermarkKey });
  return Number(row?.value ?? 0);
}

/** Every ticket that was there at `at` has a mirror now, or needs none. */
export async function saveWatermark(ctx: AppContext, at: number): Promise<void> {
  await native(ctx.db.counters).updateOne(
    { _id: watermarkKey },
    { $max: { value: at - MARGIN_MS } },
    { upsert: true },
  );
}

type Ids = AsyncIterable<{ _id: Types.ObjectId }>;

/** Tickets that match and have no mirror, or one that is done though they are open. */
function unmirrored(ctx: AppContext, match: object, wanted: object): Ids {
  return native(ctx.db.tickets).aggregate<{ _id: Types.ObjectId }>(
    [
      { $match: match },
      { $sort: { _id: 1 } },
      { $project: { _id: 1 } },
      { $lookup: { from: 'mirrors', localField: '_id', foreignField: '_id', as: 'mirror' } },
      { $match: wanted },
      { $project: { _id: 1 } },
    ],
    { readConcern: majority, allowDiskUse: true },
  );
}

/**
 * Ids of the tickets that may still need work in Discord: those whose mirror is not done, open ones
 * without a mirror or with one of an earlier closing, and those closed since the bridge exists that
 * have none. The cost follows what is open and what is new since the last look, not the history.
 * @param since closed tickets from before this time were never meant to be mirrored
 */
export async function* listLagging(ctx: AppContext, since: number): AsyncGenerator<string> {
  const under: Ids = native(ctx.db.mirrors)
    .find({ state: { $in: ['open', 'failed'] } }, { projection: { _id: 1 } })
    .sort({ _id: 1 });
  for await (const { _id } of under) yield _id.toHexString();
  const open = unmirrored(
    ctx,
    { status: { $ne: 'CLOSED' } },
    { 'mirror.state': { $nin: ['open', 'failed'] } },
  );
  for await (const { _id } of open) yield _id.toHexString();
  const t = Math.floor((await readWatermark(ctx)) / 1000);
  const closed = unmirrored(
    ctx,
    {
      stored: { $gte: new Timestamp({ t: Math.max(t, 0), i: 0 }) },
      status: 'CLOSED',
      closed_at: { $gte: since },
    },
    { mirror: [] },
  );
  for await (const { _id } of closed) yield _id.toHexString();
}
