import type { AppContext } from '../../context.ts';
import type { SyncAck } from '../../contract/events.ts';
import { sizes } from '../../contract/limits.ts';
import type { ListMessagesQuery } from '../../contract/messages.ts';
import { type Actor, isStaff } from '../access/actor.ts';
import { can, requireRight } from '../access/policy.ts';
import { type LogId, type Message, publicLog, type Stream, type Ticket } from '../log/entry.ts';
import { readChanges, readNewest } from '../log/message-pages.ts';
import { readDelivered } from '../mirror/delivered.ts';
import { mirrorStates } from '../mirror/states.ts';
import { readTicket, viewTicket } from '../tickets/read.ts';
import { messageView } from '../views.ts';
import { streamRules } from './streams.ts';

/** Messages of one log of a ticket as the actor is shown them. */
export async function viewsFor(
  ctx: AppContext,
  actor: Actor,
  ticket: Ticket,
  stream: Stream,
  messages: Message[],
) {
  if (can(actor, 'see_mirror_state', ticket, ctx.config) !== 'allow')
    return messages.map((message) => messageView(ctx, message, { staff: isStaff(actor) }));
  const stateOf = await mirrorStates(ctx, ticket, stream);
  return messages.map((message) =>
    messageView(ctx, message, { staff: true, mirror: stateOf(message) }),
  );
}

/** A page of a log: the newest messages that are not deleted, or with `after` every change above it. */
export function readMessagePage(
  ctx: AppContext,
  log: LogId,
  head: number,
  query: ListMessagesQuery,
): Promise<{ messages: Message[]; more: boolean }> {
  const range = { log, head, limit: query.limit ?? sizes.messagesPage };
  const { readPage } = ctx.store;
  return query.after === undefined
    ? readNewest(ctx.db, readPage, range, query.before ?? Number.MAX_SAFE_INTEGER)
    : readChanges(ctx.db, readPage, range, query.after);
}

/**
 * A page of a ticket's messages: the newest that are not deleted, oldest first; or with `after`
 * every change above that seq, deletions included. `head` is the log entry the page is a snapshot of.
 * @throws AppError NOT_FOUND
 */
export async function listMessages(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
  query: ListMessagesQuery,
): Promise<SyncAck> {
  const { ticket, head } = await readTicket(ctx, actor, ticketId);
  requireRight(ctx.config, actor, streamRules.public.read, ticket);
  const [page, view, delivered] = await Promise.all([
    readMessagePage(ctx, publicLog(ticketId), head.seq, query),
    viewTicket(ctx, actor, ticket, head),
    readDelivered(ctx, ticketId),
  ]);
  return {
    messages: await viewsFor(ctx, actor, ticket, 'public', page.messages),
    ticket: view,
    head: head.seq,
    more: page.more,
    ...(delivered !== undefined && { delivered: Math.min(delivered, head.seq) }),
  };
}
