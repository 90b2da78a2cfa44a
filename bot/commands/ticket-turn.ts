import { createTurns } from '../../src/domain/turns.ts';
import { AppError } from '../../src/errors.ts';
import type { MirroredTicket } from '../mirrored-tickets.ts';
import type { TicketContext } from './command.ts';

const turns = createTurns<MirroredTicket>();

/**
 * Runs what looks at a ticket's channel and changes it by what it has seen, one after the other for each
 * ticket: two commands at once do nothing twice, and neither undoes the other.
 * @throws AppError CONFLICT where the ticket has no channel any more; what `work` throws
 */
export async function inTicketTurn<T>(
  { bridge, ticketId }: TicketContext,
  work: (ticket: MirroredTicket) => Promise<T>,
): Promise<T> {
  const ticket = await bridge.tickets.load(ticketId);
  if (!ticket?.mirror.channel_id)
    throw new AppError('CONFLICT', 'the ticket has no channel any more');
  return turns.take(ticket, () => work(ticket));
}
