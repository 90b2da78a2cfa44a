import { LRUCache } from 'lru-cache';
import type { Actor } from '../../src/domain/access/actor.ts';
import { findAgent } from '../../src/domain/agents/agents.ts';
import type { Bridge } from '../bridge.ts';
import { escapeName, systemLine } from '../format.ts';
import type { MirroredTicket } from '../mirrored-tickets.ts';
import { postNotice } from '../posting.ts';

/** People and tickets that are remembered; one that is forgotten is told again. */
const REMEMBERED = 5000;

const told = new WeakMap<Bridge, LRUCache<string, true>>();

/** True the first time somebody answers in a ticket that is another's, as far as this session knows. */
function isFirst(bridge: Bridge, actor: Actor, ticketId: string): boolean {
  const known = told.get(bridge) ?? new LRUCache<string, true>({ max: REMEMBERED });
  told.set(bridge, known);
  const key = `${actor.key} ${ticketId}`;
  if (known.has(key)) return false;
  known.set(key, true);
  return true;
}

/**
 * Says to who has just answered that somebody else takes care of the ticket, once for each person and ticket:
 * the answer stands, and two people may have meant to give one. Lost when it cannot be said now.
 */
export async function warnOfHolder(
  bridge: Bridge,
  { id, ticket, mirror }: MirroredTicket,
  actor: Actor,
  messageId: string,
): Promise<void> {
  const { assignee } = ticket;
  const { channel_id } = mirror;
  if (!assignee || !channel_id || assignee.key === actor.key) return;
  if (!isFirst(bridge, actor, id)) return;
  try {
    // One person may have taken it elsewhere, and answer here.
    const person = await findAgent(bridge.ctx, actor.id);
    if (person?.keys.includes(assignee.key)) return;
  } catch (error) {
    bridge.log.debug({ reason: (error as Error).message }, 'nobody knows who has the ticket');
    return;
  }
  const line = `${escapeName(assignee.name)} has this ticket. Your answer reaches the customer all the same; /transfer hands the ticket over.`;
  await postNotice(bridge, channel_id, `holder ${id} ${actor.id}`, systemLine(line), messageId);
}
