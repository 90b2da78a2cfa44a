import type { AppContext } from '../context.ts';
import type { DomainEvent } from '../domain/events.ts';
import { type Entry, foldMessage, type Ticket } from '../domain/log/entry.ts';
import { readEntries } from '../domain/log/reads.ts';
import { messageView, ticketView, typingView } from '../domain/views.ts';
import { audienceOf, createAudience, type DeskServer, ownRoom } from './audience.ts';
import { Sequencer } from './sequencer.ts';

const PAGE = 1000;
const eventOf = { message: 'message', edit: 'edit_message', delete: 'delete_message' } as const;

/** Sends one entry to the sockets of this node, as the event the contract names. */
function emitEntry(ctx: AppContext, io: DeskServer, entry: Entry): void {
  const to = io.to(audienceOf(entry.ticket_id, entry.owner));
  if (entry.type !== 'status') {
    to.emit(eventOf[entry.type], messageView(ctx, foldMessage(entry)));
    return;
  }
  const view = ticketView(entry.ticket as Ticket, { seq: entry.seq, at: entry.at });
  to.emit(entry.change === 'closed' ? 'ticket_closed' : 'ticket_updated', view);
}

/** Signals go to everybody in the ticket but the one who caused them. */
function emitSignal(io: DeskServer, event: DomainEvent & { kind: 'typing' | 'read' }): void {
  const { ticket_id, owner, by } = event;
  const to = io.to(audienceOf(ticket_id, owner)).except(ownRoom(by));
  const view = typingView(ticket_id, by);
  if (event.kind === 'typing') to.emit('typing', view);
  else to.emit('read', { ...view, seq: event.seq });
}

/** Carries what the bus and the sweep tell to the sockets of this node, each ticket in order. */
export function createDelivery(ctx: AppContext, io: DeskServer) {
  const audience = createAudience(io, ctx.clock);
  const sequencer = new Sequencer({
    emit: (entry) => emitEntry(ctx, io, entry),
    audienceSince: audience.since,
    read: (ticketId, after, upTo, since) =>
      readEntries(ctx.db, ticketId, {
        after,
        upTo,
        limit: PAGE,
        ...(since !== undefined && { since: ctx.sweep.unsettledSince(since) }),
      }),
    onLost: (ticketId, owner) =>
      io.to(audienceOf(ticketId, owner)).emit('resync', { ticket_id: ticketId }),
    log: ctx.log,
  });
  const stops = [
    ctx.bus.subscribe((event) => {
      if (event.kind === 'entry') sequencer.accept(event.entry);
      else if (event.kind === 'ticket_created') {
        const { ticket } = event;
        const view = ticketView(ticket, { seq: 0, at: 0 });
        io.to(audienceOf(ticket.id, ticket.owner)).emit('ticket_created', view);
      } else emitSignal(io, event);
    }),
    ctx.sweep.onHeads((heads) => {
      for (const { ticket_id, owner, seq } of heads) sequencer.expect(ticket_id, owner, seq);
    }),
  ];
  return {
    sequencer,
    close() {
      for (const stop of stops) stop();
      sequencer.close();
    },
  };
}
