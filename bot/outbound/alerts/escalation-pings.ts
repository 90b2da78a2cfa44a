import { ButtonStyle, ComponentType } from 'discord.js';
import type { SupportRole } from '../../../src/contract/tickets.ts';
import { listOnCall } from '../../../src/domain/agents/on-call.ts';
import type { Entry, TicketChangeEntry } from '../../../src/domain/log/entry.ts';
import { isOpen } from '../../../src/domain/tickets/workflow.ts';
import type { Bridge } from '../../bridge.ts';
import { systemLine } from '../../format.ts';
import type { MirroredTicket } from '../../mirrored-tickets.ts';
import { deliver } from '../../posting.ts';
import type { Row } from '../card/card.ts';
import { commit } from '../commits.ts';
import { failureOf } from '../posts/refusals.ts';
import { mentionsOf } from './on-call.ts';

const KEY = 'escalation ';

type Escalation = TicketChangeEntry & { role: SupportRole };

/** The entry of the internal log with which a ticket rises to a role, and the role. */
export function escalationOf(entry: Entry): Escalation | undefined {
  if (entry.type !== 'ticket_change' || entry.stream !== 'internal') return undefined;
  const role = entry.changes.escalation?.[1] as SupportRole | null | undefined;
  return role ? { ...entry, role } : undefined;
}

/** True where a call may stand in the channel that is not written down: it is looked for before anything else. */
export function isCallInDoubt({ mirror }: MirroredTicket): boolean {
  return mirror.attempt?.key.startsWith(KEY) ?? false;
}

function textOf({ action, data }: TicketChangeEntry): string {
  if (action !== 'sla_breach') return 'Nobody has said yet that they see to what is overdue here.';
  const what = data?.target === 'resolution' ? 'The resolution' : 'The first answer';
  return `${what} of this ticket is overdue.`;
}

/** The button that keeps it from rising further. */
function acknowledgeRow(ticketId: string): Row {
  return {
    type: ComponentType.ActionRow,
    components: [
      {
        type: ComponentType.Button,
        style: ButtonStyle.Primary,
        label: 'Acknowledge',
        custom_id: `acknowledge:${ticketId}`,
      },
    ],
  };
}

/** Whether it is still with that role: not if somebody sees to it, or it has risen further meanwhile. */
async function isStillWith(bridge: Bridge, { ticket_id, role }: Escalation): Promise<boolean> {
  const row = await bridge.ctx.store.readTicketRow(ticket_id);
  return row !== undefined && isOpen(row) && row.escalation === role;
}

/**
 * Calls the role a ticket has risen to, in its channel, once. The attempt is written down before, and the
 * message's place together with the log's offset.
 */
export async function callRole(
  bridge: Bridge,
  ticket: MirroredTicket,
  escalation: Escalation,
): Promise<void> {
  const internal_seq = escalation.seq;
  const roleId = bridge.settings.roles[escalation.role];
  const channelId = ticket.mirror.channel_id;
  if (!channelId || !roleId || !(await isStillWith(bridge, escalation))) {
    return commit(bridge, ticket, 'internal', { internal_seq });
  }
  const { people: users } = await listOnCall(bridge.ctx, escalation.role, bridge.settings.guildId);
  const text = textOf(escalation);
  const called = [`<@&${roleId}>`, ...(users.length > 0 ? [mentionsOf(users)] : [])].join(' ');
  const content = systemLine(`${called} ${text}`);
  // Who is on call may be others by now than in an attempt before.
  const start = systemLine(`<@&${roleId}>`);
  const outcome = await deliver(bridge, ticket, {
    channelId,
    key: KEY + escalation.id,
    body: { content, components: [acknowledgeRow(ticket.id)] },
    calls: { roles: [roleId], users },
    stream: 'internal',
    isIt: (message) => message.content.startsWith(start) && message.content.endsWith(text),
  });
  if (outcome.end === 'gone') throw failureOf(bridge, ticket, channelId, outcome);
  if (outcome.end === 'refused') {
    bridge.log.warn({ ticket: ticket.id, reason: outcome.error.message }, 'a role was not called');
    return commit(bridge, ticket, 'internal', { internal_seq });
  }
  const place = outcome.value ? { last_post: outcome.value } : {};
  await commit(bridge, ticket, 'internal', { internal_seq, ...place });
  bridge.ctx.failpoint('after-record');
}
