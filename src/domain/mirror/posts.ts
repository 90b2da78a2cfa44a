import type { AppContext } from '../../context.ts';
import type { PostRow } from '../../models/mirror.ts';
import { LeaseLost } from '../consumers/lease.ts';
import { native, oid } from '../log/collections.ts';
import type { LogId } from '../log/entry.ts';
import { isDuplicateKey } from '../mongo-errors.ts';

/** A Discord message that stands for (a part of) one of ours; see `models/mirror.ts` for the fields. */
export type Post = Omit<PostRow, '_id' | 'ticket_id' | 'message_id'> & {
  id: string;
  ticket_id: string;
  message_id: string | null;
};

/** A stored row as the bridge hands it about. */
export function toPost({ _id, ticket_id, message_id, ...rest }: PostRow): Post {
  return {
    ...rest,
    id: _id,
    ticket_id: ticket_id.toHexString(),
    message_id: message_id?.toHexString() ?? null,
  };
}

/** The same as it is stored. */
export function toPostRow({ id, ticket_id, message_id, ...rest }: Post): PostRow {
  return {
    _id: id,
    ...rest,
    ticket_id: oid(ticket_id),
    message_id: message_id === null ? null : oid(message_id),
  };
}

/** Rows that a holder of the lease may touch: none that a newer one has written. */
const upTo = (fencingToken: number) => ({ epoch: { $lte: fencingToken } });

/**
 * Writes down which Discord message stands for what; the same one again changes nothing else. Where a
 * part of a message is posted a second time, the newer post stands for it.
 * @throws LeaseLost where a newer lease has written it
 */
export async function recordPost(ctx: AppContext, post: Post): Promise<void> {
  const posts = native(ctx.db.posts);
  const { _id, ...row } = toPostRow(post);
  // A note that was edited into a message is one no longer.
  const update = { $set: row, ...(row.stream ? {} : { $unset: { stream: '' } }) };
  const write = () =>
    posts.updateOne({ _id, ...upTo(post.epoch) }, update as never, { upsert: true });
  try {
    await write();
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    if (await posts.findOne({ _id, epoch: { $gt: post.epoch } })) throw new LeaseLost();
    if (row.message_id === null) throw error;
    const { message_id, part } = row;
    await posts.deleteMany({ message_id, part, _id: { $ne: _id }, ...upTo(post.epoch) } as never);
    await write().catch((again: unknown) => {
      throw isDuplicateKey(again) ? new LeaseLost() : again;
    });
  }
}

/**
 * Writes several down as one. Where one is refused, some may be written and some not: `recordPost` tells
 * which, and why.
 */
export async function recordPosts(ctx: AppContext, posts: readonly Post[]): Promise<void> {
  const writes = posts.map((post) => {
    const { _id, ...row } = toPostRow(post);
    return {
      updateOne: { filter: { _id, ...upTo(post.epoch) }, update: { $set: row }, upsert: true },
    };
  });
  await native(ctx.db.posts).bulkWrite(writes as never, { ordered: false });
}

/** Changes what is known of a Discord message, unless a newer lease has written it. */
export async function changePost(
  ctx: AppContext,
  id: string,
  change: Partial<Pick<Post, 'hash' | 'edited' | 'files' | 'direction' | 'seq' | 'mark'>>,
  fencingToken: number,
): Promise<void> {
  const filter = { _id: id, ...upTo(fencingToken) };
  await native(ctx.db.posts).updateOne(filter, { $set: change as never });
}

export async function findPost(ctx: AppContext, id: string): Promise<Post | undefined> {
  const row = await native(ctx.db.posts).findOne({ _id: id });
  return row ? toPost(row as unknown as PostRow) : undefined;
}

/** What is known of Discord messages, by their ids. */
export async function findPosts(
  ctx: AppContext,
  ids: readonly string[],
): Promise<Map<string, Post>> {
  if (ids.length === 0) return new Map();
  const rows = await native(ctx.db.posts)
    .find({ _id: { $in: [...ids] } })
    .toArray();
  return new Map(rows.map((row) => [row._id, toPost(row as unknown as PostRow)]));
}

/** The Discord messages that stand for one of ours, by part. */
export async function listPosts(ctx: AppContext, messageId: string): Promise<Post[]> {
  const rows = await native(ctx.db.posts)
    .find({ message_id: oid(messageId) })
    .sort({ part: 1 })
    .toArray();
  return rows.map((row) => toPost(row as unknown as PostRow));
}

/** The log of the message that a Discord message stands for. */
export function logOfPost({ ticket_id: ticketId, stream }: Post): LogId {
  return { ticketId, stream: stream ?? 'public' };
}

/**
 * The newest messages taken in from a ticket's channel: so many of each log, since each has its own seqs.
 * @param placeId only those that stand in this channel or thread
 */
export async function listIngested(
  ctx: AppContext,
  ticketId: string,
  limit: number,
  placeId?: string,
): Promise<Post[]> {
  const place = placeId === undefined ? {} : { channel_id: placeId };
  const newest = async (stream: object) => {
    const rows = await native(ctx.db.posts)
      .find({ ticket_id: oid(ticketId), direction: 'in', ...place, ...stream } as never)
      .sort({ seq: -1 })
      .limit(limit)
      .toArray();
    return rows.map((row) => toPost(row as unknown as PostRow));
  };
  const messages = await newest({ stream: { $ne: 'internal' } });
  return [...messages, ...(await newest({ stream: 'internal' }))];
}

/**
 * The newest note taken in from each thread of a ticket, one look for all of them.
 * @param channelId the ticket's channel, in which notes stand that are of no thread
 * @returns the ids in Discord, by thread
 */
export async function findNewestInThreads(
  ctx: AppContext,
  ticketId: string,
  channelId: string,
): Promise<Map<string, string>> {
  const ofThreads = { stream: 'internal', channel_id: { $ne: channelId } };
  const rows = await native(ctx.db.posts)
    .aggregate([
      { $match: { ticket_id: oid(ticketId), direction: 'in', ...ofThreads } },
      { $sort: { seq: 1 } },
      { $group: { _id: '$channel_id', id: { $last: '$_id' } } },
    ])
    .toArray();
  return new Map(rows.map(({ _id, id }) => [_id as string, id as string]));
}

/** The Discord messages that stand for the newest public messages up to a seq, newest first. */
export async function listStandingUpTo(
  ctx: AppContext,
  ticketId: string,
  seq: number,
  limit: number,
): Promise<Post[]> {
  const rows = await native(ctx.db.posts)
    .find({
      ticket_id: oid(ticketId),
      direction: { $in: ['in', 'out'] },
      seq: { $gt: 0, $lte: seq },
      stream: { $ne: 'internal' },
      part: 0,
    } as never)
    .sort({ seq: -1 })
    .limit(limit)
    .toArray();
  return rows.map((row) => toPost(row as unknown as PostRow));
}

/** Forgets Discord messages, but none that a newer lease has written. */
export async function removePosts(
  ctx: AppContext,
  ids: readonly string[],
  fencingToken: number,
): Promise<void> {
  await native(ctx.db.posts).deleteMany({ _id: { $in: [...ids] }, ...upTo(fencingToken) });
}

/** Forgets every Discord message of a ticket whose channel is gone, but none of a newer lease. */
export async function forgetPosts(
  ctx: AppContext,
  ticketId: string,
  fencingToken: number,
): Promise<void> {
  await native(ctx.db.posts).deleteMany({ ticket_id: oid(ticketId), ...upTo(fencingToken) });
}
