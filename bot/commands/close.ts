import {
  ApplicationCommandOptionType,
  ButtonStyle,
  ComponentType,
  TextInputStyle,
} from 'discord.js';
import { sizes } from '../../src/contract/limits.ts';
import { scheduleClosingBody } from '../../src/contract/ticket-verbs.ts';
import type { TicketView } from '../../src/contract/tickets.ts';
import { parseInput } from '../../src/domain/access/parse.ts';
import {
  cancelClosing,
  closeAfterMoment,
  scheduleClosing,
} from '../../src/domain/tickets/closing.ts';
import { getTicket } from '../../src/domain/tickets/read.ts';
import { isOpen } from '../../src/domain/tickets/workflow.ts';
import { escapeName, systemLine } from '../format.ts';
import { cardActions, type Row } from '../outbound/card/card.ts';
import { timestamp } from '../outbound/card/card-fields.ts';
import { postNotice } from '../posting.ts';
import type { CommandModule, Component, TicketContext, Told } from './command.ts';
import { offered, textOption } from './options.ts';
import { requireDelay } from './times.ts';

const reasonForm = 'close-reason';
const reasonInput = 'reason';
const undoButton = 'undo';
const told = 'told';

/** In this time a closing can be undone, in milliseconds. */
const UNDO_MS = 10_000;

/** Says what will happen, as far as it is known: the rest of the closing is the outbound side's. */
function outlook({ bridge, ticketId, unread }: TicketContext, isClosed = true): string {
  const problem = bridge.tickets.known(ticketId)?.mirror.problem;
  const transcript = problem
    ? `The transcript cannot be made yet: ${problem}.`
    : isClosed
      ? 'The transcript is being made.'
      : 'Then the transcript is made, and the channel goes.';
  if (!unread) return transcript;
  return `${transcript} What was written here last could not be read yet (${unread}): the channel stays until it could.`;
}

/** What calls a closing off; one that the channel was told of is called off there, too. */
function undoRow(ticketId: string, isTold: boolean): Row {
  return {
    type: ComponentType.ActionRow,
    components: [
      {
        type: ComponentType.Button,
        style: ButtonStyle.Secondary,
        label: 'Undo',
        custom_id: `${undoButton}:${ticketId}${isTold ? `:${told}` : ''}`,
      },
    ],
  };
}

interface Closing {
  reason: string | null;
  /** A length of time, as it was typed. */
  delay?: string | null;
  silent?: boolean | null;
}

/** Tells colleagues in the channel of what the card does not say. */
async function tellColleagues(
  { bridge, actor, ticketId }: TicketContext,
  key: string,
  what: string,
  components: Row[] = [],
): Promise<void> {
  const channelId = bridge.tickets.channelOf(ticketId);
  const line = systemLine(`${escapeName(actor.username)} ${what}`);
  if (!channelId) return;
  await postNotice(bridge, channelId, `${key} ${ticketId}`, line, undefined, components);
}

/** Closes later; the channel has the button that calls it off until then. */
async function closeLater(context: TicketContext, { reason, delay, silent }: Closing) {
  const { bridge, actor, ticketId } = context;
  const in_ms = requireDelay('in', delay ?? '');
  const body = { in_ms, reason, silent: silent ?? false };
  const parsed = parseInput(scheduleClosingBody, body, 'body');
  const ticket = await scheduleClosing(bridge.ctx, actor, ticketId, parsed);
  const due = ticket.closing_due_at ?? 0;
  const who = silent ? 'its customer is not told before' : 'its customer knows';
  const what = `has this ticket closed ${timestamp(due)}: ${who}.`;
  await tellColleagues(context, `closing ${due}`, what, [undoRow(ticketId, true)]);
  return ticket;
}

async function close(context: TicketContext, closing: Closing): Promise<Told> {
  const { bridge, actor, ticketId } = context;
  const before = await getTicket(bridge.ctx, actor, ticketId);
  if (!isOpen(before)) return `The ticket is closed already. ${outlook(context)}`;
  const reason = closing.reason?.trim() || null;
  const ticket: TicketView = closing.delay
    ? await closeLater(context, { ...closing, reason })
    : await closeAfterMoment(bridge.ctx, actor, ticketId, reason, UNDO_MS);
  const { closing_due_at: due } = ticket;
  if (!due) return `The ticket is closed. ${outlook(context)}`;
  return {
    content: `The ticket closes ${timestamp(due, 'R')}. ${outlook(context, false)}`,
    components: [undoRow(ticketId, Boolean(closing.delay))],
  };
}

async function undo(context: TicketContext, isTold: boolean): Promise<string> {
  const { bridge, actor, ticketId } = context;
  const before = await getTicket(bridge.ctx, actor, ticketId);
  if (!isOpen(before)) return 'It is too late: the ticket is closed. /reopen opens it again.';
  if (!before.closing_due_at) return 'The ticket is not going to be closed.';
  await cancelClosing(bridge.ctx, actor, ticketId);
  const key = `no closing ${before.closing_due_at}`;
  if (isTold)
    await tellColleagues(context, key, 'has called the closing off: the ticket stays open.');
  return 'Undone: the ticket stays open.';
}

const components: readonly Component[] = [
  {
    kind: 'form',
    name: cardActions.close,
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
    run: (context, form) => close(context, { reason: form.fields.getTextInputValue(reasonInput) }),
  },
  {
    kind: 'action',
    name: undoButton,
    scope: 'ticket',
    needs: 'staff',
    inPlace: true,
    run: (context, _button, [, how]) => undo(context, how === told),
  },
];

export const closing: CommandModule = {
  command: {
    scope: 'ticket',
    needs: 'staff',
    inOrder: true,
    data: {
      ...offered,
      name: 'close',
      description: 'Close this ticket; for ten seconds it can be undone',
      options: [
        textOption('reason', 'Why; the customer sees it', { max: sizes.reason }),
        textOption('in', 'Later: 10m, 2h, 3d, at most 30 days'),
        {
          type: ApplicationCommandOptionType.Boolean,
          name: 'silent',
          description: 'With a later time: the customer is not told before',
          required: false,
        },
      ],
    },
    run: (context, { options }) =>
      close(context, {
        reason: options.getString('reason'),
        delay: options.getString('in'),
        silent: options.getBoolean('silent'),
      }),
  },
  components,
};
