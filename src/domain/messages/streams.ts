import type { AppContext } from '../../context.ts';
import type { Actor } from '../access/actor.ts';
import { type Action, requireRight } from '../access/policy.ts';
import type { LogId, Stream, Ticket } from '../log/entry.ts';
import { readTicket } from '../tickets/read.ts';
import { isOpen } from '../tickets/workflow.ts';

/** What the two logs of a ticket differ in, for whoever writes messages or reads them; nothing else does. */
interface StreamRules {
  /** What a message of it is called. */
  noun: 'message' | 'note';
  read: Action;
  write: Action;
  /** Takes no more messages once the ticket has ended. */
  endsWithTicket: boolean;
}

export const streamRules: Record<Stream, StreamRules> = {
  public: { noun: 'message', read: 'read_ticket', write: 'send_message', endsWithTicket: true },
  internal: { noun: 'note', read: 'read_internal', write: 'write_internal', endsWithTicket: false },
};

/** True where a log still takes messages of its ticket. */
export function takesMessages(stream: Stream, ticket: Ticket): boolean {
  return isOpen(ticket) || !streamRules[stream].endsWithTicket;
}

/**
 * Refuses what is not for the actor before anything else is looked at, so that no answer depends on
 * what there is: existence of the ticket first, then the right. A message of text alone needs no such
 * look: the head decides, and nothing is touched before.
 * @param touches whether files or other messages are looked at before the head is
 * @throws AppError NOT_FOUND, FORBIDDEN
 */
export async function requireWritable(
  ctx: AppContext,
  actor: Actor,
  { ticketId, stream }: LogId,
  touches: boolean,
): Promise<void> {
  if (stream === 'public' && !touches) return;
  const { ticket } = await readTicket(ctx, actor, ticketId);
  requireRight(ctx.config, actor, streamRules[stream].write, ticket);
}
