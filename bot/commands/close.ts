import { ApplicationCommandOptionType, ComponentType, TextInputStyle } from 'discord.js';
import { sizes } from '../../src/contract/limits.ts';
import { closeTicket } from '../../src/domain/tickets/close.ts';
import { getTicket } from '../../src/domain/tickets/read.ts';
import { isOpen } from '../../src/domain/tickets/workflow.ts';
import { closeButton } from '../outbound/card.ts';
import type { CommandModule, TicketContext } from './command.ts';
import { offered } from './options.ts';

const reasonForm = 'close-reason';
const reasonInput = 'reason';

/** Says what will happen, as far as it is known: the rest of the closing is the outbound side's. */
function outlook({ bridge, ticketId, unread }: TicketContext): string {
  const problem = bridge.tickets.known(ticketId)?.mirror.problem;
  const transcript = problem
    ? `The transcript cannot be made yet: ${problem}.`
    : 'The transcript is being made.';
  if (!unread) return transcript;
  return `${transcript} What was written here last could not be read yet (${unread}): the channel stays until it could.`;
}

async function close(context: TicketContext, reason: string | null): Promise<string> {
  const { bridge, actor, ticketId } = context;
  const before = await getTicket(bridge.ctx, actor, ticketId);
  if (!isOpen(before)) return `The ticket is closed already. ${outlook(context)}`;
  await closeTicket(bridge.ctx, actor, ticketId, { reason: reason?.trim() || null });
  return `The ticket is closed. ${outlook(context)}`;
}

export const closing: CommandModule = {
  command: {
    scope: 'ticket',
    needs: 'staff',
    inOrder: true,
    data: {
      ...offered,
      name: 'close',
      description: 'Close this ticket',
      options: [
        {
          type: ApplicationCommandOptionType.String,
          name: 'reason',
          description: 'Why; the customer sees it',
          max_length: sizes.reason,
          required: false,
        },
      ],
    },
    run: (context, command) => close(context, command.options.getString('reason')),
  },
  components: [
    {
      kind: 'form',
      name: closeButton,
      scope: 'ticket',
      needs: 'staff',
      form: ({ ticketId }) => ({
        custom_id: `${reasonForm}:${ticketId}`,
        title: 'Close the ticket',
        components: [
          {
            type: ComponentType.Label,
            label: 'Reason',
            description: 'The customer sees it',
            component: {
              type: ComponentType.TextInput,
              custom_id: reasonInput,
              style: TextInputStyle.Paragraph,
              required: false,
              max_length: sizes.reason,
            },
          },
        ],
      }),
    },
    {
      kind: 'submission',
      name: reasonForm,
      scope: 'ticket',
      needs: 'staff',
      inOrder: true,
      async run(context, form, [ticketId]) {
        if (ticketId !== context.ticketId) return 'This form belongs to another ticket.';
        return close(context, form.fields.getTextInputValue(reasonInput));
      },
    },
  ],
};
