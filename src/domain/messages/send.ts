import { Types } from 'mongoose';
import type { AppContext } from '../../context.ts';
import type { MessageView, SendMessageBody } from '../../contract/messages.ts';
import { AppError, invalidField } from '../../errors.ts';
import type { FileRow } from '../../models/entry.ts';
import { type Actor, authorOf, isStaff, requestOf } from '../access/actor.ts';
import { parseMessageText } from '../access/parse.ts';
import { can, requireRight } from '../access/policy.ts';
import { type Block, blockedError, blockOf } from '../blocks/block-list.ts';
import { attachFiles, holdFiles } from '../files/attach.ts';
import {
  type Entry,
  foldMessage,
  isOfMessage,
  type LogId,
  type Message,
  type MessageEntry,
  publicLog,
  type Ticket,
  type TicketState,
} from '../log/entry.ts';
import { readMessage } from '../log/message-reads.ts';
import type { Decision, Draft } from '../log/pending-writes.ts';
import { isPractice, planAnswer } from '../practice/practice-key.ts';
import { moveByMessage, movesTicket } from '../tickets/auto-status.ts';
import { hideTicket } from '../tickets/read.ts';
import { ticketEnded } from '../tickets/workflow.ts';
import { messageView } from '../views.ts';
import { requireWritable, streamRules, takesMessages } from './streams.ts';

/** What a repeated send is answered: the message as it is now, unless it had said something else. */
async function repeatMessage(ctx: AppContext, first: Entry, content: string): Promise<Message> {
  if (first.type !== 'message' || first.content !== content) {
    throw new AppError('CONFLICT', 'client_id was used for another message');
  }
  const log = { ticketId: first.ticket_id, stream: first.stream };
  return (await readMessage(ctx.db, log, first.id)) ?? foldMessage(first);
}

/** @throws AppError BAD_REQUEST where the message that is answered is not of the same log */
async function requireAnswered(ctx: AppContext, log: LogId, id: string): Promise<void> {
  const message = await readMessage(ctx.db, log, id);
  if (message && !message.deleted) return;
  const what = `is not a ${streamRules[log.stream].noun} of this ticket`;
  throw invalidField('reply_to', what, 'unknown_message');
}

/**
 * The one exception to a closed ticket: what staff wrote in Discord before the closing, and what the
 * bot could read only after it.
 */
export function isLate(actor: Actor, { closed_at }: Ticket, at: number): boolean {
  return actor.origin === 'discord' && closed_at !== null && at < closed_at;
}

/** What a blocked customer has written before, and sends again, is answered; nothing else is taken. */
async function answerBlocked(
  ctx: AppContext,
  actor: Actor,
  log: LogId,
  { client_id, content }: SendMessageBody,
  block: Block,
): Promise<{ message: MessageView; repeated: boolean }> {
  const first = client_id && (await ctx.store.findByClientId(log, actor.key, client_id));
  if (!first || !isOfMessage(first)) throw blockedError(block);
  const message = await repeatMessage(ctx, first, content);
  return { message: messageView(ctx, message, { staff: false }), repeated: true };
}

/** What is sent: with `files` instead of `attachments` where the caller has just stored them itself. */
export type Sent = SendMessageBody & { files?: FileRow[] };

/**
 * Appends a message to a log.
 * @param at when it was written, milliseconds since 1970; earlier than now where it arrives late
 * @returns `repeated` where the actor's `client_id` was seen before in this log: that message, as it is now
 * @throws AppError NOT_FOUND, FORBIDDEN, CONFLICT (closed, or a seen `client_id` whose content differed),
 *   BAD_REQUEST (an attachment that is not the actor's), SERVICE_UNAVAILABLE (outcome not known)
 */
export async function sendTo(
  ctx: AppContext,
  actor: Actor,
  log: LogId,
  body: Sent,
  at = ctx.clock(),
): Promise<{ message: MessageView; repeated: boolean }> {
  const startedAt = performance.now();
  const { ticketId, stream } = log;
  const touches = Boolean(body.attachments?.length || body.files?.length || body.reply_to);
  await requireWritable(ctx, actor, log, touches);
  parseMessageText(body.content, (body.attachments ?? body.files ?? []).length > 0);
  const block = await blockOf(ctx, actor);
  if (block) return answerBlocked(ctx, actor, log, body, block);
  const id = new Types.ObjectId().toHexString();
  const author = authorOf(actor);
  const clientId = body.client_id ?? id;
  const holder = { stream, client_id: clientId };
  const files = body.attachments?.length
    ? await attachFiles(ctx, actor, ticketId, body.attachments, holder)
    : body.files;
  if (body.files) await holdFiles(ctx, body.files, holder);
  if (body.reply_to) await requireAnswered(ctx, log, body.reply_to);
  const append: Draft = {
    id,
    type: 'message',
    at,
    author,
    client_id: clientId,
    origin: actor.origin,
    content: body.content,
    ...requestOf(actor),
    ...(files?.length && { files }),
    ...(body.reply_to && { reply_to: body.reply_to }),
  };
  let isHidden = false;
  let isClosed = false;
  let moves = false;
  let isPractised = false;
  const decide = ({ ticket }: TicketState): Decision => {
    moves = stream === 'public' && movesTicket(ctx, actor, ticket);
    isPractised = isStaff(actor) && isPractice(ticket.owner);
    isHidden = can(actor, streamRules[stream].write, ticket, ctx.config) === 'missing';
    isClosed = !takesMessages(stream, ticket) && !isLate(actor, ticket, at);
    if (isHidden || isClosed) return { refuse: ticketEnded() };
    requireRight(ctx.config, actor, streamRules[stream].write, ticket);
    return { append };
  };
  try {
    const appended = await ctx.writer.append({
      log,
      entryId: id,
      author,
      clientId,
      batchable: true,
      decide,
    });
    const { entry, repeated } = appended as { entry: MessageEntry; repeated: boolean };
    if (stream === 'public' && (moves || repeated)) {
      await moveByMessage(ctx, actor, ticketId, { seq: entry.seq, at: entry.at, repeated });
    }
    if (isPractised && stream === 'public') await planAnswer(ctx, ticketId);
    const message = repeated ? await repeatMessage(ctx, entry, body.content) : foldMessage(entry);
    return { message: messageView(ctx, message, { staff: isStaff(actor) }), repeated };
  } catch (error) {
    const missing = (error as { code?: unknown }).code === 'NOT_FOUND';
    if (isHidden || missing) throw await hideTicket(ctx, ticketId, startedAt, isHidden);
    if (!isClosed) throw error;
    const first = await ctx.store.findByClientId(log, author.key, clientId);
    if (!first || !isOfMessage(first)) throw error;
    const message = await repeatMessage(ctx, first, body.content);
    return { message: messageView(ctx, message, { staff: isStaff(actor) }), repeated: true };
  }
}

/** Writes in an open ticket; see `sendTo`. */
export function sendMessage(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
  body: Sent,
  at?: number,
): Promise<{ message: MessageView; repeated: boolean }> {
  return sendTo(ctx, actor, publicLog(ticketId), body, at);
}
