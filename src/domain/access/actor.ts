import { isStaffRole, type UserRole, type UserView } from '../../contract/identity.ts';
import { AppError } from '../../errors.ts';

/** Whoever calls a verb: what the token, or Discord, says of them. */
export interface Actor {
  /** Issuer and id: two issuers' users with the same id are different people. */
  key: string;
  id: string;
  username: string;
  email: string;
  role: UserRole;
  origin: 'web' | 'discord' | 'system';
  /** The issuer of its token; null without one. */
  partner?: string | null;
  /** By which door and request it acts. */
  via?: { door: 'rest' | 'socket' | 'discord' | 'system'; requestId?: string; address?: string };
}

const escapeKey = (part: string) => part.replaceAll('%', '%25').replaceAll('|', '%7C');

/**
 * The key under which a user's tickets, limits and client ids are kept. No id, whatever is in it,
 * makes the key of another issuer's user.
 */
export function userKey(id: string, issuer?: string): string {
  return issuer ? `${escapeKey(issuer)}|${escapeKey(id)}` : escapeKey(id);
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

/** Customers see their own tickets only; somebody else's is as good as missing. */
export function canSee(actor: Actor, ticket: { owner: string }): boolean {
  return isStaff(actor) || ticket.owner === actor.key;
}

/** The request an actor acts by, as an entry keeps it. */
export function requestOf({ via }: Actor): { request?: string } {
  return via?.requestId ? { request: via.requestId } : {};
}

export function requireStaff(actor: Actor, what: string): void {
  if (!isStaff(actor)) throw new AppError('FORBIDDEN', `only staff may ${what}`);
}
