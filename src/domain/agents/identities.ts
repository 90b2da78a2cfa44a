import type { AppContext } from '../../context.ts';
import { type Actor, isStaff } from '../access/actor.ts';
import { majority, native } from '../log/collections.ts';
import { createWatched, type WatchDeps, type Watched } from '../watched.ts';

/** The setting whose version says that somebody was joined with an identity in Discord, or parted from it. */
export const identitiesSetting = 'identities';

/** The keys of everybody who has two, by each of them. */
export type Identities = Watched<ReadonlyMap<string, readonly string[]>>;

/** All who are joined: whose a ticket is costs a look into memory. */
export function createIdentities(deps: WatchDeps): Identities {
  return createWatched(deps, identitiesSetting, async () => {
    const joined = { 'web.key': { $exists: true }, 'discord.key': { $exists: true } };
    const rows = await native(deps.db.agents)
      .find(joined, { readConcern: majority, projection: { 'web.key': 1, 'discord.key': 1 } })
      .toArray();
    const people = rows.map(({ web, discord }) => [web?.key, discord?.key] as [string, string]);
    return new Map(people.flatMap((keys) => keys.map((key) => [key, keys] as const)));
  });
}

/** All keys of the person whose key this is. */
export async function keysOfPerson(ctx: AppContext, key: string): Promise<readonly string[]> {
  return (await ctx.desk.identities.get()).get(key) ?? [key];
}

/** Who acts, with all that they are known by: every door asks before a verb decides what is theirs. */
export async function withIdentities<A extends Actor>(ctx: AppContext, actor: A): Promise<A> {
  if (!isStaff(actor)) return actor;
  const others = (await keysOfPerson(ctx, actor.key)).filter((key) => key !== actor.key);
  return others.length > 0 ? { ...actor, others } : actor;
}
