import type { Author, Ticket } from '../../src/domain/log/entry.ts';
import { elapsed } from '../../src/domain/tickets/service-clock.ts';
import { isOpen } from '../../src/domain/tickets/workflow.ts';
import type { TicketHistory } from './desk-history.ts';
import { drawText, type Random } from './desk-text.ts';

const AGENTS = 40;
const DAY_MS = 86_400_000;
const tags = ['vip', 'refund', 'bug', 'late', 'abroad', 'gift'];

/** What happens to a ticket, to a message of staff. */
const share = {
  assigned: 0.3,
  tagged: 0.25,
  waits: 0.1,
  notes: 0.05,
  closed: 0.75,
  resolved: 0.05,
  withdrawn: 0.03,
  reopened: 0.03,
  rated: 0.3,
  snoozed: 0.02,
};

export const agents: readonly Author[] = Array.from({ length: AGENTS }, (_, nth) => ({
  key: `staff||agent-${nth}`,
  id: `agent-${nth}`,
  name: `Agent ${nth}`,
  role: 'AGENT',
}));

export const pick = <T>(random: Random, values: readonly T[]): T =>
  values[Math.floor(random() * values.length)] as T;

const heldBy = ({ key, id, name }: Author) => ({ assigned_to: id, assignee: { key, id, name } });

/** What an answer of staff changes, by `auto-status`. */
function afterStaff(agent: Author, ticket: Ticket, at: number): Partial<Ticket> {
  const isFirst = ticket.first_response_at === null;
  const times = { first_response_at: at, response_time: elapsed(ticket.clock, at) };
  if (!['OPEN', 'ASSIGNED', 'REOPENED'].includes(ticket.status)) return isFirst ? times : {};
  const taken = ticket.assigned_to === null ? heldBy(agent) : {};
  return { ...(isFirst && times), ...taken, status: 'IN_PROGRESS' };
}

function talk(history: TicketHistory, random: Random, agent: Author): void {
  if (random() < 0.5) {
    history.write('public', history.customer);
    if (history.ticket.status !== 'WAITING') return;
    const to = () => ({ status: 'IN_PROGRESS' as const });
    history.set({ action: 'answered', author: history.customer, to });
    return;
  }
  history.write('public', agent);
  history.set({
    action: 'answered',
    author: agent,
    to: (ticket, at) => afterStaff(agent, ticket, at),
  });
  if (random() >= share.waits || history.ticket.status !== 'IN_PROGRESS') return;
  history.set({ action: 'status_set', author: agent, to: () => ({ status: 'WAITING' }) });
}

/** What waits for approval: its customer writes, and half of them are refused. */
function waitForApproval(history: TicketHistory, messages: number, random: Random): void {
  for (let nth = 0; nth < messages; nth++) history.write('public', history.customer);
  if (random() < 0.5) return;
  const rejection_reason = drawText(random, 5, history.language);
  const to = () => ({ status: 'REJECTED' as const, rejection_reason });
  history.set({ action: 'rejected', author: pick(random, agents), to });
}

function end(history: TicketHistory, random: Random, agent: Author): void {
  const close = () => {
    const close_reason = random() < 0.5 ? drawText(random, 5, history.language) : null;
    history.set({
      action: 'closed',
      author: agent,
      to: () => ({ status: 'CLOSED', close_reason }),
    });
  };
  const chance = random();
  if (chance < share.resolved && history.ticket.status === 'IN_PROGRESS') {
    history.set({ action: 'status_set', author: agent, to: () => ({ status: 'RESOLVED' }) });
  } else if (chance < share.resolved + share.withdrawn) {
    const to = () => ({ status: 'WITHDRAWN' as const });
    history.set({ action: 'withdrawn', author: history.customer, to });
  } else if (chance < share.resolved + share.withdrawn + share.closed) {
    close();
    if (random() < share.reopened) {
      const to = () => ({ status: 'REOPENED' as const });
      history.set({ action: 'reopened', author: history.customer, to });
      talk(history, random, agent);
      if (random() < 0.5) close();
    }
    if (random() >= share.rated || history.ticket.status !== 'CLOSED') return;
    const score = 1 + Math.floor(random() * 5);
    const to = (_: Ticket, at: number) => ({ rating: { score, comment: null, at, first: at } });
    history.set({ action: 'rated', author: history.customer, to });
  }
}

/**
 * Lets a ticket go through what most tickets do: it is assigned or taken, tagged, talked about, waited
 * with, closed, rated, now and then opened again.
 * @returns how many notes were written
 */
export function live(history: TicketHistory, messages: number, random: Random): number {
  if (history.ticket.status === 'NEW') {
    waitForApproval(history, messages, random);
    return 0;
  }
  const agent = pick(random, agents);
  let notes = 0;
  if (random() < share.assigned) {
    const to = () => ({ ...heldBy(agent), status: 'ASSIGNED' as const });
    history.set({ action: 'assigned', author: agent, to });
  }
  if (random() < share.tagged) {
    const own = tags.filter(() => random() < 0.3);
    history.set({ action: 'tagged', author: agent, stream: 'internal', to: () => ({ tags: own }) });
  }
  for (let nth = 0; nth < messages; nth++) {
    talk(history, random, agent);
    if (random() >= share.notes) continue;
    history.write('internal', agent);
    notes++;
  }
  end(history, random, agent);
  if (isOpen(history.ticket) && random() < share.snoozed) {
    const to = (_: Ticket, at: number) => ({ snoozed_until: at + DAY_MS });
    history.set({ action: 'snoozed', author: agent, stream: 'internal', to });
  }
  history.settle();
  return notes;
}
