import { stringsIn } from './body-text.ts';
import type { Channel } from './entities.ts';
import { invalidField, refused } from './errors.ts';
import { P } from './permissions.ts';
import type { World } from './world.ts';

/** Refuses a message by what it says. `authorId` is undefined for webhooks, which AutoMod passes over. */
export function checkMessageText(
  world: World,
  channel: Channel | undefined,
  authorId: string | undefined,
  said: unknown,
): void {
  const texts = stringsIn(said);
  checkLinks(world, texts);
  if (channel?.guild_id == null || authorId === undefined) return;
  if (blockedByAutoMod(world, authorId, texts)) {
    throw refused(200000, 'Message was blocked by automatic moderation');
  }
}

/** Refuses the title of a thread by what it says. */
export function checkTitle(world: World, authorId: string, title: string): void {
  checkLinks(world, [title]);
  if (blockedByAutoMod(world, authorId, [title])) {
    throw refused(200001, 'Title was blocked by automatic moderation');
  }
}

/** Refuses a channel by its name or topic. */
export function checkChannelText(
  world: World,
  name: string | undefined,
  topic: string | null | undefined,
): void {
  checkLinks(world, stringsIn([name, topic]));
  if (name === undefined || !matches(world.settings.refusedNames, [name])) return;
  const message = 'Contains words not allowed.';
  throw invalidField(['name'], 'CHANNEL_NAME_CONTAINS_DISALLOWED_WORDS', message);
}

function checkLinks(world: World, texts: string[]): void {
  if (!matches(world.settings.harmfulLinks, texts)) return;
  throw refused(240000, 'Message blocked by harmful links filter');
}

function blockedByAutoMod(world: World, authorId: string, texts: string[]): boolean {
  const { autoMod, autoModBots } = world.settings;
  if (!autoModBots && world.users.get(authorId)?.bot) return false;
  const manages = (world.permissionsOf(authorId) & P.MANAGE_GUILD) !== 0n;
  return !manages && matches(autoMod, texts);
}

function matches(patterns: string[], texts: string[]): boolean {
  return patterns.some((pattern) => {
    const wanted = new RegExp(pattern, 'iu');
    return texts.some((text) => wanted.test(text));
  });
}
