import type { Guild, GuildMember, Message, User } from 'discord.js';
import type { DiscordConfig } from '../src/config.ts';
import { DISCORD_ISSUER } from '../src/contract/identity.ts';
import { displayName } from '../src/contract/text.ts';
import { type Actor, isDiscordKey, userKey } from '../src/domain/access/actor.ts';
import type { Author } from '../src/domain/log/entry.ts';
import { isInaccessible } from './discord-errors.ts';

/** Somebody of the guild as the verbs know people; `ADMIN` with the administrators' role. */
export function actorOf(
  discord: DiscordConfig,
  person: { id: string; name: string; roles: readonly string[] },
): Actor {
  return {
    key: userKey('staff', person.id, DISCORD_ISSUER),
    id: person.id,
    username: displayName(person.name, 'staff'),
    email: `${person.id}@discord.invalid`,
    role: person.roles.includes(discord.roles.ADMIN) ? 'ADMIN' : 'AGENT',
    origin: 'discord',
  };
}

/** The author of something taken in before, as who acts again. */
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

export function isFromDiscord(author: Author): boolean {
  return isDiscordKey(author.key);
}

/** True for those who hold one of the four roles of the staff. */
export function isStaffMember(discord: DiscordConfig, roles: readonly string[]): boolean {
  return Object.values(discord.roles).some((role) => roles.includes(role));
}

async function memberOf(guild: Guild, user: User): Promise<GuildMember | undefined> {
  const known = guild.members.cache.get(user.id);
  if (known) return known;
  try {
    return await guild.members.fetch(user.id);
  } catch (error) {
    if (isInaccessible(error)) return undefined;
    throw error;
  }
}

/** Who wrote a message, with the name the guild shows; somebody who has left, or is withheld, has none of its roles. */
export async function writerOf(
  discord: DiscordConfig,
  guild: Guild,
  message: Message,
): Promise<Actor> {
  const member = message.member ?? (await memberOf(guild, message.author));
  const name = member?.displayName ?? message.author.displayName;
  const roles = member ? [...member.roles.cache.keys()] : [];
  return actorOf(discord, { id: message.author.id, name, roles });
}
