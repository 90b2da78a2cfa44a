import { unknown } from './errors.ts';
import type { Simulator } from './simulator.ts';
import type { World } from './world.ts';

type Worlds = Pick<Simulator, 'world' | 'worlds'>;

/** The guild with this id; the first when none is named. */
export function worldOfGuild({ world, worlds }: Worlds, guildId: string | undefined): World {
  if (guildId === undefined) return world;
  const found = worlds.find(({ guild }) => guild.id === guildId);
  if (!found) throw unknown('guild');
  return found;
}

/** The guild that has a channel; the first for one that none has. Direct messages are kept with the first. */
export function worldOfChannel({ world, worlds }: Worlds, channelId: string | undefined): World {
  return worlds.find(({ channels }) => channels.has(channelId ?? '')) ?? world;
}

/** The guild a call is about, by what its path names, or by the channel a person acts in. */
export function worldOfCall(sim: Worlds, params: Record<string, string>, body: unknown): World {
  const { guild, channel, webhook, interaction, sticker, token = '' } = params;
  const having = (has: (world: World) => boolean) => sim.worlds.find(has) ?? sim.world;
  if (guild !== undefined) return having((one) => one.guild.id === guild);
  if (channel !== undefined) return worldOfChannel(sim, channel);
  if (interaction !== undefined) return having((one) => one.interactions.has(interaction));
  if (webhook !== undefined) {
    return having((one) => one.webhooks.has(webhook) || Boolean(one.interactionByToken(token)));
  }
  if (sticker !== undefined) return having((one) => one.stickers.has(sticker));
  const acted = (body as { channel_id?: unknown } | undefined)?.channel_id;
  return worldOfChannel(sim, typeof acted === 'string' ? acted : undefined);
}
