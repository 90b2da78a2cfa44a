import {
  DISCORD_ISSUER,
  isStaffRole,
  type UserRole,
  type UserView,
} from '../../contract/identity.ts';

/** The way an action came in; written with what it changes, and into the log. */
export interface Via {
  door: 'rest' | 'socket' | 'discord' | 'system';
  requestId?: string;
  address?: string;
}

/** Whoever calls a verb: what the token, or Discord, says of them. */
export interface Actor {
  /** Side, issuer and id: customers and staff, or two issuers' users, with one id are different people. */
  key: string;
  id: string;
  username: string;
  /** Null for a guest without one. */
  email: string | null;
  role: UserRole;
  /** Keys of the other identities of the same person, where they are joined; see `agents/identities`. */
  others?: readonly string[];
  origin: 'web' | 'discord' | 'system';
  /** The issuer of the token, where it names one: the partner whose user this is. */
  partner?: string;
  /** An AGENT who may also assign, approve, reject and read all reports: Discord's MANAGER. */
  manages?: boolean;
  via?: Via;
}

/** Deskcord itself, for what it does by its own rules. */
export const systemActor: Actor = {
  key: 'staff|system|',
  id: 'system',
  username: 'Deskcord',
  email: null,
  role: 'ADMIN',
  origin: 'system',
};

/** `TEMP_USER` and `CUSTOMER` are one side, so that a guest can become a customer. */
export type Side = 'customer' | 'staff';

export function sideOf(role: UserRole): Side {
  return isStaffRole(role) ? 'staff' : 'customer';
}

const escapeKey = (part: string) => part.replaceAll('%', '%25').replaceAll('|', '%7C');

/**
 * The key under which a person's tickets, messages, limits and client ids are kept:
 * `id` or `issuer|id` for customers, `staff|issuer|id` (the issuer may be empty) for staff. The parts
 * are escaped and the sides differ in the number of bars, so that no id makes somebody else's key.
 */
export function userKey(side: Side, id: string, issuer?: string | null): string {
  if (side === 'staff') return `staff|${escapeKey(issuer ?? '')}|${escapeKey(id)}`;
  return issuer ? `${escapeKey(issuer)}|${escapeKey(id)}` : escapeKey(id);
}

/** True for the keys that `userKey` makes for staff. */
export function isStaffKey(key: string): boolean {
  return /^staff\|[^|]*\|[^|]*$/.test(key);
}

/** True for the key of somebody who acts in Discord. */
export function isDiscordKey(key: string): boolean {
  return key.startsWith(`staff|${DISCORD_ISSUER}|`);
}

/** True for the keys of whoever acts: that of the identity they act with, and of those joined with it. */
export function isSelf({ key, others }: Pick<Actor, 'key' | 'others'>, other: string): boolean {
  return key === other || (others?.includes(other) ?? false);
}

/** What a person's rows are found by. */
export function ownKeys({ key, others }: Actor): string | { $in: readonly string[] } {
  return others ? { $in: [key, ...others] } : key;
}

export function isStaff(actor: Actor): boolean {
  return isStaffRole(actor.role);
}

export function actorView(actor: Actor): UserView {
  return { id: actor.id, username: actor.username, email: actor.email, role: actor.role };
}

/** Author of an entry: the part of an actor that is stored. */
export function authorOf(actor: Actor) {
  return { key: actor.key, id: actor.id, name: actor.username, role: actor.role };
}

/** The request an actor acts by, as an entry keeps it. */
export function requestOf({ via }: Actor): { request?: string } {
  return via?.requestId ? { request: via.requestId } : {};
}
