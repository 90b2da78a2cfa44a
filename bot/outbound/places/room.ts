import { backOff } from '../../../src/domain/consumers/keyed-queue.ts';
import type { Bridge } from '../../bridge.ts';
import type { MirroredTicket } from '../../mirrored-tickets.ts';
import { lengthOf } from '../../rest/discord-errors.ts';
import { whyNoChannel } from '../../settings.ts';
import { endTrouble } from './post-troubles.ts';

const FIRST_PROBE_MS = 250;
const LONGEST_PROBE_MS = 60_000;

/** The problem's key while the server has refused a channel for want of room. */
export const GUILD_FULL = 'guild-full';

const guildFull = 'the Discord server has no room for another channel';
const guildPaused = 'Discord makes no more channels in this server for now';

/**
 * Which tickets may have a channel. A full server is remembered: one ticket at a time probes, and the
 * others wait without a call. So is how many channels each partner's tickets have.
 */
export interface Room {
  /** Counts a channel that a ticket has. */
  count(ticketId: string, partner: string | null | undefined): void;
  /**
   * @param inForum it is to have a post, which takes no room
   * @returns why the ticket has to wait for its channel; undefined where it may try
   */
  whyWait(ticket: MirroredTicket, inForum?: boolean): string | undefined;
  /** True while Discord has refused a channel for want of room, and made none since. */
  isFull(): boolean;
  /**
   * False while the server is known to be full. Where nobody waits for it, one ticket may find out now and then
   * whether it still is: whoever is told true has to try.
   */
  mayTry(ticketId: string): boolean;
  /**
   * Discord has refused this ticket a channel because there are too many.
   * @param pausedMs or because so many were made in a day: for how long it makes none, in milliseconds
   */
  foundFull(ticket: MirroredTicket, pausedMs?: number): void;
  /** The same, and there is no other server for it. @returns why it waits */
  refused(ticket: MirroredTicket, pausedMs?: number): string;
  /** A channel was made for a ticket: there is room. */
  opened(ticket: MirroredTicket): void;
  /** A post was opened for a ticket: so there may be for those that wait. */
  housed(ticket: MirroredTicket): void;
  /** A ticket has none any more, or needs none. */
  left(ticket: Pick<MirroredTicket, 'id'>): void;
  /** A channel of the server is gone: there may be room. */
  freed(): void;
  /** There may be room in another server: one that waits here looks. */
  nudge(): void;
  stop(): void;
}

/** What parking has done already, where the server is full all the same. */
function parkedToo({ tickets, discord }: Bridge): string {
  const why = discord.parking.below === 0 ? 'PARK_BELOW is 0' : 'WHEN_NEARLY_FULL is post';
  const isOff = discord.parking.below === 0 || discord.whenNearlyFull === 'post';
  const off = isOff ? `; none are parked, since ${why}` : '';
  const parked = tickets.countParked();
  return parked === 0 ? off : `; ${parked} are parked`;
}

/** The partner that a ticket is of, where tickets have one. */
function partnerOf({ ticket }: Pick<MirroredTicket, 'ticket'>): string | undefined {
  return ticket.partner ?? undefined;
}

/** @param cap the most channels one partner's tickets may have at the same time */
export function createRoom(bridge: Bridge, cap: number): Room {
  const waiting = new Set<string>();
  const partners = new Map<string, { open: Set<string>; waiting: Set<string> }>();
  let isFull = false;
  let pausedMs: number | undefined;
  /** Nobody waits for a probe that is due: the next one that asks may make it. */
  let isProbeOpen = false;
  let probes = 0;
  let probing: string | undefined;
  let timer: NodeJS.Timeout | undefined;

  const ofPartner = (partner: string) => {
    const known = partners.get(partner);
    if (known) return known;
    const made = { open: new Set<string>(), waiting: new Set<string>() };
    partners.set(partner, made);
    return made;
  };
  const planProbe = () => {
    clearTimeout(timer);
    timer = setTimeout(probe, backOff(++probes, FIRST_PROBE_MS, LONGEST_PROBE_MS)).unref();
  };
  const probe = () => {
    const [next] = waiting;
    if (bridge.ended) return;
    if (next === undefined) {
      isProbeOpen = bridge.guilds.isSeveral;
      for (const { room } of bridge.guilds.all) room.nudge();
      return;
    }
    // The next probe is another ticket's turn.
    waiting.delete(next);
    waiting.add(next);
    probing = next;
    bridge.outbound.schedule(next);
    planProbe();
  };
  const whyPartnerWaits = (ticket: MirroredTicket): string | undefined => {
    const partner = partnerOf(ticket);
    if (!partner) return undefined;
    const own = ofPartner(partner);
    if (own.open.size < cap || own.open.has(ticket.id)) {
      if (own.waiting.delete(ticket.id) && own.waiting.size === 0) {
        bridge.problems.clear(`partner:${partner}`);
      }
      // Reserved already: several ask before the first has its channel.
      own.open.add(ticket.id);
      return undefined;
    }
    own.waiting.add(ticket.id);
    const text = `${cap} tickets of the partner ${partner} have a channel (MAX_TICKETS_IN_DISCORD_PER_PARTNER): the next wait until one of them is closed`;
    bridge.problems.raise(`partner:${partner}`, text);
    return text;
  };

  const unreserve = (ticket: MirroredTicket) => {
    const partner = partnerOf(ticket);
    if (partner) ofPartner(partner).open.delete(ticket.id);
  };

  /** It stays so until there is room, if nobody goes elsewhere before. */
  const wait = (ticket: MirroredTicket) => {
    waiting.add(ticket.id);
    const [why, hint] =
      pausedMs === undefined
        ? [guildFull, `until some are removed (Discord allows 500)${parkedToo(bridge)}`]
        : [guildPaused, `as it asks for a pause of ${lengthOf(pausedMs)}`];
    bridge.problems.raise(GUILD_FULL, `${why}: new tickets wait ${hint}`);
    return why;
  };
  const foundFull = (ticket: MirroredTicket, askedMs?: number) => {
    pausedMs = askedMs;
    unreserve(ticket);
    if (probing === ticket.id) probing = undefined;
    if (isFull) return;
    isFull = true;
    probes = 0;
    planProbe();
  };

  return {
    count(ticketId, partner) {
      if (partner) ofPartner(partner).open.add(ticketId);
    },
    whyWait(ticket, inForum = false) {
      const why =
        whyNoChannel(bridge.settings, ticket.ticket.issue_level) ?? whyPartnerWaits(ticket);
      if (why) return why;
      if (inForum || !isFull || probing === ticket.id) return undefined;
      unreserve(ticket);
      return wait(ticket);
    },
    mayTry(ticketId) {
      if (!isFull || probing === ticketId) return true;
      if (!isProbeOpen) return false;
      isProbeOpen = false;
      probing = ticketId;
      planProbe();
      return true;
    },
    isFull: () => isFull,
    housed(ticket) {
      const partner = partnerOf(ticket);
      if (partner) ofPartner(partner).open.add(ticket.id);
      if (!waiting.delete(ticket.id)) return;
      for (const id of waiting) bridge.outbound.schedule(id);
      if (waiting.size === 0) bridge.problems.clear(GUILD_FULL);
    },
    foundFull,
    refused(ticket, askedMs) {
      foundFull(ticket, askedMs);
      return wait(ticket);
    },
    opened(ticket) {
      const partner = partnerOf(ticket);
      if (partner) ofPartner(partner).open.add(ticket.id);
      waiting.delete(ticket.id);
      if (!isFull) return;
      isFull = false;
      isProbeOpen = false;
      probing = undefined;
      clearTimeout(timer);
      bridge.problems.clear(GUILD_FULL);
      for (const id of waiting) bridge.outbound.schedule(id);
      waiting.clear();
    },
    left({ id }) {
      endTrouble(bridge, id);
      // Where it went elsewhere nobody waits any more.
      const wasLast = waiting.delete(id) && waiting.size === 0;
      if (wasLast && bridge.guilds.isSeveral) bridge.problems.clear(GUILD_FULL);
      for (const [partner, { open, waiting: queue }] of partners) {
        queue.delete(id);
        const next = open.delete(id) ? queue.values().next().value : undefined;
        if (next) bridge.outbound.schedule(next);
        if (queue.size === 0) bridge.problems.clear(`partner:${partner}`);
        if (open.size + queue.size === 0) partners.delete(partner);
      }
    },
    freed() {
      if (!isFull) return;
      probes = 0;
      // Nobody is there to find out: the next one that asks does.
      if (waiting.size === 0) isFull = false;
      else planProbe();
    },
    nudge() {
      const [next] = waiting;
      if (next !== undefined) bridge.outbound.schedule(next);
    },
    stop: () => clearTimeout(timer),
  };
}
