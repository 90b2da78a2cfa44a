import { LRUCache } from 'lru-cache';
import type { AppContext } from '../src/context.ts';
import type { Question } from '../src/domain/consumers/grant-check.ts';
import { strippedTicket } from '../src/domain/log/deletion.ts';
import {
  type Entry,
  foldTicket,
  internalLog,
  type LogId,
  logKey,
  publicLog,
  type Stream,
  type Ticket,
} from '../src/domain/log/entry.ts';
import {
  claimMirror,
  commitMirror,
  type Heads,
  isMeant,
  isReopened,
  listChannels,
  type Mirror,
  type MirrorChange,
  type MirrorMember,
  readMirroredTicket,
  reopened,
  type TicketChannel,
  withClosing,
} from '../src/domain/mirror/mirrors.ts';
import type { Post } from '../src/domain/mirror/posts.ts';
import { compareIds } from './snowflakes.ts';

/** Entries kept of what the bus has brought for a ticket; a longer backlog is read from the log. */
const MAX_FEED = 100;
/** Tickets whose place is remembered; one that is forgotten costs a look. */
const REMEMBERED = 50_000;

/** A ticket on its way into Discord, as this session of the bridge knows it. */
export interface MirroredTicket {
  id: string;
  ticket: Ticket;
  /**
   * How far its logs are known to reach. `ticket` belongs to the public one: no status change up to it
   * is missing from it.
   */
  heads: Heads;
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
  /** `ticket` and `heads` may be behind the logs. */
  stale: boolean;
  /** The entries up to each head that the bus has brought, without a hole. */
  feeds: Record<Stream, Entry[]>;
  /** A post of a log may stand in the channel that is not written down: look before its next one. */
  inDoubt: Record<Stream, boolean>;
  /** Whether the lease still stands, asked when the ticket was last taken up with something to post. */
  asked: Question | undefined;
  /** When a webhook's post last came to no known outcome (monotonic milliseconds). */
  unsureAt: number;
  /** Its channel is looked for in a list no older than this (monotonic milliseconds). */
  channelsSince: number;
  /** Posts made that no row stands for yet, in order. */
  unrecorded: Post[];
  /** The writing of those rows, while it is under way. */
  recording: Promise<void> | undefined;
  /** Side steps that failed: how often, and when they are tried again (monotonic milliseconds). */
  sideSteps: Map<string, { tries: number; notBefore: number }>;
}

/** True for a ticket that has a post in a forum in the place of a channel. */
export function isInForum({ forum_id }: Pick<Mirror, 'forum_id'>): boolean {
  return Boolean(forum_id);
}

/** True for a Discord message from before the ticket's present channel, which does not show it. */
export function isFromBefore({ mirror }: Pick<MirroredTicket, 'mirror'>, id: string): boolean {
  return mirror.channel_id === null || compareIds(id, mirror.channel_id) < 0;
}

/**
 * What becomes of a mirror that was just made for a ticket which ended before there was a bridge: a
 * note on it brings nothing into Discord.
 */
function neverMeant(ticket: Ticket, mirror: Mirror, since: number): MirrorChange | undefined {
  const isNew = mirror.state === 'open' && mirror.channel_id === null && mirror.steps.length === 0;
  const isMet = mirror.seq > 0 || !isNew;
  if (isMet || isMeant(ticket, since)) return undefined;
  return { state: 'done', closing: ticket.status_seq };
}

/**
 * The tickets that are not done, loaded when they are first needed.
 * @param since when the bridge's lease was first held ever
 */
export function createTickets(ctx: AppContext, epoch: number, since: number) {
  const byId = new Map<string, MirroredTicket>();
  const idByChannel = new Map<string, string>();
  /** The guild of each ticket that has one, or is about to have a channel there. */
  const guildById = new Map<string, string>();
  /** The forum of each ticket that has a post. */
  const forumById = new Map<string, string>();
  const loading = new Map<string, Promise<MirroredTicket | undefined>>();
  /** Guests of tickets that were not loaded yet, as they were at the start. */
  const guests = new Map<string, readonly MirrorMember[]>();
  /** Last entry of each log known to be in Discord; spares a look at those a reconciliation poll names again. */
  const done = new LRUCache<string, number>({ max: REMEMBERED });

  const noteForum = (id: string, forumId: string | null | undefined) => {
    if (forumId) forumById.set(id, forumId);
    else forumById.delete(id);
  };

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
    const over = neverMeant(found.ticket, mirror, since);
    if (over) {
      await commitMirror(ctx, mirror, over);
      Object.assign(mirror, over);
    }
    mirror.steps = withClosing(mirror.steps, found.ticket);
    const loaded: MirroredTicket = {
      id,
      ticket: found.ticket,
      heads: found.heads,
      mirror,
      caughtUpGeneration: -1,
      gapStart: null,
      unfetched: null,
      channelNeedsCheck: false,
      stale: false,
      feeds: { public: [], internal: [] },
      inDoubt: { public: true, internal: true },
      asked: undefined,
      unsureAt: Number.NEGATIVE_INFINITY,
      channelsSince,
      unrecorded: mirror.pending.map((post) => ({ ...post, epoch })),
      recording: undefined,
      sideSteps: new Map(),
    };
    if (mirror.state === 'done') return loaded;
    byId.set(id, loaded);
    guests.delete(id);
    if (mirror.channel_id) idByChannel.set(mirror.channel_id, id);
    if (mirror.guild_id) guildById.set(id, mirror.guild_id);
    noteForum(id, mirror.forum_id);
    return loaded;
  };

  return {
    /** Learns which channels belong to tickets. */
    async loadChannels(): Promise<TicketChannel[]> {
      const channels = await listChannels(ctx);
      for (const { ticketId, channelId, guildId, forumId, members } of channels) {
        idByChannel.set(channelId, ticketId);
        noteForum(ticketId, forumId);
        if (guildId) guildById.set(ticketId, guildId);
        if (members.length > 0 && !byId.has(ticketId)) guests.set(ticketId, members);
      }
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
        const { heads } = ticket;
        if (!found) {
          ticket.ticket = strippedTicket(ticket.id, heads.public, ctx.clock(), ticket.ticket);
          return;
        }
        // What is read now may lie beyond what the bus has brought: its next entry follows a hole.
        ticket.feeds = { public: [], internal: [] };
        heads.internal = Math.max(heads.internal, found.heads.internal);
        if (found.heads.public < heads.public) return;
        heads.public = found.heads.public;
        ticket.ticket = found.ticket;
      } catch (error) {
        ticket.stale = true;
        throw error;
      }
    },
    /** An entry has come by the bus: where it is the next one it need not be read. */
    note(entry: Entry): void {
      const ticket = byId.get(entry.ticket_id);
      const { stream, seq } = entry;
      if (!ticket || seq <= ticket.heads[stream]) return;
      if (ticket.stale || seq !== ticket.heads[stream] + 1) {
        ticket.stale = true;
        return;
      }
      ticket.heads[stream] = seq;
      if (entry.type === 'ticket_change') ticket.ticket = foldTicket(ticket.ticket, entry);
      const feed = ticket.feeds[stream];
      if (feed.length < MAX_FEED) feed.push(entry);
      else ticket.feeds[stream] = [];
    },
    /** The log may have gone on without the bus saying so. */
    markStale(id: string): void {
      const ticket = byId.get(id);
      if (ticket) ticket.stale = true;
    },
    inTrouble: (): MirroredTicket[] =>
      [...byId.values()].filter(({ mirror }) => mirror.problem !== null),
    /** True for a ticket whose channel was removed to make room. */
    isParked: (id: string): boolean => Boolean(byId.get(id)?.mirror.parked),
    countParked: (): number => [...byId.values()].filter(({ mirror }) => mirror.parked).length,
    idOfChannel: (channelId: string): string | undefined => idByChannel.get(channelId),
    /** Who was let into a channel by hand, whether its ticket is loaded or not. */
    guestsIn(channelId: string): readonly MirrorMember[] {
      const id = idByChannel.get(channelId);
      const known = id === undefined ? undefined : byId.get(id);
      return known?.mirror.members ?? guests.get(id ?? '') ?? [];
    },
    /** The channel a ticket has now; looks through all there are where the ticket is not loaded. */
    channelOf(id: string): string | undefined {
      const known = byId.get(id)?.mirror.channel_id;
      return known ?? [...idByChannel].find(([, ticketId]) => ticketId === id)?.[0];
    },
    /** The guild that a ticket's row names, as far as the ticket is not done. */
    guildOf: (id: string): string | undefined => guildById.get(id),
    /** The tickets whose rows name a guild, as far as they are not done. */
    inGuild: (guildId: string): string[] =>
      [...guildById].flatMap(([id, named]) => (named === guildId ? [id] : [])),
    /** The tickets that have posts in a forum, loaded or not. */
    inForum: (forumId: string): string[] =>
      [...forumById].flatMap(([id, named]) => (named === forumId ? [id] : [])),
    /** The forums in which tickets have posts, of whichever guild. */
    forums: (): Set<string> => new Set(forumById.values()),
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
      if (change.guild_id) guildById.set(ticket.id, change.guild_id);
      noteForum(ticket.id, ticket.mirror.forum_id);
      const { seq, internal_seq } = change;
      if (seq !== undefined) done.set(logKey(publicLog(ticket.id)), seq);
      if (internal_seq !== undefined) done.set(logKey(internalLog(ticket.id)), internal_seq);
    },
    /** Remembers up to where each channel was seen live, since from now on it is not. */
    markGapStarts(): void {
      for (const ticket of byId.values()) ticket.gapStart ??= ticket.mirror.inbound;
    },
    /** True where nothing up to `seq` is left to do. */
    isPast: (log: LogId, seq: number): boolean => (done.get(logKey(log)) ?? -1) >= seq,
    hasMet: (id: string): boolean => done.has(logKey(publicLog(id))) || byId.has(id),
    /** Nothing is left to do for a ticket that was deleted, ever. */
    drop(id: string, channelId: string | null): void {
      byId.delete(id);
      guildById.delete(id);
      forumById.delete(id);
      if (channelId) idByChannel.delete(channelId);
      for (const log of [publicLog(id), internalLog(id)]) done.set(logKey(log), Infinity);
    },
    /** Lets go of a ticket that is done. */
    forget(ticket: MirroredTicket): void {
      byId.delete(ticket.id);
      guildById.delete(ticket.id);
      forumById.delete(ticket.id);
      if (ticket.mirror.channel_id) idByChannel.delete(ticket.mirror.channel_id);
      done.set(logKey(publicLog(ticket.id)), ticket.mirror.seq);
      // There is no channel for notes to go to any more.
      done.set(logKey(internalLog(ticket.id)), ticket.heads.internal);
    },
  };
}

export type Tickets = ReturnType<typeof createTickets>;
