import { Types } from 'mongoose';
import type { AppContext } from '../../src/context.ts';
import {
  issueLevels,
  supportRoles,
  type TicketStatus,
  ticketStatuses,
} from '../../src/contract/ticket-words.ts';
import { atInsertion } from '../../src/domain/log/cluster-clock.ts';
import { newTicketFields, type TicketRow } from '../../src/models/ticket.ts';
import { seededRandom } from './random.ts';

const priorities = {
  NORMAL: ['LOW', 'MEDIUM'],
  URGENT: ['HIGH'],
  CRITICAL: ['URGENT'],
} as const;
const categories = ['TECHNICAL', 'BILLING', 'ACCOUNT', 'GENERAL', null];
const tags = ['vip', 'refund', 'bug', 'late'];
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const AT_ONCE = 2000;

/**
 * Puts tickets in that differ in everything lists go by: ten owners, three staff members, one ticket a
 * minute up to `until`.
 */
export async function insertTickets(
  ctx: AppContext,
  count: number,
  { seed = 1, until = Date.now() } = {},
): Promise<TicketRow[]> {
  const random = seededRandom(seed);
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
  const staff = ['kim', 'lee', 'mo'].map((id) => ({ key: `staff||${id}`, id, name: id }));
  const rows = Array.from({ length: count }, (_, n): TicketRow => {
    const created_at = until - (count - n) * MINUTE;
    const status = pick<TicketStatus>([...ticketStatuses, 'OPEN', 'CLOSED', 'CLOSED']);
    const issue_level = pick(issueLevels);
    const closed_at = status === 'CLOSED' ? created_at + MINUTE : null;
    const described = { issue_level, created_at, status, status_seq: 0, closed_at };
    const assignee = pick([null, ...staff]);
    const owner = `owner-${Math.floor(random() * 10)}`;
    return {
      _id: new Types.ObjectId(
        Math.floor(created_at / 1000)
          .toString(16)
          .padStart(8, '0') + n.toString(16).padStart(16, '0'),
      ),
      number: 1_000_000 + n,
      stored: atInsertion,
      owner,
      partner: null,
      user_id: owner,
      username: owner,
      email: null,
      user_role: 'CUSTOMER',
      topic: `T${n}`,
      description: 'D',
      support_role: pick(supportRoles),
      updated_at: created_at + Math.floor(random() * 100) * MINUTE,
      close_reason: null,
      client_id: `generated-${n}`,
      ...newTicketFields(described),
      ...described,
      priority: pick(priorities[issue_level]),
      category: pick(categories),
      assignee,
      assigned_to: assignee?.id ?? null,
      tags: tags.filter(() => random() < 0.1),
      sla_state: pick(['running', 'due', 'breached', null]),
      // Several at one moment, and some of which nothing is due.
      sla_due_at: random() < 0.2 ? null : created_at + Math.floor(random() * 50) * HOUR,
    };
  });
  for (let from = 0; from < count; from += AT_ONCE) {
    await ctx.db.tickets.collection.insertMany(rows.slice(from, from + AT_ONCE) as never);
  }
  return rows;
}
