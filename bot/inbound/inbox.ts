import type { Author, Stream } from '../../src/domain/log/entry.ts';
import type { Post } from '../../src/domain/mirror/posts.ts';
import type { Bridge } from '../bridge.ts';
import type { Person } from '../people.ts';
import { compareIds } from '../snowflakes.ts';
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
  /** How often it has waited for its message to be known. */
  waited?: number;
}

export type InboundEvent =
  | { kind: 'message'; incoming: Incoming }
  | { kind: 'changed'; id: string; channelId: string; incoming: Incoming | undefined }
  /** `at` is when that was told, milliseconds since 1970. */
  | { kind: 'deleted'; id: string; at: number }
  | { kind: 'reacted'; reacted: Reacted }
  /** Something that must not overtake what was written before it, such as closing. */
  | { kind: 'act'; run: () => Promise<void>; reject: (error: Error) => void };

/** Of a message that was deleted, what holds for its words when a proxy says them again. */
export interface Original {
  author: Author;
  stream: Stream;
  post: Pick<Post, 'marking' | 'among_staff'>;
}

/** Something said that a proxy may say again in its own name, or has just said. */
export interface Echo {
  id: string;
  text: string;
  /** Monotonic milliseconds. */
  at: number;
  incoming: Incoming | undefined;
  /** Of what was deleted: whose it was, and whom it was for. */
  original: Original | undefined;
  /** Of a repetition: it has waited, and is about to be refused. */
  isDue?: true;
}

/** Events that were more than are held: the channel itself still says what they would have. */
export interface Dropped {
  /** The oldest message that one of them was about, a snowflake. */
  from: string;
  /** How many they were. */
  count: number;
}

/** What waits to be ingested from one ticket's channel, and what is known of the way it comes. */
export interface Inbox {
  /** In the order in which they happened. */
  events: InboundEvent[];
  /** What was dropped of them, for the channel to be read instead; undefined where nothing was. */
  dropped: Dropped | undefined;
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
  /** Reactions to what the bot may just be posting: Discord tells of them before it answers the post. */
  early: Reacted[];
}

/** The inbox of a ticket, made where there is none. */
export function inboxOf({ inboxes }: Bridge, ticketId: string): Inbox {
  const known = inboxes.get(ticketId);
  if (known) return known;
  const made: Inbox = {
    events: [],
    dropped: undefined,
    trouble: undefined,
    failures: new Map(),
    seenUpTo: '0',
    glance: false,
    toldUnmarked: false,
    repetitions: [],
    deletions: [],
    early: [],
  };
  inboxes.set(ticketId, made);
  return made;
}

/** Events of one ticket that are held, as while its channel cannot be read; and of all tickets together. */
export const MOST_HELD = 500;
export const MOST_HELD_ALTOGETHER = 5000;

/** The message that an event is about, where the channel says by itself what has become of it. */
export function messageOf(event: InboundEvent): string | undefined {
  if (event.kind === 'message') return event.incoming.id;
  return event.kind === 'changed' || event.kind === 'deleted' ? event.id : undefined;
}

const isDroppable = (event: InboundEvent) => messageOf(event) !== undefined;

/** When a message was deleted, as what waits says, milliseconds since 1970: a look may be first to miss it. */
export function deletedAt({ events }: Inbox, id: string): number | undefined {
  for (const event of events) if (event.kind === 'deleted' && event.id === id) return event.at;
  return undefined;
}

/** What two times were dropped, as one. */
export function joinDropped(
  one: Dropped | undefined,
  other: Dropped | undefined,
): Dropped | undefined {
  if (!one || !other) return one ?? other;
  const from = compareIds(one.from, other.from) < 0 ? one.from : other.from;
  return { from, count: one.count + other.count };
}

/** Leaves what is held of messages to the next look into the channel, before which nothing is handled. */
function dropHeld(inbox: Inbox): void {
  for (const event of inbox.events) {
    const from = messageOf(event);
    if (from !== undefined) inbox.dropped = joinDropped(inbox.dropped, { from, count: 1 });
  }
  const kept = inbox.events.filter((event) => !isDroppable(event));
  inbox.events.splice(0, inbox.events.length, ...kept);
}

/** The inbox that holds most of what may be dropped. */
function fullest({ inboxes }: Bridge, own: Inbox): Inbox {
  const size = ({ events }: Inbox) => events.filter(isDroppable).length;
  let [found, most] = [own, size(own)];
  for (const inbox of inboxes.values()) {
    if (inbox.events.length > most && size(inbox) > most) [found, most] = [inbox, size(inbox)];
  }
  return found;
}

function countHeld({ inboxes }: Bridge): number {
  let held = 0;
  for (const { events } of inboxes.values()) held += events.length;
  return held;
}

/**
 * Puts an event into the queue of the ticket whose channel it comes from. Where too many are held, messages
 * are read from the channel again instead, and reactions are left out: nobody writes by them.
 */
export function enqueue(bridge: Bridge, ticketId: string, event: InboundEvent): void {
  const inbox = inboxOf(bridge, ticketId);
  const isOver = inbox.events.length >= MOST_HELD;
  const isFull = isOver || countHeld(bridge) >= MOST_HELD_ALTOGETHER;
  if (isFull && event.kind === 'reacted') return;
  inbox.events.push(event);
  if (isFull && isDroppable(event)) dropHeld(isOver ? inbox : fullest(bridge, inbox));
  bridge.inbound.schedule(ticketId, 'first');
}

/** How often a reaction waits for the post it belongs to, and how long each time, in milliseconds. */
const MOST_WAITS = 20;
const WAIT_MS = 500;

/**
 * Puts a reaction off whose message is not known while the bot is posting something, and what comes later for
 * the same message behind it.
 * @param isUnknown the bot was posting, and the message is none that it knows
 * @returns true where it waits
 */
export function mustWait(
  bridge: Bridge,
  ticketId: string,
  reacted: Reacted,
  isUnknown: boolean,
): boolean {
  const { early, events } = inboxOf(bridge, ticketId);
  const isBehind = early.some(({ messageId }) => messageId === reacted.messageId);
  const waited = (reacted.waited ?? 0) + 1;
  if (!isBehind && (!isUnknown || waited > MOST_WAITS)) return false;
  if (early.length >= MOST_HELD) return false;
  early.push({ ...reacted, waited });
  if (early.length > 1) return true;
  const again = () => {
    const waiting = early.splice(0);
    if (bridge.ended || events.length >= MOST_HELD) return;
    // What has come for the same message since stays behind.
    events.unshift(...waiting.map((one) => ({ kind: 'reacted', reacted: one }) as const));
    bridge.inbound.schedule(ticketId, 'first');
  };
  setTimeout(again, WAIT_MS).unref();
  return true;
}

/**
 * Drops the inboxes of tickets that are done: there is one for each ticket with a channel, no more. Where
 * something is left in one it is looked at again, which drops it if its ticket is done.
 */
export function dropIdleInboxes({ inboxes, inbound, tickets }: Bridge): void {
  for (const [ticketId, { events, dropped, early }] of inboxes) {
    if (tickets.known(ticketId) || early.length > 0) continue;
    if (events.length > 0 || dropped) inbound.schedule(ticketId);
    else inboxes.delete(ticketId);
  }
}
