import { type APIChannel, type APIGuildCategoryChannel, ChannelType, Routes } from 'discord.js';
import type { IssueLevel } from '../../../src/contract/tickets.ts';
import { storeGuildId } from '../../../src/domain/guild-ids.ts';
import type { Bridge } from '../../bridge.ts';
import { shorten } from '../../format.ts';
import { categoryParts } from '../../guilds/guild-parts.ts';
import { withinReach } from '../../permissions.ts';
import { callDiscord, type Outcome } from '../../rest/call-ends.ts';
import { MirrorProblem } from '../../rest/discord-errors.ts';

/** A category that was full is not tried again for this long, in milliseconds. */
const FULL_FOR_MS = 60_000;
/** Categories of a level: together they take nearly all the channels a guild may have. */
const MAX_CATEGORIES = 9;

/** The problem's key while the category of a level is not there. */
export const categoryKey = (level: IssueLevel) => `category:${level}`;

export function categoryText(level: IssueLevel): string {
  const variable = categoryParts.find((part) => part.level === level)?.variable;
  return `${variable} names no category of the server: channels of the level ${level} stand outside of any`;
}

/** Every channel of the server, as Discord has it now. */
export async function listGuildChannels(bridge: Bridge): Promise<APIChannel[]> {
  const route = Routes.guildChannels(bridge.settings.guildId);
  return (await bridge.rest.get(route)) as APIChannel[];
}

const isCategory = (channel: APIChannel): channel is APIGuildCategoryChannel =>
  channel.type === ChannelType.GuildCategory;

/** Makes a category that the same people see as the first; where that is refused, one nobody else sees. */
async function copyCategory(bridge: Bridge, first: APIGuildCategoryChannel, name: string) {
  const { guildId } = bridge.settings;
  const same = withinReach(bridge, first.permission_overwrites ?? []);
  const create = (permission_overwrites: object[]) =>
    callDiscord<APIChannel>(bridge, 'create_category', () =>
      bridge.rest.post(Routes.guildChannels(guildId), {
        body: {
          name,
          type: ChannelType.GuildCategory,
          position: first.position,
          permission_overwrites,
        },
      }),
    );
  const made = await create(same);
  const isAtFault = made.end === 'refused' && made.cause === 'overwrites';
  return isAtFault ? create(same.filter(({ id }) => id === guildId)) : made;
}

/**
 * "Urgent", "Urgent 2", "Urgent 3" …: the one remembered for this place, or the one of that name, made
 * where it is missing, and remembered.
 * @returns undefined where it is refused
 */
async function overflowCategory(
  bridge: Bridge,
  level: IssueLevel,
  base: string,
  nth: number,
): Promise<string | undefined> {
  const work = async () => {
    const channels = (await listGuildChannels(bridge)).filter(isCategory);
    const first = channels.find(({ id }) => id === base);
    if (!first) return undefined;
    const key = `overflow:${level}:${nth}`;
    const stored = (await bridge.ids?.get())?.[key];
    const name = `${shorten(first.name, 96)} ${nth}`;
    const known =
      channels.find(({ id }) => id === stored && id !== base) ??
      channels.find((channel) => channel.name === name);
    if (known?.id === stored && known) return known.id;
    const made = known ? undefined : await copyCategory(bridge, first, name);
    const id = known?.id ?? (made?.end === 'done' ? made.value.id : undefined);
    if (!id) return undefined;
    await storeGuildId(bridge.ctx, bridge.settings.guildId, key, id);
    await bridge.ids?.changed();
    if (made) bridge.log.info({ category: name }, 'a category was full: made another one');
    return id;
  };
  const made = bridge.makingCategory.then(work, work);
  bridge.makingCategory = made;
  return made;
}

/** True where the server has the category, as far as the gateway has told. */
function isThere(bridge: Bridge, categoryId: string): boolean {
  const guild = bridge.client.guilds.cache.get(bridge.settings.guildId);
  return guild?.channels.cache.get(categoryId)?.type === ChannelType.GuildCategory;
}

export interface Placed<T> {
  outcome: Outcome<T>;
  /** False where the channel stands outside of its level's categories. */
  placed: boolean;
}

/**
 * Runs a call with the first category of a level that has room, or with none where the level has no
 * category. Whether one has room is told by Discord's error alone: it has been seen to refuse at 48
 * and to accept at 51. A category that is there and refused is full, whatever Discord calls it.
 */
export async function inCategory<T>(
  bridge: Bridge,
  level: IssueLevel,
  call: (parentId: string | undefined) => Promise<Outcome<T>>,
): Promise<Placed<T>> {
  const base = bridge.settings.categories[level];
  const outside = async () => ({ outcome: await call(undefined), placed: false });
  if (!base || bridge.problems.has(categoryKey(level))) return outside();
  const full = bridge.fullUntil;
  for (let nth = 1; nth <= MAX_CATEGORIES; nth++) {
    const parent = nth === 1 ? base : await overflowCategory(bridge, level, base, nth);
    if (!parent) break;
    if ((full.get(parent) ?? 0) > performance.now()) continue;
    const outcome = await call(parent);
    if (outcome.end === 'refused' && outcome.cause === 'permission') return outside();
    if (outcome.end !== 'refused' || outcome.cause !== 'category') return { outcome, placed: true };
    if (!isThere(bridge, parent)) {
      if (nth === 1) bridge.problems.raise(categoryKey(level), categoryText(level));
      return outside();
    }
    full.set(parent, performance.now() + FULL_FOR_MS);
    if (nth === MAX_CATEGORIES) {
      throw new MirrorProblem(`no category for the level ${level} has room`, outcome.error);
    }
  }
  return outside();
}
