import { ApplicationCommandOptionType } from 'discord.js';
import { sizes } from '../../src/contract/limits.ts';
import { sendNote } from '../../src/domain/messages/notes.ts';
import type { CommandModule } from './command.ts';
import { offered } from './options.ts';

export const note: CommandModule = {
  command: {
    scope: 'ticket',
    needs: 'staff',
    data: {
      ...offered,
      name: 'note',
      description: 'Keep a note on this ticket; the customer never sees it',
      options: [
        {
          type: ApplicationCommandOptionType.String,
          name: 'text',
          description: 'What staff are to know',
          max_length: sizes.content,
          required: true,
        },
      ],
    },
    async run({ bridge, actor, ticketId }, command) {
      const content = command.options.getString('text', true);
      // Not a message of the channel, so not that kind of key: it is to be posted there.
      const client_id = `note:${command.id}`;
      await sendNote(bridge.ctx, actor, ticketId, { content, client_id });
      return 'The note is kept, for staff only.';
    },
  },
};
