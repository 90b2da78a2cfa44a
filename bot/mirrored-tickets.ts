import { LRUCache } from 'lru-cache';
import type { AppContext } from '../src/context.ts';
import type { Entry, Ticket } from '../src/domain/log/entry.ts';
import {
  claimMirror,
  commitMirror,
  isReopened,
  listChannels,
  type Mirror,
  type MirrorChange,
  readMirroredTicket,
  reopened,
  type TicketChannel,
  withClosing,
} from '../src/domain/mirror/mirrors.ts';
import type { Post } from '../src/domain/mirror/posts.ts';

/** Entries kept of what the bus has brought for a ticket; a longer backlog is read from the log. */
const MAX_FEED = 100;
/** Tickets whose place is remembered; one that is forgotten costs a look. */
const REMEMBERED = 50_000;

/** A ticket on its way into Discord, as this session of the bridge knows it. */
export interface MirroredTicket {
  id: string;
  ticket: Ticket;
  /** The head of the log that `ticket` belongs to: no status change up to it is missing from it. */
  head: number;
  /** As it is stored; only this session writes it. */
  mirror: Mirror;
  /** The bridge's generation in which its channel was last caught up with. */
  caughtUpGeneration: number;
  /** The newest message taken in when the gateway was lost; what is older than it was seen live. */
  gapStart: string | null;
  /** The message whose files could not be fetched, and since when (monotonic milliseconds). */
  unfetched: { id: string; since: number } | null;
  /** Its channel may be gone: look before using it. */
  channelNeedsCheck: boolean;
  /** `ticket` and `head` may be behind the log. */
  stale: boolean;
  /** The entries up to `head` that the bus has brought, without a hole. */
  feed: Entry[];
  /** A post may stand in the channel that is not written down: look before the next one. */
  inDoubt: boolean;
  /** Its channel is looked for in a list no older than this (monotonic milliseconds). */
  channelsSince: number;
  /** Posts made that no row stands for yet, in order. */
  unrecorded: Post[];
  /** The writing of those rows, while it is under way. */
  recording: Promise<void> | undefined;
  /** Side steps that failed: how often, and when they are tried again (monotonic milliseconds). */
  sideSteps: Map<string, { tries: number; notBefore: number }>;
}

/** The tickets that are not done, loaded when they are first needed. */
export function createTickets(ctx: AppContext, epoch: number) {
  const byId = new Map<string, MirroredTicket>();
  const idByChannel = new Map<string, string>();
  const loading = new Map<string, Promise<MirroredTicket | undefined>>();
  /** Last entry known to be in Discord; spares a look at those a reconciliation poll names again. */
  const done = new LRUCache<string, number>({ max: REMEMBERED });

  const read = async (id: string): Promise<MirroredTicket | undefined> => {
    const found = await readMirroredTicket(ctx, id);
    if (!found) return undefined;
    const mirror = await claimMirror(ctx, id, epoch);
    let channelsSince = 0;
    if (isReopened(found.ticket, mirror)) {
      // A list from before may have the channel that was removed.
      channelsSince = performance.now();
      const change = reopened(mirror);
      await commitMirror(ctx, mirror, change);
      Object.assign(mirror, change);
    }
    mirror.steps = withClosing(mirror.steps, found.ticket);
    const loaded: MirroredTicket = {
      id,
      ticket: found.ticket,
      head: found.head,
      mirror,
      caughtUpGeneration: -1,
      gapStart: null,
      unfetched: null,
      channelNeedsCheck: false,
      stale: false,
      feed: [],
      inDoubt: true,
      channelsSince,
      unrecorded: mirror.pending.map((post) => ({ ...post, epoch })),
      recording: undefined,
      sideSteps: new Map(),
    };
    if (mirror.state === 'done') return loaded;
    byId.set(id, loaded);
    if (mirror.channel_id) idByChannel.set(mirror.channel_id, id);
    return loaded;
  };

  return {
    /** Learns which channels belong to tickets. */
    async loadChannels(): Promise<TicketChannel[]> {
      const channels = await listChannels(ctx);
      for (const { ticketId, channelId } of channels) idByChannel.set(channelId, ticketId);
      return channels;
    },
    /** @returns undefined for a ticket that does not exist; one that is done is not kept */
    load(id: string): Promise<MirroredTicket | undefined> {
      const known = byId.get(id);
      if (known) return Promise.resolve(known);
      let pending = loading.get(id);
      if (!pending) {
        pending = read(id).finally(() => loading.delete(id));
        loading.set(id, pending);
      }
      return pending;
    },
    /** Reads a ticket, and the head it belongs to, again. */
    async refresh(ticket: MirroredTicket): Promise<void> {
      ticket.stale = false;
      try {
        const found = await readMirroredTicket(ctx, ticket.id);
        if (found && found.head >= ticket.head) Object.assign(ticket, found);
      } catch (error) {
        ticket.stale = true;
        throw error;
      }
    },
    /** An entry has come by the bus: where it is the next one it need not be read. */
    note(entry: Entry): void {
      const ticket = byId.get(entry.ticket_id);
      if (!ticket || entry.seq <= ticket.head) return;
      if (ticket.stale || entry.seq !== ticket.head + 1) {
        ticket.stale = true;
        return;
      }
      ticket.head = entry.seq;
      if (entry.type === 'ticket_change') ticket.ticket = entry.ticket;
      if (ticket.feed.length < MAX_FEED) ticket.feed.push(entry);
      else ticket.feed = [];
    },
    /** The log may have gone on without the bus saying so. */
    markStale(id: string): void {
      const ticket = byId.get(id);
      if (ticket) ticket.stale = true;
    },
    inTrouble: (): MirroredTicket[] =>
      [...byId.values()].filter(({ mirror }) => mirror.problem !== null),
    idOfChannel: (channelId: string): string | undefined => idByChannel.get(channelId),
    known: (id: string): MirroredTicket | undefined => byId.get(id),
    withChannel: (): string[] => [...idByChannel.values()],
    /** Stores a change of the mirror under this session's lease. */
    async save(ticket: MirroredTicket, change: MirrorChange): Promise<void> {
      await commitMirror(ctx, ticket.mirror, change);
      const before = ticket.mirror.channel_id;
      Object.assign(ticket.mirror, change);
      const after = ticket.mirror.channel_id;
      if (before && before !== after) idByChannel.delete(before);
      if (after) idByChannel.set(after, ticket.id);
      if (change.seq !== undefined) done.set(ticket.id, change.seq);
    },
    /** Remembers up to where each channel was seen live, since from now on it is not. */
    markGapStarts(): void {
      for (const ticket of byId.values()) ticket.gapStart ??= ticket.mirror.inbound;
    },
    /** True where nothing up to `seq` is left to do. */
    isPast: (id: string, seq: number): boolean => (done.get(id) ?? -1) >= seq,
    hasMet: (id: string): boolean => done.has(id) || byId.has(id),
    /** Lets go of a ticket that is done. */
    forget(ticket: MirroredTicket): void {
      byId.delete(ticket.id);
      if (ticket.mirror.channel_id) idByChannel.delete(ticket.mirror.channel_id);
      done.set(ticket.id, ticket.mirror.seq);
    },
  };
}

export type Tickets = ReturnType<typeof createTickets>;
