import type { TicketView } from '../src/contract/tickets.ts';

/** The statuses in which nobody may write in a ticket any more. */
const ended: readonly TicketView['status'][] = ['CLOSED', 'REJECTED', 'WITHDRAWN'];

export function isEnded({ status }: Pick<TicketView, 'status'>): boolean {
  return ended.includes(status);
}
