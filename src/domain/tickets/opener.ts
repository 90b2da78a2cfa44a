import type { AppContext } from '../../context.ts';
import { displayName } from '../../contract/text.ts';
import type { CreateTicketBody } from '../../contract/tickets.ts';
import { invalidField } from '../../errors.ts';
import type { TicketRow } from '../../models/ticket.ts';
import { type Actor, isStaff } from '../access/actor.ts';
import { findCustomer } from '../customers/customers.ts';

type Opener = Pick<TicketRow, 'owner' | 'partner' | 'user_id' | 'username' | 'email' | 'user_role'>;

/**
 * Whose a new ticket is: the actor's, or where staff open it for a customer, that customer's. From
 * customers these fields count for nothing: sibling systems' clients send their own address.
 * @throws AppError BAD_REQUEST where no such customer is known, or only by a profile without a user
 */
export async function openerOf(
  ctx: AppContext,
  actor: Actor,
  { customer_id: id, customer_email: email }: CreateTicketBody,
): Promise<Opener> {
  if (!isStaff(actor) || (id === undefined && email === undefined)) {
    return {
      owner: actor.key,
      partner: actor.partner ?? null,
      user_id: actor.id,
      username: actor.username,
      email: actor.email,
      user_role: actor.role,
    };
  }
  const row = await findCustomer(ctx, id === undefined ? { email: email as string } : { id });
  if (row?.key && row.user_id !== null) {
    const { key: owner, partner, user_id } = row;
    const username = displayName(`${row.first_name} ${row.last_name}`, 'customer');
    return { owner, partner, user_id, username, email: row.email, user_role: 'CUSTOMER' };
  }
  const location = id === undefined ? 'customer_email' : 'customer_id';
  const message = row ? 'is a customer without a user' : 'is no customer who is known here';
  throw invalidField(location, message, 'unknown_customer');
}
