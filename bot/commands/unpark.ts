import { ApplicationCommandOptionType } from 'discord.js';
import { findTicketByNumber } from '../../src/domain/tickets/read.ts';
import { unpark as unparkTicket } from '../outbound/places/parked.ts';
import type { CommandModule } from './command.ts';
import { offered } from './options.ts';
import { wayTo, whyElsewhere } from './ticket-lines.ts';

export const unpark: CommandModule = {
  command: {
    scope: 'guild',
    needs: 'staff',
    data: {
      ...offered,
      name: 'unpark',
      description: 'Bring back the channel of an idle ticket that was parked',
      options: [
        {
          type: ApplicationCommandOptionType.Integer,
          name: 'number',
          description: 'The number of the ticket',
          required: true,
          min_value: 1,
        },
      ],
    },
    async run({ bridge, actor }, { options }) {
      const asked = options.getInteger('number', true);
      const { id, number } = await findTicketByNumber(bridge.ctx, actor, asked);
      const channel = bridge.tickets.channelOf(id);
      if (channel) {
        return `Ticket #${number} is not parked: it is in ${wayTo(bridge, id, channel)}.`;
      }
      const elsewhere = await whyElsewhere(bridge, id);
      if (elsewhere) return elsewhere;
      if (await unparkTicket(bridge, id)) {
        return `Ticket #${number} gets its channel back, with what was said, when there is room.`;
      }
      return `Ticket #${number} is not parked.`;
    },
  },
};
