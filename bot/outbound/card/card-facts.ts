import type { AppContext } from '../../../src/context.ts';
import { findCustomer } from '../../../src/domain/customers/customers.ts';
import type { Ticket } from '../../../src/domain/log/entry.ts';
import { readSlaRules } from '../../../src/domain/sla/rules.ts';
import { promisesOf } from '../../../src/domain/sla/service-level.ts';
import { countEarlierTickets } from '../../../src/domain/tickets/of-customer.ts';
import type { CardFacts, CardTimes } from './card-fields.ts';

/** By when the ticket is to be answered and done with; from memory, since every look at a card asks. */
export async function readCardTimes(ctx: AppContext, ticket: Ticket): Promise<CardTimes> {
  return promisesOf(ticket, await readSlaRules(ctx));
}

export async function readCardFacts(ctx: AppContext, ticket: Ticket): Promise<CardFacts> {
  const [earlier, row] = await Promise.all([
    countEarlierTickets(ctx, ticket),
    findCustomer(ctx, { key: ticket.owner }),
  ]);
  const profile = row && { name: `${row.first_name} ${row.last_name}`, company: row.company };
  return { earlier, profile };
}
