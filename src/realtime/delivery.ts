import { LRUCache } from 'lru-cache';
import type { AppContext } from '../context.ts';
import type { TicketView } from '../contract/tickets.ts';
import { isDiscordKey } from '../domain/access/actor.ts';
import type { DomainEvent } from '../domain/events.ts';
import { logHop } from '../domain/hops.ts';
import { type Deletion, isDeletion, isWiped } from '../domain/log/deletion.ts';
import {
  type Entry,
  foldMessage,
  isOfMessage,
  type Stream,
  type Ticket,
} from '../domain/log/entry.ts';
import type { Head } from '../domain/log/heads.ts';
import { readEntries, readRecentEntries } from '../domain/log/reads.ts';
import type { RecentTicket } from '../domain/log/reconciliation.ts';
import { endsTicket } from '../domain/tickets/workflow.ts';
import {
  deskEventView,
  messageView,
  ticketDeletedView,
  ticketInternalView,
  ticketView,
  typingView,
} from '../domain/views.ts';
import { followAssignments } from './assigned-rooms.ts';
import {
  type Audience,
  audienceOf,
  audienceOfStream,
  createAudience,
  type DeskServer,
  ownRoom,
  room,
  staffAudienceOf,
} from './audience.ts';
import { GAP_TIMEOUT_MS, ReorderBuffer } from './reorder-buffer.ts';

const PAGE = 1000;
/** The cluster's clock is known to within a round trip. */
const CLOCK_SLACK_MS = 1000;
/** Far more than are opened while a hint of one can come again. */
const TOLD_TICKETS = 10_000;
const eventOf = {
  message: 'message',
  edit: 'edit_message',
  delete: 'delete_message',
  react: 'reaction',
} as const;
const noteEventOf = {
  message: 'note',
  edit: 'edit_note',
  delete: 'delete_note',
  react: 'note_reaction',
} as const;

const customer = { staff: false };
const staff = { staff: true };

/** Sends a ticket to its customer, and with the staff's fields to the staff. */
function emitTicket(
  ctx: AppContext,
  io: DeskServer,
  name: 'ticket_created' | 'ticket_updated' | 'ticket_closed',
  ticket: Ticket,
  head: { seq: number; at: number },
): void {
  // What begins or has ended is not going to be closed; of others this is known to the database alone.
  const known = name === 'ticket_updated' ? {} : { closingDueAt: null };
  const views = [customer, staff].map((to) => ticketView(ctx, ticket, head, { ...to, ...known }));
  const [forCustomer, forStaff] = views as [TicketView, TicketView];
  io.to(room.user(ticket.owner)).emit(name, forCustomer);
  io.to(staffAudienceOf(ticket.id)).emit(name, forStaff);
}

/** Tells everybody in a ticket that it is deleted; its customer first that nobody writes in it any more. */
function emitDeletion(ctx: AppContext, io: DeskServer, entry: Deletion): void {
  const { ticket_id, owner, ticket } = entry;
  ctx.metrics.emitted.inc({ event: 'ticket_deleted' });
  if (endsTicket(entry)) {
    const view = ticketView(ctx, ticket, entry, { ...customer, closingDueAt: null });
    io.to(room.user(owner)).emit('ticket_closed', view);
  }
  io.to(audienceOf(ticket_id, owner)).emit('ticket_deleted', ticketDeletedView(entry));
}

/** Sends one entry to the sockets of this node, as the event the contract names. */
function emitEntry(ctx: AppContext, io: DeskServer, entry: Entry): void {
  const { ticket_id, owner } = entry;
  if (isWiped(entry)) return;
  logHop(ctx.log, 'emitted to sockets', entry);
  if (isDeletion(entry)) {
    emitDeletion(ctx, io, entry);
    return;
  }
  if (!isOfMessage(entry)) {
    const name = endsTicket(entry) ? 'ticket_closed' : 'ticket_updated';
    ctx.metrics.emitted.inc({ event: name });
    emitTicket(ctx, io, name, entry.ticket, entry);
    return;
  }
  const message = foldMessage(entry);
  const name = eventOf[entry.type];
  ctx.metrics.emitted.inc({ event: name });
  const people = [message, ...message.reactions].map(({ author }) => author.key);
  if (!people.some(isDiscordKey)) {
    // Alike for everybody, and encoded once.
    io.to(audienceOf(ticket_id, owner)).emit(name, messageView(ctx, message, customer));
    return;
  }
  io.to(room.user(owner)).emit(name, messageView(ctx, message, customer));
  io.to(staffAudienceOf(ticket_id)).emit(name, messageView(ctx, message, staff));
}

/** The same of the internal log: to staff, and to nobody else. */
function emitInternal(ctx: AppContext, io: DeskServer, entry: Entry): void {
  // The public one tells of it.
  if (isWiped(entry) || isDeletion(entry)) return;
  logHop(ctx.log, 'emitted to sockets', entry);
  const to = io.to(staffAudienceOf(entry.ticket_id));
  if (!isOfMessage(entry)) {
    ctx.metrics.emitted.inc({ event: 'desk_event' });
    to.emit('desk_event', deskEventView(entry));
    const fields = ticketInternalView(entry);
    if (fields) to.emit('ticket_internal', fields);
    return;
  }
  const name = noteEventOf[entry.type];
  ctx.metrics.emitted.inc({ event: name });
  to.emit(name, messageView(ctx, foldMessage(entry), staff));
}

/** Signals go to everybody in the ticket but the one who caused them. */
function emitSignal(
  ctx: AppContext,
  io: DeskServer,
  event: DomainEvent & { kind: 'typing' | 'read' },
): void {
  const { ticket_id, owner, by } = event;
  for (const [rooms, viewer] of [
    [[room.user(owner)], customer],
    [staffAudienceOf(ticket_id), staff],
  ] as const) {
    const to = io.to([...rooms]).except(ownRoom(by));
    const view = typingView(ctx, ticket_id, by, viewer);
    if (event.kind === 'typing') to.emit('typing', view);
    else to.emit('read', { ...view, seq: event.seq });
  }
}

/** When a ticket will be closed: to everybody in it, those who asked for it silently to staff alone. */
function emitClosing(io: DeskServer, event: DomainEvent & { kind: 'ticket_closing' }): void {
  const { ticket_id, owner, by, due_at, silent } = event;
  const rooms = silent ? staffAudienceOf(ticket_id) : audienceOf(ticket_id, owner);
  io.to(rooms).emit('ticket_closing', { ticket_id, due_at, by_name: by.name });
}

/** How far what a customer has written has come: theirs alone, staff see it with each message. */
function emitDelivered(io: DeskServer, event: DomainEvent & { kind: 'delivered' }): void {
  const { ticket_id, owner, seq } = event;
  io.to(room.user(owner)).emit('delivered', { ticket_id, seq });
}

export interface Delivery {
  audience: Audience;
  /**
   * A socket that has just joined holds `head` as its cursor: every later entry must come to it.
   * @param joinSequence when it joined; see `Audience`
   */
  follow(ticketId: string, owner: string, head: Head, joinSequence: number): void;
  close(): void;
}

/** The reorder buffer of one stream: each log of a ticket is put in order by itself. */
function createBuffer(
  ctx: AppContext,
  io: DeskServer,
  stream: Stream,
  audienceSince: (ticketId: string, owner: string) => number | undefined,
): ReorderBuffer {
  const emit = stream === 'public' ? emitEntry : emitInternal;
  return new ReorderBuffer({
    emit: (entry) => emit(ctx, io, entry),
    audienceSince,
    read: (ticketId, after, upTo) =>
      readEntries(ctx.db, { ticketId, stream }, { after, upTo, limit: PAGE }),
    watermark: () => ctx.reconciliation.watermarkSince(0),
    readRecent: (ticketId, upTo, since, watermark) =>
      readRecentEntries(
        ctx.db,
        { ticketId, stream },
        upTo,
        ctx.reconciliation.watermarkSince(since, watermark),
      ),
    onLost(ticketId, owner, after) {
      const where = stream === 'public' ? {} : { stream };
      const rooms = audienceOfStream(stream, ticketId, owner);
      io.to(rooms).emit('resync', { ticket_id: ticketId, after, ...where });
    },
    log: ctx.log,
  });
}

/** Carries what the bus and the reconciliation poll tell to the sockets of this node, each log in order. */
export function createDelivery(ctx: AppContext, io: DeskServer): Delivery {
  const audience = createAudience(io, ctx.clock);
  const sinceOf = (stream: Stream) => (ticketId: string, owner: string) => {
    const since = audience.since(audienceOfStream(stream, ticketId, owner));
    return since && since - CLOCK_SLACK_MS;
  };
  const audienceSince = sinceOf('public');
  const reorderBuffer = createBuffer(ctx, io, 'public', audienceSince);
  const internalBuffer = createBuffer(ctx, io, 'internal', sinceOf('internal'));
  const tellCreated = createOnce(TOLD_TICKETS, (ticket: Ticket) => {
    if (audienceSince(ticket.id, ticket.owner) === undefined) return;
    reorderBuffer.setBaseline(ticket.id, ticket.owner, 0);
    emitTicket(ctx, io, 'ticket_created', ticket, { seq: 0, at: 0 });
  });
  const isNews = ({ id, owner, stored }: RecentTicket) => {
    const since = audienceSince(id, owner);
    return since !== undefined && !stored.lessThan(ctx.reconciliation.watermarkSince(since));
  };
  const stops = [
    // Before the entries are emitted.
    followAssignments(ctx, io),
    ctx.bus.subscribe((event) => {
      if (event.kind === 'entry') reorderBuffer.accept(event.entry);
      else if (event.kind === 'internal_entry') internalBuffer.accept(event.entry);
      else if (event.kind === 'ticket_created') tellCreated(event.ticket);
      else if (event.kind === 'typing' || event.kind === 'read') emitSignal(ctx, io, event);
      else if (event.kind === 'ticket_closing') emitClosing(io, event);
      else if (event.kind === 'delivered') emitDelivered(io, event);
    }),
    ctx.reconciliation.onChanges(({ heads, internalHeads, tickets }) => {
      for (const ticket of tickets) if (isNews(ticket)) tellCreated(ticket);
      for (const { ticket_id, owner, seq } of heads) reorderBuffer.noteHead(ticket_id, owner, seq);
      for (const { ticket_id, owner, seq } of internalHeads)
        internalBuffer.noteHead(ticket_id, owner, seq);
    }),
  ];
  return {
    audience,
    follow(ticketId, owner, head, joinSequence) {
      const since = audienceSince(ticketId, owner);
      // Others here may still wait for what this one has read already.
      const isAwaited =
        since !== undefined &&
        audience.hadListenersBefore(joinSequence, ticketId, owner) &&
        head.stored !== undefined &&
        !head.stored.lessThan(ctx.reconciliation.watermarkSince(since));
      if (isAwaited) reorderBuffer.noteHead(ticketId, owner, head.seq, GAP_TIMEOUT_MS);
      else reorderBuffer.setBaseline(ticketId, owner, head.seq);
    },
    close() {
      for (const stop of stops) stop();
      reorderBuffer.close();
      internalBuffer.close();
    },
  };
}

/** Calls `tell` once for each id, as far as it can remember. */
function createOnce<T extends { id: string }>(max: number, tell: (thing: T) => void) {
  const told = new LRUCache<string, true>({ max });
  return (thing: T) => {
    if (told.has(thing.id)) return;
    told.set(thing.id, true);
    tell(thing);
  };
}
