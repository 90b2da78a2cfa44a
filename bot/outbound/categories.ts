import { type APIChannel, ChannelType, Routes } from 'discord.js';
import type { IssueLevel } from '../../src/contract/tickets.ts';
import type { Bridge } from '../bridge.ts';
import { callDiscord, type Outcome } from '../call-ends.ts';
import { MirrorProblem } from '../discord-errors.ts';

/** A category that was full is not tried again for this long, in milliseconds. */
const FULL_FOR_MS = 60_000;
/** Categories of a level: together they take nearly all the channels a guild may have. */
const MAX_CATEGORIES = 9;

export const categoryVariables: Record<IssueLevel, string> = {
  NORMAL: 'GENERAL_TICKET_CATEGORY_ID',
  URGENT: 'URGENT_TICKET_CATEGORY_ID',
  CRITICAL: 'CRITICAL_TICKET_CATEGORY_ID',
};

/** The problem's key while the category of a level is not there. */
export const categoryKey = (level: IssueLevel) => `category:${level}`;

export function categoryText(level: IssueLevel): string {
  return `${categoryVariables[level]} names no category of the server: channels of the level ${level} stand outside of any`;
}

/** Every channel of the server, as Discord has it now. */
export async function listGuildChannels(bridge: Bridge): Promise<APIChannel[]> {
  const route = Routes.guildChannels(bridge.discord.guildId);
  return (await bridge.rest.get(route)) as APIChannel[];
}

/** "Urgent", "Urgent 2", "Urgent 3" …: made where it is missing; undefined where that is refused. */
async function overflowCategory(
  bridge: Bridge,
  base: string,
  nth: number,
): Promise<string | undefined> {
  const work = async () => {
    const channels = await listGuildChannels(bridge);
    const first = channels.find(({ id }) => id === base);
    if (first?.type !== ChannelType.GuildCategory) return undefined;
    const name = `${first.name} ${nth}`;
    const known = channels.find(
      (channel) => channel.type === ChannelType.GuildCategory && channel.name === name,
    );
    if (known) return known.id;
    const body = { name, type: ChannelType.GuildCategory, position: first.position };
    const made = await callDiscord<APIChannel>(bridge, 'create_category', () =>
      bridge.rest.post(Routes.guildChannels(bridge.discord.guildId), { body }),
    );
    if (made.end !== 'done') return undefined;
    bridge.log.info({ category: name }, 'a category was full: made another one');
    return made.value.id;
  };
  const made = bridge.makingCategory.then(work, work);
  bridge.makingCategory = made;
  return made;
}

/** True where the server has the category, as far as the gateway has told. */
function isThere(bridge: Bridge, categoryId: string): boolean {
  const guild = bridge.client.guilds.cache.get(bridge.discord.guildId);
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
  const base = bridge.discord.categories[level];
  const outside = async () => ({ outcome: await call(undefined), placed: false });
  if (bridge.problems.has(categoryKey(level))) return outside();
  const full = bridge.fullUntil;
  for (let nth = 1; nth <= MAX_CATEGORIES; nth++) {
    const parent = nth === 1 ? base : await overflowCategory(bridge, base, nth);
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
