import { type Guild, type GuildMember, PermissionFlagsBits, type User } from 'discord.js';
import { DISCORD_ISSUER } from '../src/contract/identity.ts';
import { displayName } from '../src/contract/text.ts';
import { supportRoles } from '../src/contract/tickets.ts';
import { type Actor, userKey } from '../src/domain/access/actor.ts';
import type { Author } from '../src/domain/log/entry.ts';
import { isInaccessible } from './rest/discord-errors.ts';
import type { GuildSettings } from './settings.ts';

/** Somebody of the guild, as Discord showed them at one moment. */
export interface Person {
  id: string;
  /** The name the guild shows. */
  name: string;
  roles: readonly string[];
  /** Owner of the guild, or with Discord's own Administrator permission. */
  administrator: boolean;
}

export function personOf(member: GuildMember): Person {
  const { id, displayName, guild } = member;
  return {
    id,
    name: displayName,
    roles: [...member.roles.cache.keys()],
    administrator:
      guild.ownerId === id || member.permissions.has(PermissionFlagsBits.Administrator),
  };
}

/** Whether somebody speaks for the support team: one of its four roles, or charge of the guild itself. */
export function isStaff({ roles }: GuildSettings, person: Person): boolean {
  return person.administrator || Object.values(roles).some((role) => holds(person, role));
}

/** A role without an id is held by nobody. */
function holds({ roles }: Pick<Person, 'roles'>, roleId: string | undefined): boolean {
  return roleId !== undefined && roles.includes(roleId);
}

/** Somebody of the guild as the verbs know people; `ADMIN` with the administrators' role. */
export function actorOf({ roles }: GuildSettings, person: Omit<Person, 'administrator'>): Actor {
  const manages = holds(person, roles.MANAGER);
  return {
    key: userKey('staff', person.id, DISCORD_ISSUER),
    id: person.id,
    username: displayName(person.name, 'staff'),
    email: `${person.id}@discord.invalid`,
    role: holds(person, roles.ADMIN) ? 'ADMIN' : 'AGENT',
    origin: 'discord',
    ...(manages && { manages }),
  };
}

/** The support roles somebody has in the guild. */
export function skillsOf({ roles }: GuildSettings, person: Pick<Person, 'roles'>) {
  return supportRoles.filter((name) => holds(person, roles[name]));
}

/** The author of something ingested before, as who acts again. */
export function actorOfAuthor(author: Author): Actor {
  return {
    key: author.key,
    id: author.id,
    username: author.name,
    email: `${author.id}@discord.invalid`,
    role: author.role,
    origin: 'discord',
  };
}

/** What somebody has said in Discord they take back there whoever takes care of the ticket by now. */
export function takingBack(author: Author): Actor {
  return { ...actorOfAuthor(author), manages: true };
}

/**
 * Asks Discord who somebody is now: without the privileged members intent a cached member's roles may
 * be old. Somebody who has left has none.
 */
export async function fetchPerson(
  guild: Guild,
  user: Pick<User, 'id' | 'displayName'>,
): Promise<Person> {
  try {
    return personOf(await guild.members.fetch({ user: user.id, force: true }));
  } catch (error) {
    if (!isInaccessible(error)) throw error;
    return { id: user.id, name: user.displayName, roles: [], administrator: false };
  }
}
