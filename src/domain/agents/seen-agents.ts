import { LRUCache } from 'lru-cache';
import type { SupportRole } from '../../contract/tickets.ts';
import type { Clock } from '../../infra/clock.ts';
import type { Log } from '../../infra/log.ts';
import type { AgentRow } from '../../models/agent.ts';
import type { Database } from '../../models/database.ts';
import { type Actor, isStaff } from '../access/actor.ts';
import { native } from '../log/collections.ts';
import { isDuplicateKey } from '../mongo-errors.ts';

/** How often one process writes down that it has seen somebody, in milliseconds. */
export const SEEN_EVERY_MS = 10 * 60_000;
const RETRY_MS = 30_000;
const REMEMBERED = 5000;

/** Staff become known by what they do: each request costs a look into memory, and a write once in a while. */
export interface SeenAgents {
  /**
   * @param skills of somebody who acts in Discord: the support roles of their roles there
   * @param guildId where they act, of a desk that has several guilds
   */
  note(actor: Actor, skills?: readonly SupportRole[], guildId?: string): void;
}

interface Deps {
  db: Database;
  clock: Clock;
  log: Log;
}

const fresh = (now: number) => ({
  name: null,
  skills: null,
  away: false,
  created_at: now,
});

/**
 * Writes down that somebody is there, as they are now.
 * @param skills of somebody who acts in Discord; what is known of them stays where they are left out
 * @param guildId the guild whose roles those are, of a desk that has several
 * @returns their row, made where there was none
 */
export async function writeSeen(
  { db, clock }: Pick<Deps, 'db' | 'clock'>,
  actor: Actor,
  skills?: readonly SupportRole[],
  guildId?: string,
): Promise<AgentRow> {
  const now = clock.now();
  const { key, id, username, role } = actor;
  const isDiscord = actor.origin === 'discord';
  const side = isDiscord ? 'discord' : 'web';
  const $set = {
    [`${side}.id`]: id,
    [`${side}.name`]: username,
    [`${side}.role`]: role,
    ...(isDiscord
      ? skills && { 'discord.skills': skills }
      : { 'web.partner': actor.partner ?? null }),
    ...(isDiscord &&
      guildId && { [`discord.guilds.${guildId}`]: { skills: skills ?? [], at: now } }),
    seen_at: now,
    ...(isDiscord && { discord_seen_at: now }),
  };
  const $setOnInsert = {
    ...fresh(now),
    ...(isDiscord ? !skills && { 'discord.skills': [] } : { discord_seen_at: null }),
  };
  for (;;) {
    try {
      const row = await native(db.agents).findOneAndUpdate(
        { [`${side}.key`]: key },
        { $set, $setOnInsert },
        { upsert: true, returnDocument: 'after' },
      );
      return row as AgentRow;
    } catch (error) {
      // Another process has made the row at the same moment.
      if (!isDuplicateKey(error)) throw error;
    }
  }
}

export function createSeenAgents({ db, clock, log }: Deps): SeenAgents {
  const seen = new LRUCache<string, { until: number; name: string; role: string; skills: string }>({
    max: REMEMBERED,
  });
  return {
    note(actor, skills = [], guildId) {
      if (!isStaff(actor)) return;
      const { username: name, role } = actor;
      const key = guildId ? `${actor.key} ${guildId}` : actor.key;
      const known = seen.get(key);
      const joined = skills.length > 0 ? skills.join() : '';
      const now = clock.now();
      const isSame = known?.name === name && known.role === role && known.skills === joined;
      if (isSame && now < known.until) return;
      const entry = { until: now + SEEN_EVERY_MS, name, role, skills: joined };
      seen.set(key, entry);
      writeSeen({ db, clock }, actor, skills, guildId).catch((error: Error) => {
        entry.until = now + RETRY_MS;
        log.debug({ reason: error.message }, 'who was seen cannot be written');
      });
    },
  };
}
