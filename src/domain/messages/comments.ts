import type { AppContext } from '../../context.ts';
import type { AddCommentBody, CommentView, ListCommentsQuery } from '../../contract/comments.ts';
import { sizes } from '../../contract/limits.ts';
import type { StreamCursor } from '../../contract/stream-cursor.ts';
import { type Actor, isStaff } from '../access/actor.ts';
import { can } from '../access/policy.ts';
import { internalLog, type LogId, type Message, publicLog } from '../log/entry.ts';
import { readNewest } from '../log/message-pages.ts';
import { mergeByTime, requirePlace } from '../tickets/history.ts';
import { readTicket } from '../tickets/read.ts';
import { messageView } from '../views.ts';
import { sendNote } from './notes.ts';
import { sendMessage } from './send.ts';

export interface CommentsPage {
  comments: CommentView[];
  /** Where the page of older ones begins, as `before`; undefined after the last one. */
  next?: StreamCursor;
}

/**
 * The newest messages, and for who may read them notes, that are not deleted; in order of time, the
 * oldest first.
 * @throws AppError NOT_FOUND, BAD_REQUEST
 */
export async function listComments(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
  { before, limit = sizes.messagesPage }: ListCommentsQuery,
): Promise<CommentsPage> {
  requirePlace(actor, 'before', before);
  const { ticket, head } = await readTicket(ctx, actor, ticketId);
  const seesNotes = can(actor, 'read_internal', ticket, ctx.config) === 'allow';
  const read = async (log: LogId, top: number) => {
    const below = before?.[log.stream] ?? top + 1;
    const range = { log, head: top, limit };
    return { below, ...(await readNewest(ctx.db, ctx.store.readPage, range, below)) };
  };
  const internal = internalLog(ticketId);
  const [messages, notes] = await Promise.all([
    read(publicLog(ticketId), head.seq),
    seesNotes ? ctx.store.readHead(internal).then(({ seq }) => read(internal, seq)) : undefined,
  ]);
  const isEarlier = (a: Message, b: Message) => a.created_at < b.created_at;
  const all = mergeByTime(messages.messages, notes?.messages ?? [], isEarlier);
  const shown = all.slice(-limit);
  const comments = shown.map((message) => ({
    ...messageView(ctx, message, { staff: isStaff(actor) }),
    is_internal: message.stream === 'internal',
  }));
  if (all.length === shown.length && !messages.more && !notes?.more) return { comments };
  const lowest = (stream: Message['stream'], below: number) =>
    shown.find((message) => message.stream === stream)?.seq ?? below;
  const next: StreamCursor = { public: lowest('public', messages.below) };
  if (notes) next.internal = lowest('internal', notes.below);
  return { comments, next };
}

/**
 * Writes a message, or with `internal` a note.
 * @throws AppError NOT_FOUND, FORBIDDEN (a note by a customer), and as `sendTo`
 */
export async function addComment(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
  { internal, ...body }: AddCommentBody,
): Promise<{ comment: CommentView; repeated: boolean }> {
  if (internal) {
    const { note, repeated } = await sendNote(ctx, actor, ticketId, body);
    return { comment: { ...note, is_internal: true }, repeated };
  }
  const { message, repeated } = await sendMessage(ctx, actor, ticketId, body);
  return { comment: { ...message, is_internal: false }, repeated };
}
