import type { AppContext } from '../../context.ts';
import type { Actor } from '../access/actor.ts';
import { native } from '../log/collections.ts';
import type { Ticket } from '../log/entry.ts';
import { readWork } from '../schedule.ts';
import { isOpen } from './workflow.ts';

/** Under this kind a closing is due; its key is the ticket. */
export const CLOSING = 'close-ticket';

/** What a closing that is due later is kept with. */
export interface DueClosing {
  /** As whom it is closed. */
  by: Omit<Actor, 'via'>;
  reason: string | null;
  /** The customer is not told before. */
  silent: boolean;
  /** The last ending of the ticket when it was asked for: after another one it means nothing. */
  ending_seq: number;
}

/** True where a closing that was asked for still means the ticket as it is. */
export function isCurrent({ ending_seq }: DueClosing, ticket: Ticket): boolean {
  return isOpen(ticket) && ticket.ending_seq === ending_seq;
}

/**
 * The closings of tickets that are due later, in one query for a page of them.
 * @returns when a ticket will be closed, for staff or as its customer may know; null where it will not
 */
export async function readClosings(
  ctx: AppContext,
  ticketIds: readonly string[],
): Promise<(ticket: Ticket, staff: boolean) => number | null> {
  const rows = ticketIds.length > 0 ? await readWork(ctx, CLOSING, ticketIds) : undefined;
  return (ticket, staff) => {
    const row = rows?.get(ticket.id);
    const closing = row?.data as DueClosing | undefined;
    if (!row || !closing || !isCurrent(closing, ticket)) return null;
    return closing.silent && !staff ? null : row.at;
  };
}

/**
 * Removes a closing that an ending has made meaningless. Only tidies up: `isCurrent` knows it anyway.
 * @param endingSeq the entry of the ending; what was asked for after it stays
 */
export async function forgetClosing(
  ctx: AppContext,
  ticketId: string,
  endingSeq: number,
): Promise<void> {
  await native(ctx.db.due).deleteOne({
    _id: `${CLOSING} ${ticketId}`,
    'data.ending_seq': { $lt: endingSeq },
  } as never);
}
