import type { Guild, User } from 'discord.js';
import { LRUCache } from 'lru-cache';
import { AppError } from '../../src/errors.ts';
import type { Bridge } from '../bridge.ts';
import { fetchPerson, type Person } from '../people.ts';
import type { Incoming } from './incoming.ts';

/** What Discord says of a member holds for the page of a catch-up, in milliseconds; not for longer. */
const HOLDS_MS = 15_000;
const REMEMBERED = 500;

const fetched = new WeakMap<Bridge, LRUCache<string, Person>>();

export function guildOf(bridge: Bridge): Guild {
  const guild = bridge.client.guilds.cache.get(bridge.settings.guildId);
  if (!guild) throw new AppError('SERVICE_UNAVAILABLE', 'the guild is not there yet');
  return guild;
}

/** Who somebody is, with the roles of now. */
export async function personNow(
  bridge: Bridge,
  user: Pick<User, 'id' | 'displayName'>,
): Promise<Person> {
  let known = fetched.get(bridge);
  if (!known) {
    known = new LRUCache({ max: REMEMBERED, ttl: HOLDS_MS });
    fetched.set(bridge, known);
  }
  const found = known.get(user.id) ?? (await fetchPerson(guildOf(bridge), user));
  known.set(user.id, found);
  return found;
}

/** Who wrote a message, with the roles of now: the event's own, or else what Discord answers. */
export async function writerOf(bridge: Bridge, { writer, message }: Incoming): Promise<Person> {
  return writer ?? personNow(bridge, message.author);
}
