import { ApplicationCommandOptionType, ComponentType, type User } from 'discord.js';
import { findAgent } from '../../src/domain/agents/agents.ts';
import { assigneeOf, assignTicket } from '../../src/domain/tickets/assign.ts';
import { assignAutomatically } from '../../src/domain/tickets/auto-assign.ts';
import { escapeName } from '../format.ts';
import { guildOf } from '../inbound/writers.ts';
import { actorOf, fetchPerson, isStaff } from '../people.ts';
import type { CommandModule, TicketContext, Told } from './command.ts';
import { offered } from './options.ts';

const memberMenu = 'transfer';

/**
 * Gives the ticket to a member of the guild: the person of the staff who they are, linked or not. Asked of
 * Discord anew, since the roles that came with the choice may be old.
 */
async function transfer(context: TicketContext, user: User): Promise<string> {
  const { bridge, actor, ticketId } = context;
  const person = await fetchPerson(guildOf(bridge), user);
  const name = escapeName(person.name);
  if (user.bot || !isStaff(bridge.settings, person))
    return `${name} has no role of the support staff.`;
  const agent = await findAgent(bridge.ctx, user.id);
  const assignee = agent
    ? { key: agent.key, id: agent.id, name: agent.name }
    : assigneeOf(actorOf(bridge.settings, person));
  const ticket = await assignTicket(bridge.ctx, actor, ticketId, assignee);
  return `The ticket is ${name}'s now, and ${ticket.status}. Nobody is pinged: the card says so.`;
}

async function transferToAnybody({ bridge, actor, ticketId }: TicketContext): Promise<string> {
  const { assignee, status } = await assignAutomatically(bridge.ctx, actor, ticketId);
  return `The ticket is ${escapeName(assignee?.name ?? '')}'s now, and ${status}: they are present, and fit for it.`;
}

/** A menu of members, for the menu of the card. */
export function askForMember({ ticketId }: TicketContext): Told {
  const menu = {
    type: ComponentType.UserSelect as const,
    custom_id: `${memberMenu}:${ticketId}`,
    placeholder: 'Who is to have it',
  };
  return {
    content: 'Give this ticket to:',
    components: [{ type: ComponentType.ActionRow, components: [menu] }],
  };
}

export const transferring: CommandModule = {
  command: {
    scope: 'ticket',
    needs: 'staff',
    data: {
      ...offered,
      name: 'transfer',
      description: 'Give this ticket to somebody else of the staff',
      options: [
        {
          type: ApplicationCommandOptionType.User,
          name: 'member',
          description: 'Who; left out: one of those who are present and fit',
          required: false,
        },
      ],
    },
    async run(context, { options }) {
      const member = options.getUser('member');
      return member ? transfer(context, member) : transferToAnybody(context);
    },
  },
  components: [
    {
      kind: 'action',
      name: memberMenu,
      scope: 'ticket',
      needs: 'staff',
      inPlace: true,
      async run(context, menu) {
        const member = menu.isUserSelectMenu() ? menu.users.first() : undefined;
        return member ? transfer(context, member) : 'Nobody was chosen.';
      },
    },
  ],
};
