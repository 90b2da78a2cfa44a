import { type APIGuildChannel, type GuildChannelType, OverwriteType, Routes } from 'discord.js';
import { type Bridge, selfId } from '../bridge.ts';
import { neededByChannel } from '../checks.ts';
import { lacking, permissionBits } from '../permissions.ts';
import { callDiscord } from '../rest/call-ends.ts';

/**
 * Gives the bot, by an overwrite of its own, what it lacks in the categories and the channel for
 * transcripts; the overwrites of others stay as they are.
 * @returns the ids of the channels that were mended, and of those that Discord would not let it mend
 */
export async function mendOverwrites(
  bridge: Bridge,
): Promise<{ mended: string[]; refused: string[] }> {
  const mended: string[] = [];
  const refused: string[] = [];
  for (const [channelId, needed] of neededByChannel(bridge)) {
    if (lacking(bridge, needed, channelId).length === 0) continue;
    const isMended = await allow(bridge, channelId, permissionBits(needed));
    (isMended ? mended : refused).push(channelId);
  }
  return { mended, refused };
}

async function allow(bridge: Bridge, channelId: string, bits: bigint): Promise<boolean> {
  const me = selfId(bridge);
  const read = await callDiscord<APIGuildChannel<GuildChannelType>>(bridge, 'read_channel', () =>
    bridge.rest.get(Routes.channel(channelId)),
  );
  if (read.end !== 'done') return false;
  const own = read.value.permission_overwrites?.find(({ id }) => id === me);
  const body = {
    type: OverwriteType.Member,
    allow: String(BigInt(own?.allow ?? 0) | bits),
    deny: String(BigInt(own?.deny ?? 0) & ~bits),
  };
  const put = await callDiscord(bridge, 'change_channel', () =>
    bridge.rest.put(Routes.channelPermission(channelId, me), { body }),
  );
  return put.end === 'done';
}
