import type { AppContext } from '../../context.ts';
import type { PostRow } from '../../models/mirror.ts';
import { native, oid } from '../log/collections.ts';

/** A Discord message that stands for (a part of) one of ours; see `models/mirror.ts` for the fields. */
export type Post = Omit<PostRow, '_id' | 'ticket_id' | 'message_id'> & {
  id: string;
  ticket_id: string;
  message_id: string | null;
};

function toPost({ _id, ticket_id, message_id, ...rest }: PostRow): Post {
  return {
    ...rest,
    id: _id,
    ticket_id: ticket_id.toHexString(),
    message_id: message_id?.toHexString() ?? null,
  };
}

/** Writes down which Discord message stands for what; the same one again changes nothing else. */
export async function recordPost(ctx: AppContext, post: Post): Promise<void> {
  const { id, ticket_id, message_id, ...rest } = post;
  const row = { ...rest, ticket_id: oid(ticket_id), message_id: message_id && oid(message_id) };
  await native(ctx.db.posts).updateOne({ _id: id }, { $set: row as never }, { upsert: true });
}

export async function changePost(
  ctx: AppContext,
  id: string,
  change: Partial<Pick<Post, 'hash' | 'edited' | 'files' | 'direction' | 'seq' | 'mark'>>,
): Promise<void> {
  await native(ctx.db.posts).updateOne({ _id: id }, { $set: change as never });
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

/** The newest messages taken in from a ticket's channel. */
export async function listIngested(
  ctx: AppContext,
  ticketId: string,
  limit: number,
): Promise<Post[]> {
  const rows = await native(ctx.db.posts)
    .find({ ticket_id: oid(ticketId), direction: 'in' })
    .sort({ seq: -1 })
    .limit(limit)
    .toArray();
  return rows.map((row) => toPost(row as unknown as PostRow));
}

export async function removePosts(ctx: AppContext, ids: readonly string[]): Promise<void> {
  await native(ctx.db.posts).deleteMany({ _id: { $in: [...ids] } });
}

/** Forgets every Discord message of a ticket: its channel is gone. */
export async function forgetPosts(ctx: AppContext, ticketId: string): Promise<void> {
  await native(ctx.db.posts).deleteMany({ ticket_id: oid(ticketId) });
}
