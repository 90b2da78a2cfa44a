import { Types } from 'mongoose';
import type { AppContext } from '../../context.ts';
import type { EditMessageBody, MessageView } from '../../contract/messages.ts';
import { AppError, notFound } from '../../errors.ts';
import type { FileRow } from '../../models/entry.ts';
import { type Actor, authorOf, isStaff, requestOf } from '../access/actor.ts';
import { parseMessageText } from '../access/parse.ts';
import { can, requireRight } from '../access/policy.ts';
import { requireUnblocked } from '../blocks/block-list.ts';
import { doubtFiles, dropFiles, holdFiles } from '../files/attach.ts';
import { oid } from '../log/collections.ts';
import {
  foldMessage,
  type LogId,
  type Message,
  type MessageChangeEntry,
  publicLog,
  type TicketState,
} from '../log/entry.ts';
import { readMessage } from '../log/message-reads.ts';
import type { Decision, Draft } from '../log/pending-writes.ts';
import { markEntries, marksOf } from '../log/visibility-map.ts';
import { hideTicket } from '../tickets/read.ts';
import { ticketEnded } from '../tickets/workflow.ts';
import { messageView } from '../views.ts';
import { isLate } from './send.ts';
import { requireWritable, streamRules, takesMessages } from './streams.ts';

/** What an entry says of a message after it. */
type After = Pick<MessageChangeEntry, 'content' | 'files' | 'reactions' | 'reaction' | 'edited_at'>;

export interface Change {
  type: MessageChangeEntry['type'];
  /** The right it takes. */
  action: 'edit_message' | 'delete_message' | 'react';
  /** Makes the change itself repeatable. */
  clientId?: string | undefined;
  /** When it was made, where that was earlier than now. */
  at?: number | undefined;
  /** The message after the change; undefined where nothing changes. @throws AppError */
  to(message: Message): After | undefined;
}

const isSame = (message: Message, to: { content: string; files: FileRow[] }) =>
  message.content === to.content &&
  message.files.length === to.files.length &&
  message.files.every(({ id }, nth) => id === to.files[nth]?.id);

/** What there is of reactions, as an entry carries it. */
export const reactionsIn = ({ reactions }: Pick<Message, 'reactions'>) =>
  reactions.length > 0 ? { reactions: [...reactions] } : {};

/**
 * Appends a change of a message, decided against the message as it is at the head.
 * @throws AppError NOT_FOUND (also once deleted), FORBIDDEN, CONFLICT (closed), what `to` throws
 */
export async function changeMessage(
  ctx: AppContext,
  actor: Actor,
  log: LogId,
  messageId: string,
  change: Change,
): Promise<MessageView> {
  const startedAt = performance.now();
  const { ticketId, stream } = log;
  await requireWritable(ctx, actor, log, false);
  const id = new Types.ObjectId().toHexString();
  const author = authorOf(actor);
  const clientId = change.clientId ?? id;
  const viewer = { staff: isStaff(actor) };
  let isHidden = false;
  let before: Message | undefined;
  let lost: FileRow[] = [];
  const decide = async ({ ticket, head }: TicketState): Promise<Decision> => {
    isHidden = can(actor, 'read_ticket', ticket, ctx.config) === 'missing';
    const at = change.at ?? ctx.clock();
    const isTaken = takesMessages(stream, ticket) || isLate(actor, ticket, at);
    if (isHidden || !isTaken) return { refuse: ticketEnded() };
    requireRight(ctx.config, actor, streamRules[stream].write, ticket);
    before = head === 0 ? undefined : await readMessage(ctx.db, log, messageId, head);
    if (!before || before.deleted) return { refuse: notFound(streamRules[stream].noun) };
    requireRight(ctx.config, actor, change.action, { ...ticket, author: before.author.key });
    const to = change.to(before);
    if (!to) return { unchanged: { ticket, head } };
    lost = before.files.filter(({ id: file }) => !to.files.some((kept) => kept.id === file));
    await doubtFiles(ctx, lost);
    const { author: by, client_id, origin, reply_to } = before;
    const append: Draft = {
      id,
      type: change.type,
      at,
      author,
      client_id: clientId,
      origin: actor.origin,
      ...requestOf(actor),
      ...to,
      of: {
        id: before.id,
        seq: before.seq,
        at: before.created_at,
        author: by,
        client_id,
        origin,
        ...(reply_to && { reply_to }),
      },
    };
    return { append };
  };
  try {
    const request = { log, entryId: id, author, clientId, batchable: false, decide };
    const appended = await ctx.writer.append(request);
    if (!('entry' in appended)) return messageView(ctx, before as Message, viewer);
    const entry = appended.entry as MessageChangeEntry;
    if (!appended.repeated) {
      // Only spares readers work: what a crash leaves out, they set themselves.
      const marks = marksOf(entry, (before as Message | undefined)?.rev);
      void markEntries(ctx.db, log, marks).catch(() => undefined);
    }
    await giveUpFiles(ctx, lost);
    return messageView(ctx, foldMessage(entry), viewer);
  } catch (error) {
    const isMissing = error instanceof AppError && error.message === notFound('ticket').message;
    if (isHidden || isMissing) throw await hideTicket(ctx, ticketId, startedAt, isHidden);
    throw error;
  }
}

/** The log says already that the message has them no more; where this fails, the collector does it. */
async function giveUpFiles(ctx: AppContext, lost: readonly FileRow[]): Promise<void> {
  if (lost.length === 0) return;
  ctx.failpoint('before-file-drop');
  await dropFiles(ctx, lost).catch((error: Error) =>
    ctx.log.warn({ reason: error.message }, 'files of a message are left to the collector'),
  );
}

/** What an edit brings: with `files` where the caller has stored other ones. */
export type Edited = EditMessageBody & { files?: FileRow[] };

/**
 * Replaces the text of the actor's own message of a log; one that changes nothing appends nothing.
 * @param clientId makes the edit itself repeatable; the Discord side gives one
 * @param at when it was written, where that was earlier than now
 * @throws AppError NOT_FOUND (also once deleted), FORBIDDEN (somebody else's), CONFLICT (closed)
 */
export async function editIn(
  ctx: AppContext,
  actor: Actor,
  log: LogId,
  messageId: string,
  body: Edited,
  clientId?: string,
  at?: number,
): Promise<MessageView> {
  await requireUnblocked(ctx, actor);
  const holder = { stream: log.stream, message: oid(messageId) };
  if (body.files) await holdFiles(ctx, body.files, holder);
  const to = (message: Message) => {
    const files = body.files ?? message.files;
    parseMessageText(body.content, files.length > 0);
    const after = { content: body.content, files };
    return isSame(message, after) ? undefined : { ...after, ...reactionsIn(message) };
  };
  const change = { type: 'edit', action: 'edit_message', clientId, at, to } as const;
  return changeMessage(ctx, actor, log, messageId, change);
}

/**
 * Deletes the actor's own message of a log, or as staff any; its text stays in the log.
 * @param at when it was deleted, where that was earlier than now
 * @throws AppError NOT_FOUND (also once deleted), FORBIDDEN, CONFLICT (closed)
 */
export function deleteIn(
  ctx: AppContext,
  actor: Actor,
  log: LogId,
  messageId: string,
  clientId?: string,
  at?: number,
): Promise<MessageView> {
  const to = () => ({ content: '', files: [] });
  const change = { type: 'delete', action: 'delete_message', clientId, at, to } as const;
  return changeMessage(ctx, actor, log, messageId, change);
}

/** The public log's; see `editIn`. */
export function editMessage(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
  messageId: string,
  body: Edited,
  clientId?: string,
  at?: number,
): Promise<MessageView> {
  return editIn(ctx, actor, publicLog(ticketId), messageId, body, clientId, at);
}

/** The public log's; see `deleteIn`. */
export function deleteMessage(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
  messageId: string,
  clientId?: string,
): Promise<MessageView> {
  return deleteIn(ctx, actor, publicLog(ticketId), messageId, clientId);
}
