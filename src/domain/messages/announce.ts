import { Types } from 'mongoose';
import type { AppContext } from '../../context.ts';
import { authorOf, systemActor } from '../access/actor.ts';
import { publicLog } from '../log/entry.ts';
import type { Decision, Draft } from '../log/pending-writes.ts';
import { isOpen } from '../tickets/workflow.ts';

export interface Announcement {
  content: string;
  /** Idempotency key: it is said once, whoever says it first. */
  once: string;
  /** Compare-and-set: only while this is the log's newest entry. */
  head?: number;
}

/**
 * Says something to a ticket's customer as Deskcord itself. It is nobody's answer: no status moves by it,
 * and it is no first response.
 * @returns false where the ticket has ended or its log has gone on
 * @throws AppError SERVICE_UNAVAILABLE (outcome not known)
 */
export async function announce(
  ctx: AppContext,
  ticketId: string,
  { content, once, head }: Announcement,
): Promise<boolean> {
  const id = new Types.ObjectId().toHexString();
  const author = authorOf(systemActor);
  const append: Draft = {
    id,
    type: 'message',
    at: ctx.clock(),
    author,
    client_id: once,
    origin: systemActor.origin,
    content,
  };
  const appended = await ctx.writer.append({
    log: publicLog(ticketId),
    entryId: id,
    author,
    clientId: once,
    batchable: false,
    decide(state): Decision {
      const hasMoved = head !== undefined && state.head !== head;
      return isOpen(state.ticket) && !hasMoved ? { append } : { unchanged: state };
    },
  });
  return 'entry' in appended;
}
