import type { AppContext } from '../src/context.ts';
import type { Ticket } from '../src/domain/log/entry.ts';
import {
  claimMirror,
  commitMirror,
  listChannels,
  type Mirror,
  type MirrorChange,
  readMirroredTicket,
} from '../src/domain/mirror/mirrors.ts';

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
}

/** The tickets that are not done, loaded when they are first needed. */
export function createTickets(ctx: AppContext, epoch: number) {
  const byId = new Map<string, MirroredTicket>();
  const idByChannel = new Map<string, string>();
  const loading = new Map<string, Promise<MirroredTicket | undefined>>();
  /** Last entry known to be in Discord; spares a look at those a reconciliation poll names again. */
  const done = new Map<string, number>();

  const read = async (id: string): Promise<MirroredTicket | undefined> => {
    const found = await readMirroredTicket(ctx, id);
    if (!found) return undefined;
    const mirror = await claimMirror(ctx, id, epoch);
    const loaded: MirroredTicket = {
      id,
      ticket: found.ticket,
      head: found.head,
      mirror,
      caughtUpGeneration: -1,
      gapStart: null,
      unfetched: null,
      channelNeedsCheck: false,
    };
    if (mirror.state === 'done') return loaded;
    byId.set(id, loaded);
    if (mirror.channel_id) idByChannel.set(mirror.channel_id, id);
    return loaded;
  };

  return {
    /** Learns which channels belong to tickets. */
    async loadChannels(): Promise<string[]> {
      const channels = await listChannels(ctx);
      for (const { ticketId, channelId } of channels) idByChannel.set(channelId, ticketId);
      return channels.map(({ ticketId }) => ticketId);
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
      done.set(ticket.id, Number.POSITIVE_INFINITY);
    },
  };
}

export type Tickets = ReturnType<typeof createTickets>;
