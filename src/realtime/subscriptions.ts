import type { AppContext } from '../context.ts';
import type { ClientEventInput } from '../contract/events.ts';
import type { Actor } from '../domain/access/actor.ts';
import { requireRight, watchesAll } from '../domain/access/policy.ts';
import { withIdentities } from '../domain/agents/identities.ts';
import { getTicket } from '../domain/tickets/read.ts';
import { AppError } from '../errors.ts';
import { type DeskSocket, room } from './audience.ts';

/** Who the socket belongs to now, which may be somebody else than when the event came in. */
function currentActor(socket: DeskSocket): Actor {
  const { actor } = socket.data;
  if (!actor || !socket.connected) throw new AppError('CONFLICT', 'the socket has been closed');
  return actor;
}

/**
 * Narrows a staff socket to a ticket, or widens it to all. Must run in the socket's turn: a demotion
 * meanwhile would leave the socket in a room it has no right to.
 */
export async function subscribe(
  ctx: AppContext,
  socket: DeskSocket,
  input: ClientEventInput<'subscribe'>,
): Promise<void> {
  const actor = await withIdentities(ctx, currentActor(socket));
  requireRight(ctx.config, actor, 'subscribe', undefined);
  if ('all' in input) {
    if (!watchesAll(actor, ctx.config)) {
      throw new AppError('FORBIDDEN', 'only who sees every ticket may subscribe to all of them');
    }
    socket.data.subscribedToAll = true;
    await socket.join(room.allStaff);
    return;
  }
  await getTicket(ctx, actor, input.ticket_id);
  currentActor(socket);
  await socket.join(room.ticket(input.ticket_id));
  socket.data.subscribedToAll = false;
  await socket.leave(room.allStaff);
}

/** Leaves a ticket subscribed to before. Must run in the socket's turn. */
export async function unsubscribe(
  ctx: AppContext,
  socket: DeskSocket,
  input: ClientEventInput<'unsubscribe'>,
): Promise<void> {
  requireRight(ctx.config, currentActor(socket), 'unsubscribe', undefined);
  await socket.leave(room.ticket(input.ticket_id));
}
