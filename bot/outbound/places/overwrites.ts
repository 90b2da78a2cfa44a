import { type APIOverwrite, OverwriteType, PermissionFlagsBits as P } from 'discord.js';
import type { SupportRole } from '../../../src/contract/tickets.ts';
import { type Bridge, selfId } from '../../bridge.ts';
import type { MirroredTicket } from '../../mirrored-tickets.ts';
import { absentRoles, forPersonas, overwritesFor, seersOf } from '../../permissions.ts';
import type { Outcome } from '../../rest/call-ends.ts';

/** The ids of all who see a ticket's channel, joined. */
export function seersIn({ settings }: Bridge, { ticket, mirror }: MirroredTicket): string {
  const members = mirror.members ?? [];
  return [...seersOf(settings, ticket.support_role), ...members.map(({ id }) => id)].join(',');
}

/** Who is let into a channel: which roles are left out, and whether those are in who were let in by hand. */
interface LetIn {
  missing: Set<SupportRole>;
  guests: boolean;
}

/** A channel that is made, or shown to others. */
export interface Shown {
  /** Its overwrites, but for whom Discord finds fault with. */
  list(letIn: LetIn): APIOverwrite[];
  hasGuests: boolean;
}

/** What the bot holds in the server: it can give away no more. */
function heldBy({ client, settings }: Bridge): bigint {
  const held = client.guilds.cache.get(settings.guildId)?.members.me?.permissions;
  return held?.bitfield ?? ~0n;
}

/** The channel of a ticket. */
export function channelFor(bridge: Bridge, { ticket, mirror }: MirroredTicket): Shown {
  const more = forPersonas(bridge.discord);
  const members = (mirror.members ?? []).map(({ id }) => id);
  return {
    hasGuests: members.length > 0,
    list: ({ missing, guests }) =>
      overwritesFor(
        bridge.settings,
        selfId(bridge),
        ticket.support_role,
        heldBy(bridge),
        missing,
        more,
        guests ? members : [],
      ),
  };
}

/** A forum whose posts are tickets of a support role: those see it who would see a channel of theirs. */
export function forumFor(bridge: Bridge, supportRole: SupportRole): Shown {
  const held = heldBy(bridge);
  const isAdmin = (held & P.Administrator) !== 0n;
  const self = selfId(bridge);
  const inPosts = ({ id }: APIOverwrite) =>
    P.SendMessagesInThreads | (id === self ? P.ManageThreads : 0n);
  const widen = (one: APIOverwrite) => {
    if (one.id === bridge.settings.guildId && one.type === OverwriteType.Role) return one;
    const bits = isAdmin ? inPosts(one) : inPosts(one) & held;
    return { ...one, allow: String(BigInt(one.allow) | bits) };
  };
  return {
    hasGuests: false,
    list: ({ missing }) =>
      overwritesFor(bridge.settings, self, supportRole, held, missing).map(widen),
  };
}

/** The roles to leave out, as the mirror's row remembers them. */
export function withoutRoles(bridge: Bridge): string {
  return [...absentRoles(bridge)].sort().join(',');
}

/** The overwrites that a channel should have, as far as is known. */
export function wantedOverwrites(bridge: Bridge, shown: Shown): APIOverwrite[] {
  return shown.list({ missing: absentRoles(bridge), guests: true });
}

/** Discord knows a role no more that the cache still has: ask for all of them. */
async function refreshRoles(bridge: Bridge): Promise<void> {
  await bridge.client.guilds.cache.get(bridge.settings.guildId)?.roles.fetch();
}

const allRoles: SupportRole[] = ['GENERAL', 'TECHNICAL', 'MANAGER', 'ADMIN'];

/** What is tried, one after the other, where Discord finds fault with a channel's overwrites. */
function lettingIn(bridge: Bridge, { hasGuests }: Shown): (() => LetIn)[] {
  const there = (guests: boolean) => () => ({ missing: absentRoles(bridge), guests });
  // One of them may have no account any more.
  const without = hasGuests ? [there(false)] : [];
  return [
    there(true),
    there(true),
    ...without,
    () => ({ missing: new Set(allRoles), guests: false }),
  ];
}

/**
 * Runs a call with the overwrites of a channel. Where Discord finds fault with them: with those of
 * the roles it has, then without who was let in by hand, and at last with nobody's but the bot's own; never
 * without keeping everybody out.
 */
export async function withOverwrites<T>(
  bridge: Bridge,
  shown: Shown,
  call: (permission_overwrites: APIOverwrite[]) => Promise<Outcome<T>>,
): Promise<{ outcome: Outcome<T>; without: string }> {
  const attempts = lettingIn(bridge, shown);
  for (let tries = 0; ; tries++) {
    const letIn = attempts[tries]?.() as LetIn;
    const outcome = await call(shown.list(letIn));
    const isAtFault = outcome.end === 'refused' && outcome.cause === 'overwrites';
    const isLast = tries === attempts.length - 1;
    if (!isAtFault || isLast) return { outcome, without: [...letIn.missing].sort().join(',') };
    await refreshRoles(bridge);
  }
}
