import { z } from 'zod';
import type { AckError, ErrorBody } from './errors.ts';
import type { UserRole, UserView } from './identity.ts';
import { type RateLimitName, sizes } from './limits.ts';
import { editMessageBody, type MessageView, sendMessageBody } from './messages.ts';
import { closeTicketBody, hexId, type TicketView } from './tickets.ts';

const ticket_id = hexId;
const seq = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

/** What a client may send, by event name; each is answered through its acknowledgement. */
export const clientEvents = {
  authorize: z.object({ token: z.string().max(sizes.token).optional() }),
  send_message: sendMessageBody.extend({ ticket_id }),
  edit: editMessageBody.extend({ ticket_id, message_id: hexId }),
  delete: z.object({ ticket_id, message_id: hexId }),
  close_ticket: closeTicketBody.extend({ ticket_id }),
  sync: z.object({ ticket_id, after: seq }),
  typing: z.object({ ticket_id }),
  read: z.object({ ticket_id, seq }),
  subscribe: z.union([z.object({ all: z.literal(true) }), z.object({ ticket_id })]),
  unsubscribe: z.object({ ticket_id }),
} as const;
export type ClientEventName = keyof typeof clientEvents;
export type ClientEventInput<N extends ClientEventName> = z.infer<(typeof clientEvents)[N]>;

/** The limit each event counts against, which for some is that of a REST call. */
export const eventLimits: Record<ClientEventName, RateLimitName> = {
  authorize: 'authorize',
  send_message: 'send_message',
  edit: 'change_message',
  delete: 'change_message',
  close_ticket: 'close_ticket',
  sync: 'list_messages',
  typing: 'typing',
  read: 'read',
  subscribe: 'subscribe',
  unsubscribe: 'subscribe',
};

export interface AuthorizeAck {
  user: UserView;
  /** `{ticket_id: seq}`: every event after that seq comes on this socket. Empty for staff. */
  cursors: Record<string, number>;
}

export interface SyncAck {
  /** Every message whose `rev` is above `after`, in order of `rev`. */
  messages: MessageView[];
  ticket: TicketView;
  /** The log entry this answer is a snapshot of. */
  head: number;
  more: boolean;
}

/** What the acknowledgement of each event carries beside `ok: true`. */
export interface ClientEventAcks {
  authorize: AuthorizeAck;
  send_message: { message: MessageView };
  edit: { message: MessageView };
  delete: { message: MessageView };
  close_ticket: { ticket: TicketView };
  sync: SyncAck;
  typing: object;
  read: object;
  subscribe: object;
  unsubscribe: object;
}
export type Ack<N extends ClientEventName> = ({ ok: true } & ClientEventAcks[N]) | AckError;

export interface TypingView {
  ticket_id: string;
  user_id: string;
  username: string;
  role: UserRole;
}

/** What the server sends, by event name. */
export interface ServerEvents {
  message: (message: MessageView) => void;
  edit_message: (message: MessageView) => void;
  delete_message: (message: MessageView) => void;
  ticket_created: (ticket: TicketView) => void;
  ticket_updated: (ticket: TicketView) => void;
  ticket_closed: (ticket: TicketView) => void;
  typing: (typing: TypingView) => void;
  read: (read: TypingView & { seq: number }) => void;
  authorized: (ack: AuthorizeAck) => void;
  auth_expiring: (notice: { expires_at: number }) => void;
  /** Events of the ticket may be missing: those above `after`, where that is known. */
  resync: (hint: { ticket_id: string; after?: number }) => void;
  server_restarting: (notice: { retry_in: number }) => void;
  error: (error: ErrorBody) => void;
}
