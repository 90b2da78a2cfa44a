import {
  type APIApplicationCommandUserOption,
  ApplicationCommandOptionType,
  type User,
} from 'discord.js';
import { recordGuest } from '../../src/domain/tickets/guests.ts';
import { AppError } from '../../src/errors.ts';
import { escapeName } from '../format.ts';
import { MOST_GUESTS } from '../guests.ts';
import { guildOf } from '../inbound/writers.ts';
import { isInForum, type MirroredTicket } from '../mirrored-tickets.ts';
import { fetchPerson, isStaff } from '../people.ts';
import type { CommandModule, TicketContext } from './command.ts';
import { offered, subcommand } from './options.ts';
import { inTicketTurn } from './ticket-turn.ts';

const who: APIApplicationCommandUserOption = {
  type: ApplicationCommandOptionType.User,
  name: 'user',
  description: 'Somebody of this server without a role of the staff',
  required: true,
};

const refused = (why: string) => new AppError('CONFLICT', why);

/** The channel follows what the mirror's row says, whatever becomes of this process. */
async function saveMembers(
  { bridge, ticketId }: TicketContext,
  ticket: MirroredTicket,
  members: NonNullable<MirroredTicket['mirror']['members']>,
) {
  await bridge.tickets.save(ticket, { members });
  bridge.outbound.schedule(ticketId);
}

async function add(context: TicketContext, ticket: MirroredTicket, user: User): Promise<string> {
  const { bridge, actor, ticketId } = context;
  const name = escapeName(user.displayName);
  const members = ticket.mirror.members ?? [];
  if (members.some(({ id }) => id === user.id)) return `${name} is in already.`;
  if (user.bot) throw refused('a bot cannot be let in');
  if (isInForum(ticket.mirror)) {
    throw refused('this is a post of a forum: whoever sees it sees the other tickets there, too');
  }
  const person = await fetchPerson(guildOf(bridge), user);
  if (isStaff(bridge.settings, person)) throw refused(`${name} has a role of the staff already`);
  if (members.length >= MOST_GUESTS) throw refused(`a ticket takes ${MOST_GUESTS} guests`);
  const guest = { id: person.id, name: person.name };
  await recordGuest(bridge.ctx, actor, ticketId, 'guest_added', guest);
  await saveMembers(context, ticket, [...members, guest]);
  return `${name} sees this channel now. What they write here is a note: it never reaches the customer.`;
}

async function remove(context: TicketContext, ticket: MirroredTicket, user: User): Promise<string> {
  const { bridge, actor, ticketId } = context;
  const members = ticket.mirror.members ?? [];
  const guest = members.find(({ id }) => id === user.id);
  if (!guest) throw refused(`${escapeName(user.displayName)} was not let in here by /member`);
  await recordGuest(bridge.ctx, actor, ticketId, 'guest_removed', guest);
  await saveMembers(
    context,
    ticket,
    members.filter((one) => one !== guest),
  );
  return `${escapeName(guest.name)} does not see this channel any more.`;
}

export const member: CommandModule = {
  command: {
    scope: 'ticket',
    needs: 'staff',
    data: {
      ...offered,
      name: 'member',
      description: 'Let somebody without a role of the staff into this channel, for notes alone',
      options: [
        subcommand('add', 'Let them in', [who]),
        subcommand('remove', 'Let them in no more', [who]),
      ],
    },
    run(context, { options }) {
      const user = options.getUser('user', true);
      const change = options.getSubcommand() === 'remove' ? remove : add;
      return inTicketTurn(context, (ticket) => change(context, ticket, user));
    },
  },
};
