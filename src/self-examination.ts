import { setTimeout as sleep } from 'node:timers/promises';
import type { Check } from '../bot/checks.ts';
import type { GuildView } from '../bot/settings.ts';
import type { Config } from './config.ts';
import { readGuildIds, readKnownGuilds } from './domain/guild-ids.ts';
import { isHint } from './domain/hints.ts';
import { createBus } from './infra/bus.ts';
import { createClock } from './infra/clock.ts';
import { createLog } from './infra/log.ts';
import { connectMongo } from './infra/mongo.ts';
import { type Database, defineModels } from './models/database.ts';

/** How long MongoDB and Redis may take to answer, in milliseconds; a try of either takes three seconds. */
const PATIENCE_MS = 5000;
const log = createLog({ logLevel: 'silent', production: true });

type Mongo = { db: Database; close(): Promise<void> } | { trouble: string };

/** Connects to the configured MongoDB, or to the embedded one that a server runs. */
async function openMongo(config: Config): Promise<Mongo> {
  const { findEmbeddedMongo } = await import('./infra/embedded-mongo/running.ts');
  const uri = config.mongoUri ?? (await findEmbeddedMongo(config.dataDir));
  if (!uri) return { trouble: 'it has never run: start Deskcord first' };
  const link = connectMongo(uri, config.dbName, log);
  const unknown = link.trouble();
  const isOver = () => link.trouble() !== unknown;
  for (const until = Date.now() + PATIENCE_MS; !isOver() && Date.now() < until; ) await sleep(20);
  const why = link.trouble();
  if (why === undefined) return { db: defineModels(link.connection), close: () => link.close() };
  await link.close();
  return { trouble: config.mongoUri ? why : `${why}: start Deskcord first` };
}

/** A MongoDB that cannot be used, in the words of the one that tried. */
const unusable = (config: Config, why: string): Check => ({
  key: 'doctor:mongodb',
  name: 'MongoDB',
  ok: false,
  text: `${config.mongoUri ? 'MONGO_URI' : 'the embedded MongoDB'}: ${why}`,
});

/**
 * Looks at all that a process with this configuration stands on, from outside of any that runs. Changes
 * nothing but a setting that nothing goes by.
 */
export async function examineAll(config: Config): Promise<Check[]> {
  const { visitDiscord } = await import('../bot/visit.ts');
  const { checkMongo, checkRedis, readFacts } = await import('../bot/doctor.ts');
  const clock = createClock();
  const bus = createBus(config, isHint, log, () => undefined);
  const settled = async () => {
    for (const until = Date.now() + PATIENCE_MS; !bus.healthy() && Date.now() < until; ) {
      await sleep(20);
    }
  };
  const [mongo] = await Promise.all([openMongo(config), settled()]);
  try {
    const open = () => {
      if ('trouble' in mongo) throw new Error(mongo.trouble);
      return mongo;
    };
    const guilds = {
      ids: async (guildId: string) => readGuildIds(open(), guildId),
      known: async () => readKnownGuilds(open()),
      facts: async (view: GuildView) => readFacts({ config, db: open().db }, view),
    };
    const discord = config.discord ? await visitDiscord(config.discord, clock, guilds) : [];
    const stored =
      'trouble' in mongo
        ? unusable(config, mongo.trouble)
        : await checkMongo({ config, db: mongo.db, clock });
    return [...discord, stored, ...checkRedis({ config, bus })];
  } finally {
    await bus.close();
    if ('db' in mongo) await mongo.close();
  }
}
