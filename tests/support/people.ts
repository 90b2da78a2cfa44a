import jwt from 'jsonwebtoken';
import { io, type Socket } from 'socket.io-client';
import type { UserRole } from '../../src/contract/identity.ts';
import type { MessageView } from '../../src/contract/messages.ts';
import type { TicketView } from '../../src/contract/tickets.ts';
import { SECRET } from './app.ts';

let people = 0;

export interface Claims {
  id?: string;
  username?: string;
  email?: string;
  role?: string;
  [claim: string]: unknown;
}

/** A token as a trusted backend mints it, for an hour; overrides may make it wrong. */
export function mintToken(claims: Claims = {}, options: jwt.SignOptions = {}, secret = SECRET) {
  const id = claims.id ?? `user-${++people}`;
  const all = { id, username: 'Ana', email: `${id}@example.com`, role: 'TEMP_USER', ...claims };
  const kept = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  return jwt.sign(kept, secret, { ...('exp' in claims ? {} : { expiresIn: '1h' }), ...options });
}

export interface Answer<T> {
  status: number;
  body: T;
  headers: Headers;
}

/** Calls the REST API as one person. */
export function personAt(url: string, token: string) {
  const call = async <T>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer<T>> => {
    const answer = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined
        ? {}
        : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    return {
      status: answer.status,
      headers: answer.headers,
      body: (text ? JSON.parse(text) : undefined) as T,
    };
  };
  return {
    url,
    token,
    call,
    createTicket: async (overrides: object = {}) =>
      (
        await call<TicketView>('POST', '/tickets', {
          topic: 'A parcel',
          description: 'It has not come.',
          ...overrides,
        })
      ).body,
    send: (ticketId: string, content: string, more: object = {}) =>
      call<MessageView>('POST', `/tickets/${ticketId}/messages`, { content, ...more }),
    list: (ticketId: string, query = '') =>
      call<MessageView[]>('GET', `/tickets/${ticketId}/messages${query}`),
    close: (ticketId: string, reason?: string) =>
      call<TicketView>('POST', `/tickets/${ticketId}/close`, { reason }),
  };
}

/** Somebody new, with a token of their own. */
export function newPerson(url: string, role: UserRole = 'TEMP_USER', claims: Claims = {}) {
  const id = claims.id ?? `${role.toLowerCase()}-${++people}`;
  return { id, role, ...personAt(url, mintToken({ ...claims, id, role })) };
}

export type Person = ReturnType<typeof newPerson>;

const serverEvents = [
  'message',
  'edit_message',
  'delete_message',
  'reaction',
  'note',
  'edit_note',
  'delete_note',
  'note_reaction',
  'desk_event',
  'ticket_internal',
  'ticket_created',
  'ticket_updated',
  'ticket_closed',
  'ticket_closing',
  'ticket_deleted',
  'typing',
  'read',
  'delivered',
  'authorized',
  'auth_expiring',
  'resync',
  'server_restarting',
  'error',
] as const;

// biome-ignore lint/suspicious/noExplicitAny: what a server sends is what the tests look at
type Received = { event: string; data: any };

export interface Listener {
  socket: Socket;
  received: Received[];
  // biome-ignore lint/suspicious/noExplicitAny: see above
  events(name: string): any[];
  // biome-ignore lint/suspicious/noExplicitAny: see above
  ask(event: string, input?: unknown): Promise<any>;
}

/** Opens a socket that writes down all it receives. */
export function listenAt(url: string, options: Parameters<typeof io>[1] = {}): Listener {
  const socket = io(url, {
    transports: ['websocket'],
    forceNew: true,
    reconnection: false,
    ...options,
  });
  const received: Received[] = [];
  for (const event of serverEvents) socket.on(event, (data) => received.push({ event, data }));
  return {
    socket,
    received,
    events: (name) => received.filter(({ event }) => event === name).map(({ data }) => data),
    ask: (event, input) => socket.timeout(5000).emitWithAck(event, input),
  };
}
