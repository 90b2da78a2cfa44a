import { listParkable } from '../src/domain/mirror/parking.ts';
import type { Bridge } from './bridge.ts';
import { freeChannels } from './checks.ts';
import { routesThrough, ticketsIn } from './guilds/guild-routing.ts';
import { wishesOf } from './outbound/places/parking-wishes.ts';
import { GUILD_FULL } from './outbound/places/room.ts';
import { describe } from './rest/discord-errors.ts';

/** Tickets that are parked at once, at most. */
const IN_A_ROUND = 5;
/** For so many rounds one that kept its channel is not chosen again; never for longer than idleness takes. */
const SPARED_ROUNDS = 20;
/** For how long one that was chosen may wait for its turn, in milliseconds. */
const WISHED_MS = 60_000;
/** Tickets that are spared; the oldest give way. */
const MAX_SPARED = 1000;

/**
 * How much room there is for the tickets that may go to a server. Where one may go to several, it is sent on to
 * the next before any is parked; the least of all routes counts.
 */
function roomOf(bridge: Bridge): number | undefined {
  const own = freeChannels(bridge);
  const { guilds, discord, settings } = bridge;
  if (own === undefined || !guilds.isSeveral) return own;
  const all = guilds.all.map((one) => one.settings.guildId);
  const freeIn = (id: string) => {
    const one = guilds.withId(id);
    return (one && freeChannels(one)) ?? 0;
  };
  const routes = routesThrough(discord, all, settings.guildId);
  const sums = routes.map((ids) => ids.reduce((sum, id) => sum + freeIn(id), 0));
  return Math.min(...sums, Number.MAX_SAFE_INTEGER);
}

/**
 * Parks idle tickets, a few in each round, while the server has less room than it is to have. A server that
 * has refused a channel has none, whatever the count.
 * @param everyMs milliseconds between two rounds
 * @returns a function that ends it
 */
export function keepParking(bridge: Bridge, everyMs: number): () => void {
  const { ctx, discord, settings, tickets, problems, outbound } = bridge;
  const { below, idleMs } = discord.parking;
  /** Those that were chosen, and until when they are spared (monotonic milliseconds). */
  const spared = new Map<string, number>();

  /** What was wished for and is done, or has waited too long, is forgotten. */
  const tidy = (now: number) => {
    for (const [id, until] of spared) if (until <= now) spared.delete(id);
    const channels = bridge.client.guilds.cache.get(bridge.settings.guildId)?.channels.cache;
    const wishes = wishesOf(bridge);
    for (const [id, { until, channelId }] of wishes) {
      if (until <= now || !channels?.has(channelId)) wishes.delete(id);
    }
    return wishes;
  };
  const round = async () => {
    const now = performance.now();
    const wishes = tidy(now);
    const free = problems.has(GUILD_FULL) ? 0 : roomOf(bridge);
    if (free === undefined || free >= below || bridge.ended) return;
    const wanted = Math.min(IN_A_ROUND, below - free) - wishes.size;
    if (wanted <= 0) return;
    const ids = await listParkable(ctx, idleMs, wanted, {
      except: [...spared.keys()],
      where: ticketsIn(discord, settings.guildId),
    });
    for (const id of ids) {
      const channelId = (await tickets.load(id))?.mirror.channel_id;
      if (bridge.ended) return;
      if (!channelId) continue;
      if (spared.size >= MAX_SPARED) spared.delete([...spared.keys()][0] as string);
      spared.set(id, now + Math.min(SPARED_ROUNDS * everyMs, idleMs));
      wishes.set(id, { until: now + WISHED_MS, channelId });
      outbound.schedule(id);
    }
  };

  if (below === 0 || discord.whenNearlyFull === 'post') return () => undefined;
  let running = false;
  const timer = setInterval(() => {
    if (running) return;
    running = true;
    round()
      .catch((error: unknown) => bridge.log.warn({ reason: describe(error) }, 'nothing was parked'))
      .finally(() => {
        running = false;
      });
  }, everyMs).unref();
  return () => clearInterval(timer);
}
