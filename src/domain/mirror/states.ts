import type { AppContext } from '../../context.ts';
import type { MirrorState } from '../../contract/messages.ts';
import { bridgeLease } from '../consumers/lease.ts';
import { native } from '../log/collections.ts';
import type { Entry, Message, Stream, Ticket } from '../log/entry.ts';
import { isMeant, offsetField } from './mirrors.ts';
import { readProgress } from './progress.ts';

type Mirrored = Pick<Ticket, 'id' | 'status' | 'closed_at'>;

/** What holds for a ticket that no bot has met yet. */
async function stateBeforeMeeting(ctx: AppContext, ticket: Mirrored): Promise<MirrorState> {
  const lease = await native(ctx.db.leases).findOne({ _id: bridgeLease });
  return lease && isMeant(ticket, lease.since) ? 'waiting' : 'none';
}

/**
 * The Discord message that an entry was written as: its key is that message's id, and how often it was
 * taken back and said again. What a command made is in the channel only once it is posted.
 */
export function writtenAs({
  origin,
  client_id,
}: Pick<Entry, 'origin' | 'client_id'>): string | undefined {
  return origin === 'discord' ? /^(\d+)(?::|$)/.exec(client_id)?.[1] : undefined;
}

/**
 * How far a message of a ticket has come in Discord: `none` only where no bridge was ever meant to
 * bring it there, or there is no channel any more that a note could go to. Asks MongoDB once or twice,
 * whatever the number of messages.
 */
export async function mirrorStates(
  ctx: AppContext,
  ticket: Mirrored,
  stream: Stream = 'public',
): Promise<(message: Message) => MirrorState> {
  const row = await readProgress(ctx, ticket.id);
  const isOver = row?.state === 'done' && stream === 'internal';
  const pending = row
    ? row.state === 'failed'
      ? 'failed'
      : isOver
        ? 'none'
        : 'waiting'
    : await stateBeforeMeeting(ctx, ticket);
  const upTo = row?.[offsetField[stream]] ?? 0;
  return (message) => {
    // What was written in Discord stands there before its entry is reached; its deletion may not.
    const isWritten = writtenAs(message) !== undefined && !message.deleted;
    return message.rev <= upTo || isWritten ? 'posted' : pending;
  };
}
