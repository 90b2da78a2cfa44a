import { sizes } from '../../src/contract/limits.ts';
import { requestClosingBody, setStatusBody } from '../../src/contract/ticket-verbs.ts';
import { issueLevels, supportRoles, updateTicketBody } from '../../src/contract/tickets.ts';
import { parseInput } from '../../src/domain/access/parse.ts';
import { listCategories } from '../../src/domain/categories/categories.ts';
import { listPriorities } from '../../src/domain/priorities/priorities.ts';
import { acknowledgeEscalation } from '../../src/domain/sla/escalation.ts';
import { claimTicket, unclaimTicket } from '../../src/domain/tickets/assign.ts';
import { requestClosing } from '../../src/domain/tickets/close-request.ts';
import { getTicket } from '../../src/domain/tickets/read.ts';
import { snoozeTicket } from '../../src/domain/tickets/snooze.ts';
import { setStatus } from '../../src/domain/tickets/status.ts';
import { updateTicket } from '../../src/domain/tickets/update.ts';
import { movesFrom } from '../../src/domain/tickets/workflow.ts';
import { escapeName } from '../format.ts';
import { timestamp } from '../outbound/card/card-fields.ts';
import type { TicketContext } from './command.ts';
import { choice, sameName, textOption } from './options.ts';
import { requireMoment } from './times.ts';
import type { Given, Verb } from './verb.ts';

/** Sets fields of the ticket to what was given for the options of the same names. */
const update =
  (...fields: readonly string[]) =>
  ({ bridge, actor, ticketId }: TicketContext, given: Given) => {
    const body = Object.fromEntries(fields.map((name) => [name, given(name)]));
    return updateTicket(bridge.ctx, actor, ticketId, parseInput(updateTicketBody, body, 'body'));
  };

const moveTo =
  (to?: string) =>
  ({ bridge, actor, ticketId }: TicketContext, given: Given) => {
    const body = { status: to ?? given('status'), comment: given('comment') };
    return setStatus(bridge.ctx, actor, ticketId, parseInput(setStatusBody, body, 'body'));
  };

const unarchived = (rows: readonly { name: string; archived: boolean }[]) =>
  rows.filter(({ archived }) => !archived).map(({ name }) => sameName(name));

const comment = (what: string) => textOption('comment', what, { max: sizes.comment });
const snoozes = ['1h', '4h', '1d', '3d', '1w', 'off'].map(sameName);

/** Every verb of a ticket that takes no more than a word or two. */
export const verbs: readonly Verb[] = [
  {
    name: 'claim',
    description: 'Take this ticket to work on it',
    button: true,
    act: ({ bridge, actor, ticketId }) => claimTicket(bridge.ctx, actor, ticketId),
    says: ({ status }) => `The ticket is yours now, and ${status}. The card says so.`,
  },
  {
    name: 'unclaim',
    description: 'Give this ticket back',
    button: true,
    act: ({ bridge, actor, ticketId }) => unclaimTicket(bridge.ctx, actor, ticketId),
    says: ({ status }) =>
      `The ticket is nobody's now, and ${status}. Whoever answers it next has it.`,
  },
  {
    name: 'level',
    description: 'Change how urgent this ticket is',
    options: [choice('level', 'The new level; the channel moves to its category', issueLevels)],
    button: true,
    act: (context, given) => update('issue_level')(context, () => given('level')),
    says: ({ issue_level, support_role }) =>
      `The ticket is ${issue_level}, for ${support_role}. Its channel moves there.`,
  },
  {
    name: 'role',
    description: 'Hand this ticket to another support role',
    options: [choice('role', 'Who sees the channel from now on', supportRoles)],
    menu: 'Support role',
    suggest: async () => supportRoles.map(sameName),
    act: (context, given) => update('support_role')(context, () => given('role')),
    says: ({ issue_level, support_role }) =>
      `The ticket is ${issue_level}, for ${support_role}. Its channel is shown to them.`,
  },
  {
    name: 'priority',
    description: 'Set the priority, and the level with it',
    options: [textOption('priority', 'One of the desk', { required: true, autocomplete: true })],
    menu: 'Priority',
    suggest: async ({ bridge }) => unarchived(await listPriorities(bridge.ctx)).toReversed(),
    act: update('priority'),
    says: ({ priority, issue_level }) =>
      `The priority is ${escapeName(priority)}, the level ${issue_level}. Its times count from the beginning of the ticket.`,
  },
  {
    name: 'category',
    description: 'Say what this ticket is about',
    options: [
      textOption('category', 'One of the desk', { required: true, autocomplete: true }),
      textOption('sub_category', 'A word or two', { max: sizes.label }),
    ],
    menu: 'Category',
    suggest: async ({ bridge }) => unarchived(await listCategories(bridge.ctx)),
    act: update('category', 'sub_category'),
    says: ({ category }) => `The category is ${escapeName(category ?? 'none')}.`,
  },
  {
    name: 'topic',
    description: 'Give this ticket another topic; the customer sees it',
    options: [textOption('topic', 'The new one', { required: true, max: sizes.topic })],
    act: update('topic'),
    says: ({ topic }) => `The topic is now: ${escapeName(topic, sizes.topic)}`,
  },
  {
    name: 'schedule',
    description: 'Set the day on which something is to be done; the customer sees it',
    options: [textOption('date', 'YYYY-MM-DD', { required: true })],
    act: (context, given) => update('scheduled_date')(context, () => given('date')),
    says: ({ scheduled_date }) => `The ticket is scheduled for ${scheduled_date}.`,
  },
  {
    name: 'status',
    description: 'Move this ticket to another status',
    options: [
      textOption('status', 'Where it may go from here', { required: true, autocomplete: true }),
      comment('Why: in the history, and the reason of an ending; the customer sees it'),
    ],
    inOrder: true,
    menu: 'Status',
    async suggest({ bridge, actor, ticketId }) {
      const { status } = await getTicket(bridge.ctx, actor, ticketId);
      return movesFrom(status).map(sameName);
    },
    act: moveTo(),
    says: ({ status }) => `The ticket is ${status} now; its customer sees that.`,
  },
  {
    name: 'resolve',
    description: 'Say that this ticket is resolved; the customer may still write',
    options: [comment('What was done; the customer sees it')],
    inOrder: true,
    menu: 'Resolve',
    act: moveTo('RESOLVED'),
    says: () => 'The ticket is RESOLVED. If its customer writes again, it is reopened.',
  },
  {
    name: 'close-request',
    description: 'Ask the customer whether this ticket may be closed',
    options: [comment('Stands in the history; the customer sees it')],
    inOrder: true,
    menu: 'Ask to close',
    act({ bridge, actor, ticketId }, given) {
      const body = parseInput(requestClosingBody, { comment: given('comment') }, 'body');
      return requestClosing(bridge.ctx, actor, ticketId, body.comment);
    },
    says: () =>
      'The customer is asked whether it is solved. Yes closes the ticket; a message takes the question back.',
  },
  {
    name: 'snooze',
    description: 'Put this ticket aside for a while; the customer does not see it',
    options: [
      textOption('until', '2h, 3d, 2026-01-31 09:00 (UTC), or off', {
        required: true,
        autocomplete: true,
      }),
    ],
    menu: 'Snooze',
    suggest: async () => snoozes,
    act({ bridge, actor, ticketId }, given) {
      const until = given('until')?.trim() ?? '';
      const isOff = until.toLowerCase() === 'off';
      const at = isOff ? null : requireMoment('until', until, bridge.ctx.clock());
      return snoozeTicket(bridge.ctx, actor, ticketId, at);
    },
    says: ({ snoozed_until }) =>
      snoozed_until
        ? `The ticket is left out of /queue until ${timestamp(snoozed_until)} (${timestamp(snoozed_until, 'R')}). Its clocks run on.`
        : 'The ticket is not put aside any more.',
  },
  {
    name: 'acknowledge',
    description: 'Say that you see to what is overdue here: no further role is called',
    button: true,
    act: ({ bridge, actor, ticketId }) => acknowledgeEscalation(bridge.ctx, actor, ticketId),
    says: () => 'Noted: no further role is called, until the next promise breaks.',
  },
];
