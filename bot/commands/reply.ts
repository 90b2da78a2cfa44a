import { sizes } from '../../src/contract/limits.ts';
import { sendMessage } from '../../src/domain/messages/send.ts';
import type { CommandModule } from './command.ts';
import { offered, textOption } from './options.ts';

export const reply: CommandModule = {
  command: {
    scope: 'ticket',
    needs: 'staff',
    inOrder: true,
    data: {
      ...offered,
      name: 'reply',
      description: 'Answer the customer of this ticket, whatever plain messages are here',
      options: [textOption('text', 'What they read', { required: true, max: sizes.content })],
    },
    async run({ bridge, actor, ticketId }, { id: use, options }) {
      const content = options.getString('text', true);
      // Not a message of the channel, so not that kind of key: it is to be posted there.
      await sendMessage(bridge.ctx, actor, ticketId, { content, client_id: `reply:${use}` });
      return 'The customer has it, in your name; it is posted here too.';
    },
  },
};
