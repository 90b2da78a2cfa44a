import type { AppContext } from '../../context.ts';
import { sizes } from '../../contract/limits.ts';
import type { StreamCursor } from '../../contract/stream-cursor.ts';
import type { HistoryView, ListHistoryQuery } from '../../contract/ticket-history.ts';
import { invalidField } from '../../errors.ts';
import { type Actor, isStaff } from '../access/actor.ts';
import { requireRight } from '../access/policy.ts';
import { internalLog, publicLog, type TicketChangeEntry } from '../log/entry.ts';
import { readTicketChanges } from '../log/ticket-changes.ts';
import { historyEntryView } from './history-view.ts';
import { readTicket } from './read.ts';

/**
 * Two logs as one, by the time of their entries, each in its own order; the same for whoever reads it
 * again, since neither log changes.
 */
export function mergeByTime<T>(
  first: readonly T[],
  second: readonly T[],
  isEarlier: (a: T, b: T) => boolean,
): T[] {
  const merged: T[] = [];
  let i = 0;
  let j = 0;
  while (i < first.length || j < second.length) {
    const a = first[i];
    const b = second[j];
    if (b === undefined || (a !== undefined && !isEarlier(b, a))) {
      merged.push(a as T);
      i++;
    } else {
      merged.push(b);
      j++;
    }
  }
  return merged;
}

/** @throws AppError BAD_REQUEST: a customer's place is in the public log alone */
export function requirePlace(
  actor: Actor,
  location: string,
  place: StreamCursor | undefined,
): void {
  if (isStaff(actor) || place?.internal === undefined) return;
  throw invalidField(location, 'is no place of yours', 'invalid_format', 'query');
}

export interface HistoryPage {
  history: HistoryView;
  next?: StreamCursor;
}

/**
 * What has become of a ticket, a page at a time; for staff with what customers are not shown, marked.
 * @throws AppError NOT_FOUND, BAD_REQUEST
 */
export async function listHistory(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
  { after, limit = sizes.historyPage }: ListHistoryQuery,
): Promise<HistoryPage> {
  requirePlace(actor, 'after', after);
  const { ticket, head } = await readTicket(ctx, actor, ticketId);
  requireRight(ctx.config, actor, 'read_history', ticket);
  const place = { public: after?.public ?? 0, internal: after?.internal ?? 0 };
  const read = async (log: ReturnType<typeof publicLog>, upTo: number) =>
    readTicketChanges(ctx.db, log, { after: place[log.stream], upTo, limit: limit + 1 });
  const staff = isStaff(actor);
  const [shared, own] = await Promise.all([
    read(publicLog(ticketId), head.seq),
    staff ? read(internalLog(ticketId), Number.MAX_SAFE_INTEGER) : [],
  ]);
  const isEarlier = (a: TicketChangeEntry, b: TicketChangeEntry) => a.at < b.at;
  const entries = mergeByTime(shared, own, isEarlier);
  const shown = entries.slice(0, limit);
  for (const { stream, seq } of shown) place[stream] = seq;
  const { first_response_at, response_time, resolved_at, resolution_time } = ticket;
  const history = {
    first_response_at,
    response_time,
    resolved_at,
    resolution_time,
    changes: shown.map((entry) => historyEntryView(ctx, entry, { staff })),
  };
  if (entries.length <= limit) return { history };
  return { history, next: staff ? place : { public: place.public } };
}
