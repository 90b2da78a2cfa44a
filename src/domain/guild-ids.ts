import type { AppContext } from '../context.ts';
import { majority, native } from './log/collections.ts';
import { storeSetting } from './settings.ts';
import { createWatched, type Watched } from './watched.ts';

/** Ids of a guild's roles and channels, by what they are for. */
export type GuildIds = Readonly<Record<string, string>>;

type Deps = Pick<AppContext, 'db'>;

const PREFIX = 'discord:';
const MOST_GUILDS = 20;

/** Each guild has its own: after a move to another one, nothing of the former is taken for its own. */
const settingOf = (guildId: string) => PREFIX + guildId;

/** Names the guild that the bridge works in: no prefix of the above. */
const SERVER = 'discord-server';

/** What is known of guilds from before. */
export interface KnownGuilds {
  /** The one that the bridge has worked in last. */
  server: string | undefined;
  /** Those that `/setup` was run in. */
  setUp: readonly string[];
}

/** The guilds that the bridge may work in without being told to. */
export async function readKnownGuilds(deps: Deps): Promise<KnownGuilds> {
  const [server, setUp] = await Promise.all([readServer(deps), listSetUpGuilds(deps)]);
  return { server, setUp };
}

/** The guild that the bridge has worked in last; of several the first. */
export async function readServer(deps: Deps): Promise<string | undefined> {
  const row = await native(deps.db.settings).findOne({ _id: SERVER }, { readConcern: majority });
  return typeof row?.value === 'string' ? row.value : undefined;
}

/** Remembers the guild that the bridge works in. */
export function rememberServer(ctx: Pick<AppContext, 'db' | 'clock'>, guildId: string) {
  return storeSetting(ctx, SERVER, guildId);
}

/** The guilds that ids are stored for: those that `/setup` was run in. */
async function listSetUpGuilds({ db }: Deps): Promise<string[]> {
  const rows = await native(db.settings)
    .find({ _id: { $gte: PREFIX, $lt: 'discord;' } }, { readConcern: majority })
    .project<{ _id: string }>({ _id: 1 })
    .limit(MOST_GUILDS)
    .toArray();
  return rows.map(({ _id }) => _id.slice(PREFIX.length));
}

/** The ids that `/setup` has made or found in a guild. */
export async function readGuildIds({ db }: Deps, guildId: string): Promise<GuildIds> {
  const row = await native(db.settings).findOne(
    { _id: settingOf(guildId) },
    { readConcern: majority },
  );
  return (row?.value as GuildIds | null | undefined) ?? {};
}

/**
 * Watches a guild's ids while other processes may change them.
 * @param onChange called with what they are after each change
 */
export function watchGuildIds(
  ctx: AppContext,
  guildId: string,
  onChange: (ids: GuildIds) => void,
): Watched<GuildIds> {
  const { db, bus, clock, log, config } = ctx;
  const deps = { db, bus, clock, log, intervalMs: config.reconcileIntervalMs };
  return createWatched(deps, settingOf(guildId), () => readGuildIds(ctx, guildId), onChange);
}

/**
 * Remembers one id beside the others: after every creation, so that one who is killed goes on there.
 * @param key what it is for: letters, digits, `_`, `:` and `-`
 */
export async function storeGuildId(
  ctx: Pick<AppContext, 'db' | 'clock'>,
  guildId: string,
  key: string,
  id: string,
): Promise<void> {
  await native(ctx.db.settings).updateOne(
    { _id: settingOf(guildId) },
    { $inc: { version: 1 }, $set: { [`value.${key}`]: id, updated_at: ctx.clock() } } as never,
    { upsert: true },
  );
}
