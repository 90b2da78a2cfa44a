import { z } from 'zod';
import { type AckError, errorBody } from './errors.ts';
import { userRole, userView } from './identity.ts';
import { hexId, millis, seq } from './ids.ts';
import { type RateLimitName, sizes } from './limits.ts';
import { editMessageBody, messageView, sendMessageEvent } from './messages.ts';
import { closeTicketBody, ticketView } from './tickets.ts';

const ticket_id = hexId;

/** What a client may send, by event name; each is answered through its acknowledgement. */
export const clientEvents = {
  authorize: z.object({ token: z.string().max(sizes.token).optional() }),
  send_message: sendMessageEvent,
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

export const authorizeAck = z.object({
  user: userView,
  cursors: z
    .record(hexId, seq)
    .describe('`{ticket_id: seq}`: every event after that seq comes on this socket.'),
});
export type AuthorizeAck = z.infer<typeof authorizeAck>;

export const syncAck = z.object({
  messages: z
    .array(messageView)
    .describe('Every message whose `rev` is above `after`, in order of `rev`.'),
  ticket: ticketView,
  head: seq.describe('The log entry this answer is a snapshot of.'),
  more: z.boolean(),
});
export type SyncAck = z.infer<typeof syncAck>;

const messageAck = z.object({ message: messageView });
const nothing = z.object({});

/** What the acknowledgement of each event carries beside `ok: true`. */
export const clientEventAcks = {
  authorize: authorizeAck,
  send_message: messageAck,
  edit: messageAck,
  delete: messageAck,
  close_ticket: z.object({ ticket: ticketView }),
  sync: syncAck,
  typing: nothing,
  read: nothing,
  subscribe: nothing,
  unsubscribe: nothing,
} as const satisfies Record<ClientEventName, z.ZodObject>;
export type ClientEventAcks = {
  [N in ClientEventName]: z.infer<(typeof clientEventAcks)[N]>;
};
export type Ack<N extends ClientEventName> = ({ ok: true } & ClientEventAcks[N]) | AckError;

export const typingView = z.object({
  ticket_id,
  user_id: z.string(),
  username: z.string(),
  role: userRole,
});
export type TypingView = z.infer<typeof typingView>;

/** What the server sends, by event name: the payload, and when. */
export const serverEvents = {
  message: { payload: messageView, when: 'Somebody has written, the own sender included.' },
  edit_message: { payload: messageView, when: 'A message has another text; it comes whole.' },
  delete_message: { payload: messageView, when: 'A message is deleted: `deleted`, no content.' },
  ticket_created: { payload: ticketView, when: 'A ticket is opened.' },
  ticket_updated: { payload: ticketView, when: 'A ticket has changed; its entry is `last_seq`.' },
  ticket_closed: { payload: ticketView, when: 'A ticket is closed; its entry is `last_seq`.' },
  typing: { payload: typingView, when: 'Somebody else in the ticket is writing.' },
  read: {
    payload: typingView.extend({ seq }),
    when: 'Somebody else in the ticket has read up to `seq`.',
  },
  authorized: { payload: authorizeAck, when: 'The socket is authorised, or its token renewed.' },
  auth_expiring: {
    payload: z.object({ expires_at: millis }),
    when: '60 s before the token ends: send `authorize` with a new one.',
  },
  resync: {
    payload: z.object({ ticket_id, after: seq }),
    when: 'Events of the ticket above `after` may be missing: `sync`.',
  },
  server_restarting: {
    payload: z.object({ retry_in: z.int().describe('In milliseconds.') }),
    when: 'The server stops; come back in that time.',
  },
  error: { payload: errorBody, when: 'An event without a callback has failed.' },
} as const satisfies Record<string, { payload: z.ZodObject; when: string }>;
export type ServerEventName = keyof typeof serverEvents;
export type ServerEvents = {
  [N in ServerEventName]: (payload: z.infer<(typeof serverEvents)[N]['payload']>) => void;
};
