import type { AppContext } from '../context.ts';
import { type Actor, isStaff } from '../domain/access/actor.ts';
import type { DeskSocket } from './audience.ts';

const shown = new WeakMap<DeskSocket, { key: string; close: () => void }>();

/** Counts a socket of staff as theirs while it is open; one that has become a customer's no more. */
export function showPresence(ctx: AppContext, socket: DeskSocket, actor: Actor): void {
  const before = shown.get(socket);
  if (!before && !isStaff(actor)) return;
  if (before?.key === actor.key) return;
  before?.close();
  if (!before) socket.once('disconnect', () => shown.get(socket)?.close());
  const close = isStaff(actor) ? ctx.desk.presence.open(actor.key) : () => undefined;
  shown.set(socket, { key: actor.key, close });
}
