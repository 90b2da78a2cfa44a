import type { AppContext } from '../../context.ts';
import type { MirrorState } from '../../contract/messages.ts';
import { bridgeLease } from '../consumers/lease.ts';
import { native, oid } from '../log/collections.ts';
import type { Message, Ticket } from '../log/entry.ts';
import { isOpen } from '../tickets/workflow.ts';

type Mirrored = Pick<Ticket, 'id' | 'status' | 'closed_at'>;

/** What holds for a ticket that no bot has met yet. */
async function stateBeforeMeeting(ctx: AppContext, ticket: Mirrored): Promise<MirrorState> {
  const lease = await native(ctx.db.leases).findOne({ _id: bridgeLease });
  if (!lease) return 'none';
  const isMeant = isOpen(ticket) || (ticket.closed_at ?? 0) >= lease.since;
  return isMeant ? 'waiting' : 'none';
}

/**
 * How far a message of a ticket has come in Discord: `none` only where no bridge was ever meant to
 * bring it there. Asks MongoDB once or twice, whatever the number of messages.
 */
export async function mirrorStates(
  ctx: AppContext,
  ticket: Mirrored,
): Promise<(message: Message) => MirrorState> {
  const filter = { _id: oid(ticket.id) };
  const row = await native(ctx.db.mirrors).findOne(filter);
  const pending = row
    ? row.state === 'failed'
      ? 'failed'
      : 'waiting'
    : await stateBeforeMeeting(ctx, ticket);
  return ({ rev, origin, deleted }) => {
    // What was written in Discord stands there before its entry is reached; its deletion may not.
    const isThere = rev <= (row?.seq ?? 0) || (origin === 'discord' && !deleted);
    return isThere ? 'posted' : pending;
  };
}
