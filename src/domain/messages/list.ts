import type { AppContext } from '../../context.ts';
import type { SyncAck } from '../../contract/events.ts';
import { sizes } from '../../contract/limits.ts';
import type { ListMessagesQuery } from '../../contract/messages.ts';
import { type Actor, isStaff } from '../access/actor.ts';
import { can } from '../access/policy.ts';
import { type Message, publicLog, type Ticket } from '../log/entry.ts';
import { readChanges, readNewest } from '../log/message-pages.ts';
import { mirrorStates } from '../mirror/states.ts';
import { readTicket, viewTicket } from '../tickets/read.ts';
import { messageView } from '../views.ts';

async function viewsFor(ctx: AppContext, actor: Actor, ticket: Ticket, messages: Message[]) {
  if (can(actor, 'see_mirror_state', ticket, ctx.config) !== 'allow')
    return messages.map((message) => messageView(ctx, message, { staff: isStaff(actor) }));
  const stateOf = await mirrorStates(ctx, ticket);
  return messages.map((message) =>
    messageView(ctx, message, { staff: true, mirror: stateOf(message) }),
  );
}

/**
 * A page of a ticket's messages: the newest that are not deleted, oldest first; or with `after`
 * every change above that seq, deletions included. `head` is the log entry the page is a snapshot of.
 */
export async function listMessages(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
  query: ListMessagesQuery,
): Promise<SyncAck> {
  const { ticket, head } = await readTicket(ctx, actor, ticketId);
  const limit = query.limit ?? sizes.messagesPage;
  const range = { log: publicLog(ticketId), head: head.seq, limit };
  const { readPage } = ctx.store;
  const { messages, more } =
    query.after === undefined
      ? await readNewest(ctx.db, readPage, range, query.before ?? Number.MAX_SAFE_INTEGER)
      : await readChanges(ctx.db, readPage, range, query.after);
  return {
    messages: await viewsFor(ctx, actor, ticket, messages),
    ticket: await viewTicket(ctx, actor, ticket, head),
    head: head.seq,
    more,
  };
}
