import { type IssueLevel, issueLevels } from '../../src/contract/tickets.ts';
import { updateTicket } from '../../src/domain/tickets/update.ts';
import type { CommandModule } from './command.ts';
import { choice, offered } from './options.ts';

export const level: CommandModule = {
  command: {
    scope: 'ticket',
    needs: 'staff',
    data: {
      ...offered,
      name: 'level',
      description: 'Change how urgent this ticket is',
      options: [choice('level', 'The new level; the channel moves to its category', issueLevels)],
    },
    async run({ bridge, actor, ticketId }, command) {
      const issue_level = command.options.getString('level', true) as IssueLevel;
      const ticket = await updateTicket(bridge.ctx, actor, ticketId, { issue_level });
      return `The ticket is ${ticket.issue_level}, for ${ticket.support_role}. Its channel moves there.`;
    },
  },
};
