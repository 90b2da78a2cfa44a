import type { Json, Sticker } from './entities.ts';
import { refused } from './errors.ts';
import type { World } from './world.ts';

/** Ids of the stickers a message brings; 50081 for one there is not. */
export function readStickers(world: World, given: unknown): string[] {
  const ids = Array.isArray(given) ? [...new Set(given.map(String))] : [];
  if (ids.some((id) => !world.stickers.has(id))) throw refused(50081, 'Invalid sticker sent');
  return ids;
}

/** A sticker as messages carry it. */
export function renderStickerItems(world: World, ids: string[]): Json[] {
  const found = ids.flatMap((id) => world.stickers.get(id) ?? []);
  return found.map(({ id, name, format_type }) => ({ id, name, format_type }));
}

/** A sticker as its server lists it. */
export function renderSticker(world: World, sticker: Sticker): Json {
  return { ...sticker, type: 2, available: true, guild_id: world.guild.id };
}
