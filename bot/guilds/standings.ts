import type { SupportRole } from '../../src/contract/tickets.ts';
import type { Actor } from '../../src/domain/access/actor.ts';
import { forgetStandings, listToAskOf, storeStanding } from '../../src/domain/agents/guilds.ts';
import type { Bridge } from '../bridge.ts';
import { fetchPerson, isStaff, skillsOf } from '../people.ts';
import { describe } from '../rest/discord-errors.ts';
import { whyAway } from './guild-state.ts';

/** People whom one look asks Discord about, in one guild. */
const MOST_ASKED = 10;
/** Looks in which somebody is passed over whom Discord has answered with an error: others wait behind them. */
const PASSED_OVER = 10;

/** Those who are passed over in a guild, and in how many looks still: at most `MOST_ASKED` for each look. */
const failed = new WeakMap<Bridge, ReadonlyMap<string, number>>();

/** Writes down that somebody of the staff has acted, now and then, and where there are several guilds in which. */
export function noteSeen(
  { ctx, guilds, settings }: Bridge,
  actor: Actor,
  skills: readonly SupportRole[],
): void {
  ctx.desk.seen.note(actor, skills, guilds.isSeveral ? settings.guildId : undefined);
}

/** Asks Discord what somebody is in a guild, and writes it down. */
export async function learnStanding(bridge: Bridge, discordId: string): Promise<boolean> {
  const { ctx, client, settings } = bridge;
  const guild = client.guilds.cache.get(settings.guildId);
  if (!guild) return false;
  const person = await fetchPerson(guild, { id: discordId, displayName: '' });
  const isOurs = isStaff(settings, person);
  await storeStanding(ctx, settings.guildId, discordId, isOurs ? skillsOf(settings, person) : null);
  return isOurs;
}

async function askAll(bridge: Bridge): Promise<void> {
  const { ctx, settings } = bridge;
  const failures: unknown[] = [];
  const before = [...(failed.get(bridge) ?? [])];
  const passed = new Map(before.filter(([, left]) => left > 1).map(([id, left]) => [id, left - 1]));
  failed.set(bridge, passed);
  for (const id of await listToAskOf(ctx, settings.guildId, MOST_ASKED, [...passed.keys()])) {
    if (bridge.ended) return;
    await learnStanding(bridge, id).catch((error: unknown) => {
      passed.set(id, PASSED_OVER);
      failures.push(error);
    });
  }
  // One who cannot be asked about keeps nobody else from being.
  if (failures.length > 0) throw failures[0];
}

/**
 * Keeps known of the staff in which guilds of several they are any: of those who are present or on call, since
 * nobody else is given a ticket or called. Each guild is asked by itself, so that one that is slow holds up no
 * other.
 * @param everyMs milliseconds between two looks
 * @returns a function that ends it
 */
export function keepLearningStandings(bridge: Bridge, everyMs: number): () => void {
  const { guilds, log, ctx } = bridge;
  const fail = (error: unknown) =>
    log.warn({ reason: describe(error) }, 'who is staff in a server is not known');
  if (!guilds.isSeveral) {
    forgetStandings(ctx).catch(fail);
    return () => undefined;
  }
  const asking = new Set<Bridge>();
  const look = (guild: Bridge) => {
    if (bridge.ended || asking.has(guild) || whyAway(guild)) return;
    asking.add(guild);
    askAll(guild)
      .catch(fail)
      .finally(() => asking.delete(guild));
  };
  const lookAll = () => guilds.all.forEach(look);
  lookAll();
  const timer = setInterval(lookAll, everyMs).unref();
  return () => clearInterval(timer);
}
