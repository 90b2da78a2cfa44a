import type { Server, Socket } from 'socket.io';
import type { Ack, ClientEventInput, ClientEventName, ServerEvents } from '../contract/events.ts';
import { isStaffRole, type UserRole } from '../contract/identity.ts';
import type { Actor } from '../domain/access/actor.ts';
import type { Stream } from '../domain/log/entry.ts';

type ClientEvents = {
  [N in ClientEventName]: (input: ClientEventInput<N>, ack?: (answer: Ack<N>) => void) => void;
};

/** What is known of a socket. Nothing is, before it has authorised. */
export interface SocketData {
  actor?: Actor;
  expiresAt?: number;
  /** Staff: false once the first `subscribe` has narrowed the socket to chosen tickets. */
  subscribedToAll?: boolean;
}

type NoEvents = Record<string, never>;
export type DeskServer = Server<ClientEvents, ServerEvents, NoEvents, SocketData>;
export type DeskSocket = Socket<ClientEvents, ServerEvents, NoEvents, SocketData>;

/** Rooms of this node: one for each customer, one for staff who watch all, one for each watched ticket. */
export const room = {
  user: (key: string) => `u:${key}`,
  /** The sockets of one member of staff; gets no ticket's events by itself. */
  staff: (key: string) => `s:${key}`,
  allStaff: 'staff',
  ticket: (id: string) => `t:${id}`,
};

export function isTicketRoom(name: string): boolean {
  return name.startsWith(room.ticket(''));
}

export function isStaffRoom(name: string): boolean {
  return name.startsWith(room.staff(''));
}

/** The room with all sockets of one person on this node. */
export function ownRoom({ key, role }: { key: string; role: UserRole }): string {
  return isStaffRole(role) ? room.staff(key) : room.user(key);
}

/** The rooms whose sockets get the events of a ticket. */
export function audienceOf(ticketId: string, owner: string): string[] {
  return [room.user(owner), ...staffAudienceOf(ticketId)];
}

/** Those of them that only staff are in; the customer is in `room.user` alone. */
export function staffAudienceOf(ticketId: string): string[] {
  return [room.allStaff, room.ticket(ticketId)];
}

/** The rooms whose sockets get the events of one of a ticket's logs. */
export function audienceOfStream(stream: Stream, ticketId: string, owner: string): string[] {
  return stream === 'public' ? audienceOf(ticketId, owner) : staffAudienceOf(ticketId);
}

/** Who of this node gets the events of a ticket. */
export interface Audience {
  /** Since when one of these rooms has somebody in it, milliseconds since 1970; undefined where none has. */
  since(rooms: readonly string[]): number | undefined;
  /** This moment, exactly. */
  joinSequence(): number;
  /** True where somebody did before the joinSequence, and has done ever since. */
  hadListenersBefore(joinSequence: number, ticketId: string, owner: string): boolean;
}

/** Follows the rooms of this node as they come and go. */
export function createAudience(io: DeskServer, clock: () => number): Audience {
  const rooms = new Map<string, { since: number; number: number }>();
  let created = 0;
  const { adapter } = io.sockets;
  adapter.on('create-room', (name: string) => {
    rooms.set(name, { since: clock(), number: created++ });
  });
  adapter.on('delete-room', (name: string) => rooms.delete(name));
  return {
    since(names) {
      let first: number | undefined;
      for (const name of names) {
        const since = rooms.get(name)?.since;
        if (since !== undefined && (first === undefined || since < first)) first = since;
      }
      return first;
    },
    joinSequence: () => created,
    hadListenersBefore: (joinSequence, ticketId, owner) =>
      audienceOf(ticketId, owner).some(
        (name) => (rooms.get(name)?.number ?? joinSequence) < joinSequence,
      ),
  };
}
