import { isDeepStrictEqual } from 'node:util';
import { Types } from 'mongoose';
import type { AppContext } from '../../context.ts';
import type { TicketView } from '../../contract/tickets.ts';
import { AppError } from '../../errors.ts';
import type { FieldValue } from '../../models/entry.ts';
import { type Actor, authorOf, requestOf } from '../access/actor.ts';
import { can } from '../access/policy.ts';
import { requireUnblocked } from '../blocks/block-list.ts';
import {
  type Changes,
  type LogId,
  publicLog,
  type Ticket,
  type TicketChangeEntry,
  type TicketState,
} from '../log/entry.ts';
import type { Decision, Draft } from '../log/pending-writes.ts';
import { markEntries, marksOf } from '../log/visibility-map.ts';
import { forgetClosing } from './due-closing.ts';
import { hideTicket, viewTicket } from './read.ts';
import { enterStatus } from './service-clock.ts';
import { endsTicket, isOpen } from './workflow.ts';

/** What a verb does to a ticket. */
export interface TicketChange {
  /** What was done, as the log names it: `closed`, `claimed`, … */
  action: string;
  /** What whoever did it said about it, for the history. */
  comment?: string | undefined;
  /** The stream it is written to: the staff's own fields stay out of the public one. */
  log?: LogId;
  /** An idempotency key: what is done under it is done once, whoever does it first. */
  once?: string;
  /** It is written down though it changes nothing: that it was done is what there is to know. */
  always?: true;
  /** What a desk event tells besides, of the ticket before the change. */
  data?(ticket: Ticket, at: number): Record<string, FieldValue>;
  /**
   * The fields after the change, none where there is nothing to change; decided at a head just read,
   * and again whenever the head has moved. With a `status` all that follows from it is added.
   * @param head the newest entry of the log it is written to
   * @throws AppError
   */
  to(ticket: Ticket, at: number, head: number): Partial<Ticket>;
}

/** What a blocked customer may still do: leave. */
const takenFromBlocked = ['closed', 'withdrawn', 'status_set'];

/** Field by field what differs, from what to what. */
export function changesOf(ticket: Ticket, fields: Partial<Ticket>): Changes {
  const changes: Record<string, readonly [FieldValue, FieldValue]> = {};
  for (const [name, to] of Object.entries(fields)) {
    const from = ticket[name as keyof Ticket] ?? null;
    if (to !== undefined && !isDeepStrictEqual(from, to)) changes[name] = [from, to];
  }
  return changes;
}

/** What a change sets, and what follows from a status it sets. */
export function fieldsAfter(ticket: Ticket, fields: Partial<Ticket>, at: number): Partial<Ticket> {
  const { status } = fields;
  if (status === undefined || status === ticket.status) return fields;
  const ends = !isOpen({ status }) || status === 'REOPENED';
  return { ...enterStatus(ticket, status, at), ...(ends && { close_request: null }), ...fields };
}

/**
 * Appends a change of the ticket: who, what, from and to, and the whole ticket after it; the ticket's
 * row changes in the same transaction. A change that changes nothing appends nothing.
 * @throws AppError NOT_FOUND, and what `to` throws
 */
export async function changeTicket(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
  change: TicketChange,
): Promise<TicketView> {
  const startedAt = performance.now();
  if (!takenFromBlocked.includes(change.action)) await requireUnblocked(ctx, actor);
  const log = change.log ?? publicLog(ticketId);
  const id = new Types.ObjectId().toHexString();
  const clientId = change.once ?? id;
  const author = authorOf(actor);
  let isHidden = false;
  const decide = ({ ticket, head }: TicketState): Decision => {
    isHidden = can(actor, 'read_ticket', ticket, ctx.config) === 'missing';
    if (isHidden) return { unchanged: { ticket, head } };
    const at = ctx.clock();
    const changes = changesOf(ticket, fieldsAfter(ticket, change.to(ticket, at, head), at));
    const names = Object.keys(changes);
    if (names.length === 0 && !change.always) return { unchanged: { ticket, head } };
    const after = Object.fromEntries(names.map((name) => [name, changes[name]?.[1]]));
    const seq = head + 1;
    const ending = endsTicket({ changes }) && { ending_seq: seq };
    const moved = changes.status && { moved_seq: seq };
    const place =
      log.stream === 'public' ? { updated_at: at, status_seq: seq, ...moved, ...ending } : {};
    const append: Draft = {
      id,
      type: 'ticket_change',
      at,
      author,
      client_id: clientId,
      origin: actor.origin,
      ...requestOf(actor),
      action: change.action,
      changes,
      ...(change.comment && { comment: change.comment }),
      ...(change.data && { data: change.data(ticket, at) }),
      ticket: { ...ticket, ...after, ...place },
    };
    return { append };
  };
  try {
    const request = { log, entryId: id, author, clientId, batchable: false, decide };
    const appended = await ctx.writer.append(request);
    if (isHidden) throw await hideTicket(ctx, ticketId, startedAt, true);
    if (!('entry' in appended)) {
      const head = await ctx.store.readHead(publicLog(ticketId));
      return viewTicket(ctx, actor, appended.unchanged.ticket, head);
    }
    const entry = appended.entry as TicketChangeEntry;
    // Only spares readers work: what a crash leaves out, they set themselves.
    void markEntries(ctx.db, log, marksOf(entry, undefined)).catch(() => undefined);
    if (endsTicket(entry)) void forgetClosing(ctx, ticketId, entry.seq).catch(() => undefined);
    const isPublic = log.stream === 'public';
    const head = isPublic
      ? { seq: entry.seq, at: entry.at }
      : await ctx.store.readHead(publicLog(ticketId));
    return await viewTicket(ctx, actor, entry.ticket, head);
  } catch (error) {
    if (!isHidden && error instanceof AppError && error.code === 'NOT_FOUND') {
      throw await hideTicket(ctx, ticketId, startedAt, false);
    }
    throw error;
  }
}
