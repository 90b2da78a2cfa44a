import { type SupportRole, supportRoles } from '../../src/contract/tickets.ts';
import { updateTicket } from '../../src/domain/tickets/update.ts';
import type { CommandModule } from './command.ts';
import { choice, offered } from './options.ts';

export const role: CommandModule = {
  command: {
    scope: 'ticket',
    needs: 'staff',
    data: {
      ...offered,
      name: 'role',
      description: 'Hand this ticket to another support role',
      options: [choice('role', 'Who sees the channel from now on', supportRoles)],
    },
    async run({ bridge, actor, ticketId }, command) {
      const support_role = command.options.getString('role', true) as SupportRole;
      const ticket = await updateTicket(bridge.ctx, actor, ticketId, { support_role });
      return `The ticket is ${ticket.issue_level}, for ${ticket.support_role}. Its channel is shown to them.`;
    },
  },
};
