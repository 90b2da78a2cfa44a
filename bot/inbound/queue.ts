import {
  type Client,
  Events,
  type Message,
  type OmitPartialGroupDMChannel,
  type PartialMessage,
  type Typing,
} from 'discord.js';
import { signalTyping } from '../../src/domain/signals.ts';
import type { Bridge } from '../bridge.ts';
import { code, hasCode, isTransient, loggable } from '../discord-errors.ts';
import type { MirroredTicket } from '../mirrored-tickets.ts';
import { actorOf } from '../people.ts';
import { catchUp } from './catch-up.ts';
import { type InboundEvent, incomingOf, isWritten } from './incoming.ts';
import { guildOf, ingestDeletion, ingestMessage } from './ingest.ts';

/**
 * An event that fails this often though Discord and MongoDB answer is given up, and reported. Nothing
 * is lost by it that catching up, which is tried for ever, reaches: new messages, and what becomes of
 * the last hundred.
 */
const MAX_TRIES = 5;
const TYPING_MS = 4000;
const TICKS_A_ROUND = 30;

/** Tries of the event at the front of each ticket's queue. */
const tries = new WeakMap<InboundEvent, number>();

/** Puts an event into the queue of the ticket whose channel it comes from. */
export function enqueue(bridge: Bridge, ticketId: string, event: InboundEvent): void {
  waiting(bridge, ticketId).push(event);
  bridge.inbound.schedule(ticketId, 'first');
}

function waiting({ events }: Bridge, ticketId: string): InboundEvent[] {
  const known = events.get(ticketId);
  if (known) return known;
  const made: InboundEvent[] = [];
  events.set(ticketId, made);
  return made;
}

async function handle(bridge: Bridge, ticket: MirroredTicket, event: InboundEvent): Promise<void> {
  if (event.kind === 'act') return event.run();
  if (event.kind === 'deleted') return ingestDeletion(bridge, ticket, event.id);
  if (event.kind === 'message') return ingestMessage(bridge, ticket, event.incoming);
  if (event.incoming) return ingestMessage(bridge, ticket, event.incoming);
  return fetchChanged(bridge, ticket, event.id);
}

/** The event did not bring the whole message: ask for it. One that is gone has an event of its own. */
async function fetchChanged(bridge: Bridge, ticket: MirroredTicket, id: string): Promise<void> {
  const channel = guildOf(bridge).channels.cache.get(ticket.mirror.channel_id as string);
  if (!channel?.isTextBased()) return;
  const message = await channel.messages
    .fetch({ message: id, force: true })
    .catch((error: unknown) => {
      if (!hasCode(error, code.unknownMessage)) throw error;
      return undefined;
    });
  if (message && isWritten(message)) await ingestMessage(bridge, ticket, incomingOf(message));
}

/** The channel seems to be gone: the other direction looks, and makes it again. */
function doubt(bridge: Bridge, ticket: MirroredTicket): void {
  ticket.channelNeedsCheck = true;
  bridge.outbound.schedule(ticket.id);
}

/**
 * Takes in what waits in a ticket's queue, in order. Where events may have been missed the channel
 * is caught up with first, so that nothing newer overtakes what was missed.
 */
export async function ingestWaiting(bridge: Bridge, ticketId: string): Promise<void> {
  const ticket = await bridge.tickets.load(ticketId);
  const queue = waiting(bridge, ticketId);
  if (!ticket || ticket.mirror.state === 'done') {
    bridge.events.delete(ticketId);
    for (const event of queue) if (event.kind === 'act') await event.run();
    return;
  }
  for (;;) {
    if (ticket.caughtUpGeneration !== bridge.generation && !(await catchUp(bridge, ticket))) {
      return doubt(bridge, ticket);
    }
    const event = queue[0];
    if (!event || bridge.ended) break;
    try {
      await handle(bridge, ticket, event);
      queue.shift();
    } catch (error) {
      const tried = (tries.get(event) ?? 0) + 1;
      tries.set(event, tried);
      ticket.caughtUpGeneration = -1;
      if (hasCode(error, code.unknownChannel)) return doubt(bridge, ticket);
      if (isTransient(error) || tried < MAX_TRIES) throw error;
      queue.shift();
      bridge.ctx.reports.report(error, { part: 'discord', ticket: ticketId, event: event.kind });
      bridge.log.error(
        { ...loggable(error), ticket: ticketId },
        'an event from Discord was given up',
      );
    }
  }
  if (ticket.mirror.problem) bridge.outbound.schedule(ticketId);
}

function scheduleCatchUp(bridge: Bridge, ticketId: string): void {
  const ticket = bridge.tickets.known(ticketId);
  if (ticket) ticket.caughtUpGeneration = -1;
  bridge.inbound.schedule(ticketId);
}

/** Looks into every channel for what the gateway did not bring. */
export function catchUpAll(bridge: Bridge): void {
  for (const ticketId of bridge.tickets.withChannel()) scheduleCatchUp(bridge, ticketId);
}

/**
 * Looks into every channel at least once in `everyMs`, the fewer there are the more often, a few at a
 * time: all at once they would stand in the way of what people are writing.
 * @returns a function that ends it
 */
export function keepCatchingUp(bridge: Bridge, everyMs: number): () => void {
  let round: string[] = [];
  let each = 0;
  const timer = setInterval(() => {
    if (round.length === 0) {
      round = bridge.tickets.withChannel();
      each = Math.ceil(round.length / TICKS_A_ROUND);
    }
    for (const ticketId of round.splice(0, each)) scheduleCatchUp(bridge, ticketId);
  }, everyMs / TICKS_A_ROUND).unref();
  return () => clearInterval(timer);
}

function onTyping(bridge: Bridge, said: Map<string, number>, typing: Typing): void {
  const ticketId = bridge.tickets.idOfChannel(typing.channel.id);
  const { member, user } = typing;
  if (!ticketId || !member || user.bot) return;
  const key = `${ticketId} ${user.id}`;
  const now = performance.now();
  if (now - (said.get(key) ?? Number.NEGATIVE_INFINITY) < TYPING_MS) return;
  if (said.size > 1000) said.clear();
  said.set(key, now);
  const roles = [...member.roles.cache.keys()];
  const actor = actorOf(bridge.discord, { id: user.id, name: member.displayName, roles });
  // Nobody keeps who is typing.
  void signalTyping(bridge.ctx, actor, ticketId).catch(() => undefined);
}

type Seen = OmitPartialGroupDMChannel<Message | PartialMessage>;

/** Listens to the gateway. Only what happens in tickets' channels, and was done by people, counts. */
export function listenInbound(bridge: Bridge, client: Client): void {
  const ticketOf = (channelId: string) => bridge.tickets.idOfChannel(channelId);
  client.on(Events.MessageCreate, (message) => {
    const ticketId = ticketOf(message.channelId);
    if (!ticketId || message.guildId !== bridge.discord.guildId || !isWritten(message)) return;
    enqueue(bridge, ticketId, { kind: 'message', incoming: incomingOf(message) });
  });
  client.on(Events.MessageUpdate, (_before, message) => {
    const ticketId = ticketOf(message.channelId);
    if (!ticketId) return;
    const whole = !message.partial && typeof message.content === 'string';
    if (whole && !isWritten(message)) return;
    const incoming = whole ? incomingOf(message) : undefined;
    enqueue(bridge, ticketId, { kind: 'changed', id: message.id, incoming });
  });
  const onDeleted = (message: Seen) => {
    const ticketId = ticketOf(message.channelId);
    if (ticketId) enqueue(bridge, ticketId, { kind: 'deleted', id: message.id });
  };
  client.on(Events.MessageDelete, onDeleted);
  client.on(Events.MessageBulkDelete, (messages) => {
    for (const message of messages.values()) onDeleted(message);
  });
  client.on(Events.ChannelDelete, (channel) => {
    const ticketId = ticketOf(channel.id);
    const ticket = ticketId && bridge.tickets.known(ticketId);
    if (ticket) ticket.channelNeedsCheck = true;
    if (ticketId) bridge.outbound.schedule(ticketId);
  });
  const said = new Map<string, number>();
  client.on(Events.TypingStart, (typing) => onTyping(bridge, said, typing));
}
