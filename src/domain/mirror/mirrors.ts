import type { AppContext } from '../../context.ts';
import type {
  KeptFileRow,
  KeptTranscriptRow,
  MirrorAlertRow,
  MirrorMemberRow,
  MirrorRow,
} from '../../models/mirror.ts';
import { LeaseLost } from '../consumers/lease.ts';
import { native, oid } from '../log/collections.ts';
import { internalLog, publicLog, type Stream, type Ticket, toTicket } from '../log/entry.ts';
import { headWith } from '../log/heads.ts';
import { DUPLICATE_KEY, isDuplicateKey } from '../mongo-errors.ts';
import { isOpen } from '../tickets/workflow.ts';
import { deliveredOf } from './delivered.ts';
import { type Post, toPost, toPostRow } from './posts.ts';

export type KeptFile = KeptFileRow;
export type KeptTranscript = KeptTranscriptRow;
export type MirrorMember = MirrorMemberRow;
export type MirrorAlert = MirrorAlertRow;

/** How far a ticket has come in Discord; see `models/mirror.ts` for the fields. */
export type Mirror = Omit<
  MirrorRow,
  '_id' | 'pending' | 'lagging' | 'internal_seq' | 'delivered'
> & {
  ticket_id: string;
  delivered: number | null;
  internal_seq: number;
  pending: Post[];
};
export type MirrorChange = Partial<Omit<Mirror, 'ticket_id' | 'epoch'>>;

const fresh = {
  state: 'open',
  channel_id: null,
  forum_id: null,
  guild_id: null,
  card_id: null,
  seq: 0,
  delivered: null,
  internal_seq: 0,
  inbound: '0',
  last_post: '0',
  attempt: null,
  hook: null,
  pending: [],
  deferred: [],
  steps: [],
  closing: 0,
  shown: null,
  remade_at: 0,
  parked: null,
  called: false,
  unparked_at: 0,
  problem: null,
} as const;

/** A mirror of nothing. */
export const nothingMirrored = () => ({ ...fresh, pending: [], deferred: [], steps: [] });

/** What is left of a channel that is gone, and may be made again: nothing. */
export const channelGone = () => ({
  ...{ channel_id: null, forum_id: null, card_id: null, shown: null, attempt: null },
  ...{ inbound: '0', last_post: '0', pending: [], deferred: [] },
});

/** What a row from before these fields lacks. */
const defaults = () => ({ internal_seq: 0, pending: [], deferred: [], closing: 0 });

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
      {
        $set: { epoch },
        // Whoever takes it up sees what there is to do.
        $unset: { lagging: '' },
        $setOnInsert: { ...fresh, pending: [], deferred: [], steps: [] },
      } as never,
      { upsert: true, returnDocument: 'after' },
    );
    const { _id, pending = [], ...rest } = row as unknown as MirrorRow;
    const posts = pending.map(toPost);
    const delivered = deliveredOf(rest);
    return { ...defaults(), ...rest, delivered, pending: posts, ticket_id: _id.toHexString() };
  } catch (error) {
    if (isDuplicateKey(error)) throw new LeaseLost();
    throw error;
  }
}

/**
 * Makes a start look at these tickets again, whatever becomes of this process.
 * @throws LeaseLost where a newer lease has written one
 */
export async function markMirrors(
  ctx: AppContext,
  ticketIds: readonly string[],
  epoch: number,
): Promise<void> {
  if (ticketIds.length === 0) return;
  const writes = ticketIds.map((id) => ({
    updateOne: {
      filter: { _id: oid(id), epoch: { $lte: epoch } },
      update: {
        $set: { lagging: true, epoch },
        $setOnInsert: { ...fresh, pending: [], deferred: [], steps: [] },
      },
      upsert: true,
    },
  }));
  try {
    await native(ctx.db.mirrors).bulkWrite(writes as never, { ordered: false });
  } catch (error) {
    if ((error as { code?: unknown }).code === DUPLICATE_KEY) throw new LeaseLost();
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
  if (isOpen(ticket)) return true;
  return mirror.closing > 0 && ticket.ending_seq > mirror.closing;
}

/**
 * What a mirror begins with again whose ticket was opened again: a channel, in whichever guild, and what was
 * said before.
 */
export function reopened(mirror: Mirror): MirrorChange {
  const { seq, internal_seq, closing } = mirror;
  const steps = seq + internal_seq > 0 ? ['reopened'] : [];
  // Whoever was let in by hand was let in for what is over.
  const over = { members: [], alerts: [], pending: [], deferred: [] };
  // What it had not shown is in the transcript.
  const delivered = seq > 0 ? seq : mirror.delivered;
  return { ...fresh, ...over, seq, delivered, internal_seq, closing, steps };
}

/** Closing steps of rows from before they named their closing belong to the one that is under way. */
export function withClosing(steps: readonly string[], ticket: Ticket): string[] {
  return steps.map((step) => {
    if (['notice', 'transcript', 'removed'].includes(step)) return `${step}@${ticket.ending_seq}`;
    const nth = /^transcript [0-9a-f]{24} (\d+)$/.exec(step)?.[1];
    return nth ? `transcript@${ticket.ending_seq} ${nth}` : step;
  });
}

/** The field of a mirror that says how far a log has come. */
export const offsetField = { public: 'seq', internal: 'internal_seq' } as const satisfies Record<
  Stream,
  keyof Mirror
>;

/** Heads of both logs of a ticket. */
export type Heads = Record<Stream, number>;

/** A ticket as the mirror needs it, whoever's it is. Heads first, ticket second. */
export async function readMirroredTicket(
  ctx: AppContext,
  ticketId: string,
): Promise<{ ticket: Ticket; heads: Heads } | undefined> {
  const [head, internal] = await Promise.all([
    ctx.store.readHead(publicLog(ticketId)),
    ctx.store.readHead(internalLog(ticketId)),
  ]);
  const row =
    (await ctx.store.readTicketRow(ticketId)) ?? (await ctx.store.confirmTicketRow(ticketId));
  if (!row) return undefined;
  const heads = { public: headWith(row, head).seq, internal: internal.seq };
  return { ticket: toTicket(row), heads };
}

/**
 * True for a ticket that is, or was, to be in Discord: one that is open, or has ended since there is a
 * bridge.
 * @param since when the bridge's lease was first held ever
 */
export function isMeant({ status, closed_at }: MirroredState, since: number): boolean {
  return isOpen({ status }) || (closed_at ?? 0) >= since;
}
type MirroredState = Pick<Ticket, 'status' | 'closed_at'>;

/** True where a ticket has been met by a bridge. */
export async function hasMirror(ctx: AppContext, ticketId: string): Promise<boolean> {
  const row = await native(ctx.db.mirrors).findOne(
    { _id: oid(ticketId) },
    { projection: { _id: 1 } },
  );
  return row !== null;
}

export interface TicketChannel {
  ticketId: string;
  channelId: string;
  partner: string | undefined;
  guildId: string | undefined;
  /** Where it is a post: its forum. */
  forumId: string | undefined;
  /** Who was let into the channel by hand. */
  members: readonly MirrorMember[];
}

interface ChannelRow {
  _id: MirrorRow['_id'];
  channel_id: string;
  guild_id?: string;
  forum_id?: string | null;
  members?: MirrorMember[];
  ticket: { partner?: string }[];
}

/** Mirrors whose channel exists, with that channel, its guild, forum and guests, and the partner of the ticket. */
export async function listChannels(ctx: AppContext): Promise<TicketChannel[]> {
  const rows = await native(ctx.db.mirrors)
    .aggregate<ChannelRow>([
      { $match: { state: { $in: ['open', 'failed'] }, channel_id: { $type: 'string' } } },
      { $lookup: { from: 'tickets', localField: '_id', foreignField: '_id', as: 'ticket' } },
      { $project: { channel_id: 1, guild_id: 1, forum_id: 1, members: 1, 'ticket.partner': 1 } },
    ])
    .toArray();
  return rows.map(({ _id, channel_id, guild_id, forum_id, members = [], ticket }) => ({
    ticketId: _id.toHexString(),
    channelId: channel_id,
    partner: ticket[0]?.partner,
    guildId: guild_id ?? undefined,
    forumId: forum_id ?? undefined,
    members,
  }));
}

/** Tickets with a channel whose mirror has a step. */
export async function listWithStep(
  ctx: AppContext,
  step: string,
  limit: number,
): Promise<string[]> {
  const rows = await native(ctx.db.mirrors)
    .find({ channel_id: { $type: 'string' }, steps: step }, { projection: { _id: 1 } })
    .hint('mirror_channel')
    .limit(limit)
    .toArray();
  return rows.map(({ _id }) => _id.toHexString());
}
