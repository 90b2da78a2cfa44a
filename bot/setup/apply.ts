import {
  type APIOverwrite,
  ChannelType,
  DiscordAPIError,
  type Guild,
  OverwriteType,
  PermissionFlagsBits as P,
} from 'discord.js';
import { LeaseLost } from '../../src/domain/consumers/lease.ts';
import { storeGuildId } from '../../src/domain/guild-ids.ts';
import { isStorageError } from '../../src/errors.ts';
import { type Bridge, selfId } from '../bridge.ts';
import { type GuildPart, purposeOf, roleParts } from '../guilds/guild-parts.ts';
import { guildOf } from '../inbound/writers.ts';
import { botMay, forPersonas, withinReach } from '../permissions.ts';
import { describe, isTransient } from '../rest/discord-errors.ts';
import { type Chosen, fingerprintOf, isSettled, makePlan, type Step } from './plan.ts';

/** What was done, and why it did not get to the end. */
export interface Applied {
  done: Step[];
  failure: string | undefined;
  /** Nothing was done: the plan of now is another than the one that was shown. */
  isOutdated: boolean;
}

/** Who may do what in a category, or where transcripts are kept: everybody else is kept out. */
function overwritesOf(bridge: Bridge, part: GuildPart, roleIds: readonly string[]): APIOverwrite[] {
  const { guildId } = bridge.settings;
  const bits = (...wanted: bigint[]) => String(wanted.reduce((all, bit) => all | bit, 0n));
  const inCategory = [P.ViewChannel, P.ManageChannels, ...botMay, ...forPersonas(bridge.discord)];
  const mine = part.kind === 'category' ? inCategory : botMay;
  const staff = part.kind === 'category' ? [P.ViewChannel] : [P.ViewChannel, P.ReadMessageHistory];
  const role = (id: string, allow: string, deny = '0') => ({
    id,
    type: OverwriteType.Role as const,
    allow,
    deny,
  });
  return withinReach(bridge, [
    role(guildId, '0', bits(P.ViewChannel)),
    { id: selfId(bridge), type: OverwriteType.Member, allow: bits(...mine), deny: '0' },
    ...[...new Set(roleIds)].map((id) => role(id, bits(...staff))),
  ]);
}

/** Those who see every ticket may read every transcript; nobody else would see more than their tickets. */
function readersOf(part: GuildPart, ids: ReadonlyMap<string, string>): string[] {
  const all = part.kind === 'category';
  const readers = roleParts.filter(({ role }) => all || role === 'MANAGER' || role === 'ADMIN');
  return readers.flatMap(({ variable }) => ids.get(variable) ?? []);
}

/** Makes a part; discord.js puts it into its cache, so that nobody finds it missing meanwhile. */
async function create(
  bridge: Bridge,
  guild: Guild,
  part: GuildPart,
  ids: ReadonlyMap<string, string>,
): Promise<string> {
  const reason = 'Deskcord /setup';
  const { name } = part;
  bridge.lease.require();
  if (part.kind === 'role') {
    // It lets nobody do anything by itself: what staff may do, each channel says.
    return (await guild.roles.create({ name, permissions: 0n, reason })).id;
  }
  const type = part.kind === 'category' ? ChannelType.GuildCategory : ChannelType.GuildText;
  const readers = readersOf(part, ids).filter((id) => guild.roles.cache.has(id));
  const permissionOverwrites = overwritesOf(bridge, part, readers).map(
    ({ allow, deny, ...who }) => ({
      ...who,
      allow: BigInt(allow),
      deny: BigInt(deny),
    }),
  );
  return (await guild.channels.create({ name, type, permissionOverwrites, reason })).id;
}

/** Takes one step after another, and remembers each when it is done. */
async function take(bridge: Bridge, steps: readonly Step[], done: Step[]): Promise<void> {
  const { ctx, settings } = bridge;
  const guild = guildOf(bridge);
  const ids = new Map<string, string>();
  for (const step of steps) if ('id' in step) ids.set(step.part.variable, step.id);
  for (const step of steps) {
    if (isSettled(step)) continue;
    const { variable } = step.part;
    const id = step.does === 'adopt' ? step.id : await create(bridge, guild, step.part, ids);
    ctx.failpoint('after-setup-create');
    await storeGuildId(ctx, settings.guildId, variable, id);
    ctx.failpoint('after-setup-store');
    ids.set(variable, id);
    done.push(step);
    bridge.log.info({ id, does: step.does }, `set up ${purposeOf(step.part)}`);
  }
}

const applying = new WeakMap<Bridge, Promise<unknown>>();

/**
 * Does what was shown, by a plan of now that has to be the same: a role that somebody has made in between
 * is not adopted unseen. One at a time, so that nothing is made twice.
 * @param fingerprint of the plan that was shown
 */
export function applySetup(bridge: Bridge, chosen: Chosen, fingerprint: string): Promise<Applied> {
  const work = async (): Promise<Applied> => {
    const done: Step[] = [];
    let failure: string | undefined;
    try {
      const steps = await makePlan(bridge, chosen);
      if (fingerprintOf(steps) !== fingerprint) return { done, failure, isOutdated: true };
      await take(bridge, steps, done);
    } catch (error) {
      const isDiscords = error instanceof DiscordAPIError || isTransient(error);
      if (isStorageError(error) || !(isDiscords || error instanceof LeaseLost)) throw error;
      failure = describe(error);
    } finally {
      if (done.length > 0) await bridge.ids?.changed();
    }
    return { done, failure, isOutdated: false };
  };
  const before = applying.get(bridge) ?? Promise.resolve();
  const next = before.then(work, work);
  applying.set(bridge, next);
  return next;
}
