import type { TicketStatus } from '../../contract/tickets.ts';
import { AppError } from '../../errors.ts';

/** From each status, those a ticket may go to. The one place that knows. */
const moves: Record<TicketStatus, readonly TicketStatus[]> = {
  OPEN: ['CLOSED'],
  CLOSED: [],
};

const ended: ReadonlySet<TicketStatus> = new Set(['CLOSED']);

type WithStatus = { status: TicketStatus };

/** True where messages may still be written: the ticket has not ended. */
export function isOpen({ status }: WithStatus): boolean {
  return !ended.has(status);
}

/** The statuses of tickets that have not ended, as for a filter. */
export const openStatuses = Object.keys(moves).filter(
  (status) => !ended.has(status as TicketStatus),
) as TicketStatus[];

export function canMove(from: TicketStatus, to: TicketStatus): boolean {
  return moves[from].includes(to);
}

/** The refusal of what an ended ticket no longer takes. */
export function ticketEnded(): AppError {
  return new AppError('CONFLICT', 'the ticket is closed');
}

/** @throws AppError CONFLICT where the ticket has ended */
export function requireOpen(ticket: WithStatus): void {
  if (!isOpen(ticket)) throw ticketEnded();
}
