import type { Server, Socket } from 'socket.io';
import type { Ack, ClientEventInput, ClientEventName, ServerEvents } from '../contract/events.ts';
import type { Actor } from '../domain/actor.ts';

type ClientEvents = {
  [N in ClientEventName]: (input: ClientEventInput<N>, ack?: (answer: Ack<N>) => void) => void;
};

/** What is known of a socket. Nothing is, before it has authorised. */
export interface SocketData {
  actor?: Actor;
  expiresAt?: number;
  /** Staff: false once the first `subscribe` has narrowed the socket to chosen tickets. */
  wide?: boolean;
}

type NoEvents = Record<string, never>;
export type DeskServer = Server<ClientEvents, ServerEvents, NoEvents, SocketData>;
export type DeskSocket = Socket<ClientEvents, ServerEvents, NoEvents, SocketData>;

/** Rooms of this node: one for each customer, one for staff who watch all, one for each watched ticket. */
export const room = {
  user: (key: string) => `u:${key}`,
  allStaff: 'staff',
  ticket: (id: string) => `t:${id}`,
};

/** The rooms whose sockets get the events of a ticket. */
export function audienceOf(ticketId: string, owner: string): string[] {
  return [room.user(owner), room.allStaff, room.ticket(ticketId)];
}

/** True where somebody on this node gets the events of a ticket. */
export function hasAudience(io: DeskServer, ticketId: string, owner: string): boolean {
  const { rooms } = io.sockets.adapter;
  return audienceOf(ticketId, owner).some((name) => rooms.has(name));
}
