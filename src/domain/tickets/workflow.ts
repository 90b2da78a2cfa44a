import type { TicketStatus } from '../../contract/ticket-words.ts';
import { AppError } from '../../errors.ts';
import type { Ticket } from '../log/entry.ts';

/** From each status, those a ticket may go to. The one place that knows. */
const moves: Record<TicketStatus, readonly TicketStatus[]> = {
  NEW: ['OPEN', 'REJECTED', 'WITHDRAWN'],
  OPEN: ['ASSIGNED', 'IN_PROGRESS', 'CLOSED', 'WITHDRAWN'],
  ASSIGNED: ['IN_PROGRESS', 'OPEN', 'CLOSED', 'WITHDRAWN'],
  IN_PROGRESS: ['WAITING', 'RESOLVED', 'CLOSED', 'WITHDRAWN'],
  WAITING: ['IN_PROGRESS', 'RESOLVED', 'CLOSED', 'WITHDRAWN'],
  RESOLVED: ['CLOSED', 'REOPENED'],
  CLOSED: ['REOPENED'],
  REOPENED: ['IN_PROGRESS', 'ASSIGNED', 'RESOLVED', 'CLOSED', 'WITHDRAWN'],
  REJECTED: [],
  WITHDRAWN: [],
};

type WithStatus = { status: TicketStatus };

const ended: ReadonlySet<string> = new Set<TicketStatus>(['CLOSED', 'REJECTED', 'WITHDRAWN']);

/** True where messages may still be written: the ticket has not ended. */
export function isOpen({ status }: WithStatus): boolean {
  return !ended.has(status);
}

/** The statuses of tickets that have not ended, as for a filter. */
export const openStatuses = (Object.keys(moves) as TicketStatus[]).filter(
  (status) => !ended.has(status),
);

/** The statuses of tickets that have ended, as for a filter. */
export const endedStatuses = (Object.keys(moves) as TicketStatus[]).filter((status) =>
  ended.has(status),
);

/** Where a ticket may go from its status. */
export function movesFrom(status: TicketStatus): readonly TicketStatus[] {
  return moves[status];
}

export function canMove(from: TicketStatus, to: TicketStatus): boolean {
  return moves[from].includes(to);
}

/** @throws AppError CONFLICT that names the moves there are */
export function requireMove({ status }: WithStatus, to: TicketStatus): void {
  if (canMove(status, to)) return;
  const others = moves[status];
  const legal = others.length > 0 ? `it may become ${others.join(', ')}` : 'it stays so';
  throw new AppError('CONFLICT', `a ticket that is ${status} cannot become ${to}: ${legal}`);
}

/** The refusal of what an ended ticket no longer takes. */
export function ticketEnded(): AppError {
  return new AppError('CONFLICT', 'the ticket is closed');
}

/** @throws AppError CONFLICT where the ticket has ended */
export function requireOpen(ticket: WithStatus): void {
  if (!isOpen(ticket)) throw ticketEnded();
}

const DAY = 24 * 3_600_000;

/**
 * Until when a closed ticket may be reopened by whoever may write in it; null where it may not, or is not
 * closed. One that was never approved is reopened by those alone who decide that.
 */
export function reopenUntil(
  { reopenDays }: { reopenDays: number },
  { status, closed_at, unapproved }: WithStatus & Pick<Ticket, 'closed_at' | 'unapproved'>,
): number | null {
  if (status !== 'CLOSED' || reopenDays === 0 || closed_at === null || unapproved) return null;
  return closed_at + reopenDays * DAY;
}

/** What a change of a ticket says of its status: from, to. */
type Changed = { changes: Readonly<Record<string, readonly [from: unknown, to: unknown]>> };

/** True for the entry that ends a ticket: whatever the status, its customer hears `ticket_closed`. */
export function endsTicket({ changes }: Changed): boolean {
  const [, to] = changes.status ?? [];
  return to !== undefined && ended.has(String(to));
}
