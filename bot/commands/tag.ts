import { sizes } from '../../src/contract/limits.ts';
import { updateTicketBody } from '../../src/contract/tickets.ts';
import { parseInput } from '../../src/domain/access/parse.ts';
import { getTicket } from '../../src/domain/tickets/read.ts';
import { changeTag } from '../../src/domain/tickets/tags.ts';
import { escapeName } from '../format.ts';
import type { CommandModule } from './command.ts';
import { matching, offered, sameName, subcommand, textOption } from './options.ts';

export const tag: CommandModule = {
  command: {
    scope: 'ticket',
    needs: 'staff',
    data: {
      ...offered,
      name: 'tag',
      description: 'Tags of this ticket; the customer does not see them',
      options: [
        subcommand('add', 'Add a tag', [
          textOption('tag', 'A word or two', { required: true, max: sizes.label }),
        ]),
        subcommand('remove', 'Take a tag off', [
          textOption('tag', 'One it has', { required: true, max: sizes.label, autocomplete: true }),
        ]),
      ],
    },
    async autocomplete({ bridge, actor, here }, interaction) {
      if (!here) return [];
      const { tags = [] } = await getTicket(bridge.ctx, actor, here);
      return matching(tags.map(sameName), interaction.options.getFocused());
    },
    async run({ bridge, actor, ticketId }, { options }) {
      const how = options.getSubcommand() === 'remove' ? 'remove' : 'add';
      const given = { tags: [options.getString('tag', true)] };
      const [wanted = ''] = parseInput(updateTicketBody, given, 'body').tags ?? [];
      const { tags = [] } = await changeTag(bridge.ctx, actor, ticketId, how, wanted);
      if (tags.length === 0) return 'The ticket has no tags now.';
      return `The tags are: ${tags.map((one) => escapeName(one)).join(', ')}.`;
    },
  },
};
