import { z } from 'zod';
import { type AckError, errorBody } from './errors.ts';
import { userRole, userView } from './identity.ts';
import { hexId, millis, seq } from './ids.ts';
import { type RateLimitName, sizes } from './limits.ts';
import { editMessageBody, messageView, sendMessageEvent } from './messages.ts';
import { supportRole } from './ticket-words.ts';
import { closeTicketBody, ticketView } from './tickets.ts';

const ticket_id = hexId;

/** Which log of a ticket: what its customer sees too, or what staff alone do. */
export const stream = z.enum(['public', 'internal']);

/** What a client may send, by event name; each is answered through its acknowledgement. */
export const clientEvents = {
  authorize: z.object({ token: z.string().max(sizes.token).optional() }),
  send_message: sendMessageEvent,
  edit: editMessageBody.extend({ ticket_id, message_id: hexId }),
  delete: z.object({ ticket_id, message_id: hexId }),
  close_ticket: closeTicketBody.extend({ ticket_id }),
  send_note: sendMessageEvent,
  edit_note: editMessageBody.extend({ ticket_id, note_id: hexId }),
  delete_note: z.object({ ticket_id, note_id: hexId }),
  sync: z.object({
    ticket_id,
    after: seq,
    stream: stream
      .optional()
      .describe('`internal`: notes and desk events, for staff; each stream has its own `seq`.'),
  }),
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
  send_note: 'send_note',
  edit_note: 'change_note',
  delete_note: 'change_note',
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

/** Something that happened to a ticket and that staff alone see; an entry of its internal stream. */
export const deskEventView = z.object({
  id: hexId,
  ticket_id,
  seq: seq.describe('Its place in the internal stream, which it shares with the notes.'),
  kind: z.string().describe('What happened.'),
  at: millis,
  by: z
    .object({ id: z.string(), name: z.string() })
    .nullable()
    .describe('Null for what the server does by itself.'),
  data: z
    .record(z.string(), z.unknown())
    .describe(
      'Field by field: `[from, to]`. Of `sla_warning` and `sla_breach` also `target`, `first_response` or `resolution`, and when it was `due`.',
    ),
});
export type DeskEventView = z.infer<typeof deskEventView>;

/** The staff's own fields of a ticket, after an entry of its internal stream. */
export const ticketInternalView = z.object({
  ticket_id,
  last_internal_seq: seq,
  tags: z.array(z.string()),
  snoozed_until: millis.nullable(),
  escalation: supportRole.nullable(),
});
export type TicketInternalView = z.infer<typeof ticketInternalView>;

export const syncAck = z.object({
  messages: z
    .array(messageView)
    .describe('Every message whose `rev` is above `after`, in order of `rev`.'),
  events: z
    .array(deskEventView)
    .exactOptional()
    .describe('Of the internal stream only: every desk event above `after`, in order of `seq`.'),
  ticket: ticketView,
  head: seq.describe('The log entry this answer is a snapshot of.'),
  more: z.boolean(),
  delivered: seq
    .exactOptional()
    .describe(
      'Of the public stream: all up to this entry has come to where staff read, 0 being the description. Not there before that, or without Discord.',
    ),
});
export type SyncAck = z.infer<typeof syncAck>;

const messageAck = z.object({ message: messageView });
const noteAck = z.object({ note: messageView });
const nothing = z.object({});

/** What the acknowledgement of each event carries beside `ok: true`. */
export const clientEventAcks = {
  authorize: authorizeAck,
  send_message: messageAck,
  edit: messageAck,
  delete: messageAck,
  close_ticket: z.object({ ticket: ticketView }),
  send_note: noteAck,
  edit_note: noteAck,
  delete_note: noteAck,
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

export const closingView = z.object({
  ticket_id,
  due_at: millis.nullable(),
  by_name: z.string().describe('Who has said so.'),
});
export type ClosingView = z.infer<typeof closingView>;

export const deliveredView = z.object({
  ticket_id,
  seq: seq.describe('An entry of the public stream; 0 is the description.'),
});
export type DeliveredView = z.infer<typeof deliveredView>;

/** All that is left of a ticket that was deleted. */
export const ticketDeletedView = z.object({
  ticket_id,
  number: z.int(),
  deleted_at: millis,
  last_seq: seq.describe('The entry that ends its log: nothing ever comes behind it.'),
});
export type TicketDeletedView = z.infer<typeof ticketDeletedView>;

/** What the server sends, by event name: the payload, and when. */
export const serverEvents = {
  message: { payload: messageView, when: 'Somebody has written, the own sender included.' },
  edit_message: { payload: messageView, when: 'A message has another text; it comes whole.' },
  delete_message: { payload: messageView, when: 'A message is deleted: `deleted`, no content.' },
  reaction: {
    payload: messageView,
    when: 'Somebody has reacted to a message, or taken that back; it comes whole.',
  },
  note: { payload: messageView, when: 'To staff: a note is written, the own author included.' },
  edit_note: { payload: messageView, when: 'To staff: a note has another text; it comes whole.' },
  delete_note: { payload: messageView, when: 'To staff: a note is deleted.' },
  note_reaction: {
    payload: messageView,
    when: 'To staff: somebody has reacted to a note, or taken that back; it comes whole.',
  },
  desk_event: { payload: deskEventView, when: 'To staff: something has happened to a ticket.' },
  ticket_internal: {
    payload: ticketInternalView,
    when: "To staff: the staff's own fields of a ticket have changed.",
  },
  ticket_created: { payload: ticketView, when: 'A ticket is opened.' },
  ticket_updated: { payload: ticketView, when: 'A ticket has changed; its entry is `last_seq`.' },
  ticket_closed: { payload: ticketView, when: 'A ticket is closed; its entry is `last_seq`.' },
  ticket_deleted: {
    payload: ticketDeletedView,
    when: 'A ticket is deleted, and 404 from now on; where it was open, its customer gets `ticket_closed` before.',
  },
  typing: { payload: typingView, when: 'Somebody else in the ticket is writing.' },
  read: {
    payload: typingView.extend({ seq }),
    when: 'Somebody else in the ticket has read up to `seq`.',
  },
  delivered: {
    payload: deliveredView,
    when: "To the ticket's customer: what they have written, up to `seq`, stands in its place in Discord.",
  },
  ticket_closing: {
    payload: closingView,
    when: 'The ticket will be closed at `due_at`, or with null will not; nobody keeps this event.',
  },
  authorized: {
    payload: authorizeAck,
    when: 'The socket is authorised, or its token renewed. Events may come before it.',
  },
  auth_expiring: {
    payload: z.object({ expires_at: millis }),
    when: '60 s before the token ends: send `authorize` with a new one.',
  },
  resync: {
    payload: z.object({
      ticket_id,
      after: seq,
      stream: stream.exactOptional().describe('Where it is not the public one.'),
    }),
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
