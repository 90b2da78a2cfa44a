import type { AppContext } from '../../context.ts';
import type { Actor } from '../access/actor.ts';
import { requireRight } from '../access/policy.ts';
import { internalLog } from '../log/entry.ts';
import { changeTicket } from '../tickets/engine.ts';
import { readTicket } from '../tickets/read.ts';
import { findCustomer } from './customers.ts';

/** How a customer is reached elsewhere; null where nobody knows. */
export interface Contact {
  email: string | null;
  phone_number: string | null;
}

/**
 * Shows how a ticket's customer is reached elsewhere. That somebody has looked stands in the internal stream,
 * and is written before anything is shown.
 * @throws AppError NOT_FOUND, FORBIDDEN
 */
export async function showContact(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
): Promise<Contact> {
  await changeTicket(ctx, actor, ticketId, {
    action: 'contact_shown',
    log: internalLog(ticketId),
    always: true,
    to(ticket) {
      requireRight(ctx.config, actor, 'use_customers', ticket);
      return {};
    },
  });
  const { ticket } = await readTicket(ctx, actor, ticketId);
  const profile = await findCustomer(ctx, { key: ticket.owner });
  return {
    email: ticket.email ?? profile?.email ?? null,
    phone_number: profile?.phone_number ?? null,
  };
}
