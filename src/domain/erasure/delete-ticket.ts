import type { AppContext } from '../../context.ts';
import { notFound } from '../../errors.ts';
import type { Actor } from '../access/actor.ts';
import { requireRight } from '../access/policy.ts';
import { readTicket } from '../tickets/read.ts';
import { buryTicket } from './bury.ts';

/**
 * Deletes a ticket, whatever its status. Its texts, files, notes, words in the search index, channel and
 * transcripts are wiped by the worker; number, times and who deleted it stay, as a receipt.
 * @throws AppError NOT_FOUND, FORBIDDEN
 */
export async function deleteTicket(ctx: AppContext, actor: Actor, ticketId: string): Promise<void> {
  const { ticket } = await readTicket(ctx, actor, ticketId);
  requireRight(ctx.config, actor, 'delete_ticket', ticket);
  const isGone = await buryTicket(ctx, actor, ticketId, { why: 'request', isMeant: () => true });
  if (!isGone) throw notFound('ticket');
}
