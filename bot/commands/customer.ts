import { ButtonStyle, ComponentType } from 'discord.js';
import { type CustomerView, customerSizes } from '../../src/contract/customers.ts';
import { showContact } from '../../src/domain/customers/contact.ts';
import { customerView, findCustomer, listCustomers } from '../../src/domain/customers/customers.ts';
import { listTicketsOfSameCustomer } from '../../src/domain/tickets/of-customer.ts';
import { readTicket } from '../../src/domain/tickets/read.ts';
import { escapeName } from '../format.ts';
import { cardActions, type Row } from '../outbound/card/card.ts';
import type { CommandModule, GuildContext, TicketContext, Told } from './command.ts';
import { offered, textOption } from './options.ts';
import { listed, ticketLine } from './ticket-lines.ts';

const TICKETS_SHOWN = 10;
const PROFILES_SHOWN = 10;

/** A profile without the ways to reach somebody: those are behind a button. */
function profileLine({ first_name, last_name, company, city, country, user_id }: CustomerView) {
  const place = [company, city, country].filter((part) => part !== null);
  const id = user_id === null ? [] : [`id ${user_id}`];
  const parts = [`${first_name} ${last_name}`, ...place, ...id].map((part) => escapeName(part));
  return `**${parts[0]}**${parts
    .slice(1)
    .map((part) => ` · ${part}`)
    .join('')}`;
}

function contactRow(ticketId: string): Row {
  return {
    type: ComponentType.ActionRow,
    components: [
      {
        type: ComponentType.Button,
        style: ButtonStyle.Secondary,
        label: 'Show e-mail',
        custom_id: `${cardActions.contact}:${ticketId}`,
      },
    ],
  };
}

/** Who the customer of a ticket is, and what else they have asked. */
export async function describeCustomer(context: GuildContext, ticketId: string): Promise<Told> {
  const { bridge, actor } = context;
  const tickets = await listTicketsOfSameCustomer(bridge.ctx, actor, ticketId, TICKETS_SHOWN);
  const { ticket } = await readTicket(bridge.ctx, actor, ticketId);
  const row = await findCustomer(bridge.ctx, { key: ticket.owner });
  const { username, user_id, user_role } = ticket;
  const lines = [
    `**${escapeName(username)}** · id ${escapeName(user_id)} · ${user_role}`,
    row ? `Profile: ${profileLine(customerView(row))}` : 'There is no profile of this customer.',
    `**The newest tickets** (at most ${TICKETS_SHOWN})`,
    ...tickets.map((one) => ticketLine(bridge, one)),
  ];
  return { content: listed(lines), components: [contactRow(ticketId)] };
}

async function searchProfiles({ bridge, actor }: GuildContext, search: string): Promise<string> {
  const query = { search, page: 1, limit: PROFILES_SHOWN };
  const { rows, total } = await listCustomers(bridge.ctx, actor, query);
  if (rows.length === 0) return 'No profile has that in its name, company, city or id.';
  const more = total > rows.length ? [`… of ${total}`] : [];
  return listed([...rows.map(profileLine), ...more]);
}

/** Tells one person how the customer is reached; who has looked stands in the ticket. */
async function tellContact({ bridge, actor, ticketId }: TicketContext): Promise<string> {
  const { email, phone_number } = await showContact(bridge.ctx, actor, ticketId);
  const known = [email, phone_number].filter((one) => one !== null);
  const told =
    known.length > 0 ? known.map((one) => escapeName(one, 320)).join(' · ') : 'Not known';
  return `${told}\n-# The ticket keeps that you have looked.`;
}

export const customer: CommandModule = {
  command: {
    scope: 'guild',
    needs: 'staff',
    data: {
      ...offered,
      name: 'customer',
      description: 'Who the customer of this ticket is, and their other tickets; or look for one',
      options: [
        textOption('search', 'Beginnings of name, company, city or id', {
          max: customerSizes.search,
        }),
      ],
    },
    async run(context, { options }) {
      const search = options.getString('search');
      if (search) return searchProfiles(context, search);
      if (context.here) return describeCustomer(context, context.here);
      return "This is not an open ticket's channel: say whom to search for.";
    },
  },
  components: [
    {
      kind: 'action',
      name: cardActions.contact,
      scope: 'ticket',
      needs: 'staff',
      run: (context) => tellContact(context),
    },
  ],
};
