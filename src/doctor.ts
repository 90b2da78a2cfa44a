import { setTimeout as sleep } from 'node:timers/promises';
import type { Check } from '../bot/checks.ts';
import { type Config, readConfig } from './config.ts';
import { readGuildIds } from './domain/guild-ids.ts';
import { isHint } from './domain/hints.ts';
import { ConfigError, loadEnvironment } from './environment.ts';
import { createBus } from './infra/bus.ts';
import { createClock } from './infra/clock.ts';
import { createLog } from './infra/log.ts';
import { connectMongo } from './infra/mongo.ts';
import { defineModels } from './models/database.ts';

/** `npm run doctor`: looks at all that Deskcord stands on, a line for each; exits with 1 where one is red. */

const PATIENCE_MS = 6000;
const log = createLog({ logLevel: 'silent', production: true });

function readConfigOrExit(): Config {
  try {
    return readConfig(loadEnvironment());
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.error(`BAD   configuration: ${error.message}`);
    process.exit(2);
  }
}

/** A MongoDB that cannot be used, in the words of the one that tried. */
const unusable = (config: Config, why: string): Check => ({
  key: 'doctor:mongodb',
  name: 'MongoDB',
  ok: false,
  text: `${config.mongoUri ? 'MONGO_URI' : 'the embedded MongoDB'}: ${why}`,
});

/** Connects to the configured MongoDB, or to the embedded one that a server runs. */
async function openMongo(config: Config) {
  const { findEmbeddedMongo } = await import('./infra/embedded-mongo/running.ts');
  const uri = config.mongoUri ?? (await findEmbeddedMongo(config.dataDir));
  if (!uri) return { trouble: 'it has never run: start Deskcord first' };
  const link = connectMongo(uri, config.dbName, log);
  await Promise.race([link.connected, sleep(PATIENCE_MS, undefined, { ref: false })]);
  const why = link.trouble();
  if (why === undefined) return { link, db: defineModels(link.connection) };
  await link.close();
  return { trouble: config.mongoUri ? why : `${why}: start Deskcord first` };
}

async function examineAll(config: Config): Promise<Check[]> {
  const { visitDiscord } = await import('../bot/visit.ts');
  const { examineGround } = await import('../bot/doctor.ts');
  const clock = createClock();
  const mongo = await openMongo(config);
  const bus = createBus(config, isHint, log, () => undefined);
  try {
    const readIds = async (guildId: string) => {
      if (!mongo.db) throw new Error(mongo.trouble);
      return readGuildIds({ db: mongo.db }, guildId);
    };
    const discord = config.discord && (await visitDiscord(config.discord, clock, readIds));
    const until = Date.now() + PATIENCE_MS;
    while (!bus.healthy() && Date.now() < until) await sleep(50);
    const ground = mongo.db
      ? await examineGround({ config, db: mongo.db, clock, bus })
      : [unusable(config, mongo.trouble)];
    return [...(discord ?? []), ...ground];
  } finally {
    await bus.close();
    await mongo.link?.close();
  }
}

const config = readConfigOrExit();
for (const notice of config.notices) console.log(`note  ${notice}`);
if (!config.discord)
  console.log('note  no bot runs with these ROLES and DISCORD_BOT_TOKEN: Discord is not looked at');
const { sentenceOf } = await import('../bot/checks.ts');
const checks = await examineAll(config);
for (const check of checks) {
  console.log(`${check.ok ? 'ok   ' : 'BAD  '} ${check.name}: ${sentenceOf(check)}`);
}
const wrong = checks.filter(({ ok }) => !ok).length;
console.log(wrong === 0 ? 'All is well.' : `${wrong} to mend.`);
process.exit(wrong === 0 ? 0 : 1);
