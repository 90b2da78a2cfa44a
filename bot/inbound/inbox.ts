import type { Message } from '../../src/domain/log/entry.ts';
import type { Post } from '../../src/domain/mirror/posts.ts';
import type { Bridge } from '../bridge.ts';
import type { Person } from '../people.ts';
import type { Incoming } from './incoming.ts';

/** A reaction to a message of the channel; taken back by nobody in particular, it is everybody's. */
export interface Reacted {
  messageId: string;
  /** None for every emoji there is. */
  emoji?: string;
  userId?: string;
  /** Who has set it, as the event brought them. */
  person?: Person;
  set: boolean;
}

export type InboundEvent =
  | { kind: 'message'; incoming: Incoming }
  | { kind: 'changed'; id: string; channelId: string; incoming: Incoming | undefined }
  | { kind: 'deleted'; id: string }
  | { kind: 'reacted'; reacted: Reacted }
  /** Something that must not overtake what was written before it, such as closing. */
  | { kind: 'act'; run: () => Promise<void>; reject: (error: Error) => void };

/** Something said that a proxy may say again in its own name, or has just said. */
export interface Echo {
  id: string;
  text: string;
  /** Monotonic milliseconds. */
  at: number;
  incoming: Incoming | undefined;
  /** What was deleted, as its readers had it. */
  original: { message: Message; post: Post } | undefined;
}

/** What waits to be ingested from one ticket's channel, and what is known of the way it comes. */
export interface Inbox {
  /** In the order in which they happened. */
  events: InboundEvent[];
  /** Why the channel cannot be read just now, in words for staff. */
  trouble: string | undefined;
  /** How often what stands in the way has failed, by what it is; empty while all goes well. */
  failures: Map<string, number>;
  /** The newest message that a look into the channel has met, a snowflake. */
  seenUpTo: string;
  /** A look for new messages alone is wanted. */
  glance: boolean;
  /** Staff were told that messages cannot be marked here. */
  toldUnmarked: boolean;
  /** Messages of webhooks that may turn out to repeat a person's. */
  repetitions: Echo[];
  /** Messages that were deleted a moment ago. */
  deletions: Echo[];
}

/** The inbox of a ticket, made where there is none. */
export function inboxOf({ inboxes }: Bridge, ticketId: string): Inbox {
  const known = inboxes.get(ticketId);
  if (known) return known;
  const made: Inbox = {
    events: [],
    trouble: undefined,
    failures: new Map(),
    seenUpTo: '0',
    glance: false,
    toldUnmarked: false,
    repetitions: [],
    deletions: [],
  };
  inboxes.set(ticketId, made);
  return made;
}

/** Where so much waits, as while a channel cannot be read, reactions are dropped: nobody writes by them. */
export const MOST_BEFORE_REACTIONS = 500;

/** Puts an event into the queue of the ticket whose channel it comes from. */
export function enqueue(bridge: Bridge, ticketId: string, event: InboundEvent): void {
  const { events } = inboxOf(bridge, ticketId);
  if (event.kind === 'reacted' && events.length >= MOST_BEFORE_REACTIONS) return;
  events.push(event);
  bridge.inbound.schedule(ticketId, 'first');
}

/** Drops the inboxes of tickets that are done: there is one for each ticket with a channel, no more. */
export function dropIdleInboxes({ inboxes, tickets }: Bridge): void {
  for (const [ticketId, { events }] of inboxes) {
    if (events.length === 0 && !tickets.known(ticketId)) inboxes.delete(ticketId);
  }
}
