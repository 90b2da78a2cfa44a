import type { AppContext } from '../context.ts';
import { watchesAll } from '../domain/access/policy.ts';
import { type DeskServer, type DeskSocket, room } from './audience.ts';

type Assignee = { key: string } | null;

/** The sockets of one member of staff on this node who sees assigned tickets only. */
function restrictedSockets(ctx: AppContext, io: DeskServer, key: string): DeskSocket[] {
  const ids = io.sockets.adapter.rooms.get(room.staff(key)) ?? [];
  return [...ids].flatMap((id) => {
    const socket = io.sockets.sockets.get(id);
    const actor = socket?.data.actor;
    return socket && actor && !watchesAll(actor, ctx.config) ? [socket] : [];
  });
}

/**
 * With `AGENT_SEES=assigned` an agent's sockets are in the rooms of the tickets that are theirs: they
 * join when a ticket is given to them, before the entry that says so is emitted, and leave when it is
 * taken away. What is given while its hint is lost, or to an identity they were joined with or parted from
 * meanwhile, they hear of from their next `authorize` on.
 */
export function followAssignments(ctx: AppContext, io: DeskServer): () => void {
  if (ctx.config.agentSees === 'all') return () => undefined;
  return ctx.bus.subscribe((event) => {
    if (event.kind !== 'entry' || event.entry.type !== 'ticket_change') return;
    const { ticket_id, changes } = event.entry;
    const [from, to] = (changes.assignee ?? []) as readonly Assignee[];
    const name = room.ticket(ticket_id);
    // The adapter of one process does both at once.
    if (from) for (const socket of restrictedSockets(ctx, io, from.key)) void socket.leave(name);
    if (to) for (const socket of restrictedSockets(ctx, io, to.key)) void socket.join(name);
  });
}
