import { AppError } from '../../src/errors.ts';
import { MOST_ALERTED, toggleAlert } from '../outbound/alerts/alerts.ts';
import type { CommandModule } from './command.ts';
import { offered } from './options.ts';
import { inTicketTurn } from './ticket-turn.ts';

export const alert: CommandModule = {
  command: {
    scope: 'ticket',
    needs: 'staff',
    data: {
      ...offered,
      name: 'alert',
      description:
        'Be named with the next message of the customer in this ticket, once; again: not',
    },
    async run(context, { user }) {
      const is = await inTicketTurn(context, (ticket) =>
        toggleAlert(context.bridge, ticket, user.id),
      );
      if (is === 'full') {
        throw new AppError('CONFLICT', `${MOST_ALERTED} people wait for it here already`);
      }
      return is
        ? 'You are named here with the next message of the customer, once. /alert again takes it back.'
        : 'You are not named with the next message of the customer.';
    },
  },
};
