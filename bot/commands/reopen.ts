import { ApplicationCommandOptionType } from 'discord.js';
import { sizes } from '../../src/contract/limits.ts';
import { reopenTicketBody } from '../../src/contract/ticket-verbs.ts';
import { parseInput } from '../../src/domain/access/parse.ts';
import { findTicketByNumber } from '../../src/domain/tickets/read.ts';
import { reopenTicket } from '../../src/domain/tickets/status.ts';
import type { CommandModule } from './command.ts';
import { offered, textOption } from './options.ts';
import { whyElsewhere } from './ticket-lines.ts';

export const reopen: CommandModule = {
  command: {
    scope: 'guild',
    needs: 'staff',
    data: {
      ...offered,
      name: 'reopen',
      description: 'Open a ticket again that was resolved or closed',
      options: [
        {
          type: ApplicationCommandOptionType.Integer,
          name: 'number',
          description: 'The number of the ticket; left out: the one of this channel',
          required: false,
          min_value: 1,
        },
        textOption('reason', 'Stands in the history; the customer sees it', { max: sizes.reason }),
      ],
    },
    async run({ bridge, actor, here }, { options }) {
      const number = options.getInteger('number');
      const id = number ? (await findTicketByNumber(bridge.ctx, actor, number)).id : here;
      if (!id) return "This is not an open ticket's channel: say which number.";
      const elsewhere = await whyElsewhere(bridge, id);
      if (elsewhere) return elsewhere;
      const given = { reason: options.getString('reason') ?? undefined };
      const { reason } = parseInput(reopenTicketBody, given, 'body');
      const ticket = await reopenTicket(bridge.ctx, actor, id, reason);
      const channel = bridge.tickets.channelOf(id);
      const where = channel ? `It is in <#${channel}>.` : 'It gets a channel with what was said.';
      return `Ticket #${ticket.number} is open again. ${where}`;
    },
  },
};
