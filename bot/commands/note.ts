import { ComponentType, TextInputStyle } from 'discord.js';
import { sizes } from '../../src/contract/limits.ts';
import { sendNote } from '../../src/domain/messages/notes.ts';
import { cardActions } from '../outbound/card/card.ts';
import type { CommandModule, TicketContext } from './command.ts';
import { offered, textOption } from './options.ts';

const noteForm = 'note-text';
const noteInput = 'text';

/** @param use the interaction it was written with: it is kept once */
async function keep({ bridge, actor, ticketId }: TicketContext, use: string, content: string) {
  // Not a message of the channel, so not that kind of key: it is to be posted there.
  const client_id = `note:${use}`;
  await sendNote(bridge.ctx, actor, ticketId, { content, client_id });
  return 'The note is kept, for staff only.';
}

export const note: CommandModule = {
  command: {
    scope: 'ticket',
    needs: 'staff',
    data: {
      ...offered,
      name: 'note',
      description: 'Keep a note on this ticket; the customer never sees it',
      options: [
        textOption('text', 'What staff are to know', { required: true, max: sizes.content }),
      ],
    },
    run: (context, command) => keep(context, command.id, command.options.getString('text', true)),
  },
  components: [
    {
      kind: 'form',
      name: cardActions.note,
      scope: 'ticket',
      needs: 'staff',
      form: ({ ticketId }) => ({
        custom_id: `${noteForm}:${ticketId}`,
        title: 'A note for staff',
        components: [
          {
            type: ComponentType.Label,
            label: 'Note',
            description: 'The customer never sees it',
            component: {
              type: ComponentType.TextInput,
              custom_id: noteInput,
              style: TextInputStyle.Paragraph,
              required: true,
              max_length: sizes.content,
            },
          },
        ],
      }),
    },
    {
      kind: 'submission',
      name: noteForm,
      scope: 'ticket',
      needs: 'staff',
      run: (context, form) => keep(context, form.id, form.fields.getTextInputValue(noteInput)),
    },
  ],
};
