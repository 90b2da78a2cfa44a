import type { DiscordConfig } from '../src/config.ts';

/** The ids of the guild that the bridge works in: roles, categories, the transcripts' channel. */
export type GuildSettings = Pick<
  DiscordConfig,
  'guildId' | 'transcriptChannelId' | 'categories' | 'roles'
>;

/**
 * Port: the one place where the bridge's ids are read. They come from the environment; a source that
 * may change while the bridge works replaces the fields of this object, and is seen at the next read.
 */
export function settingsFrom(discord: DiscordConfig): GuildSettings {
  const { guildId, transcriptChannelId, categories, roles } = discord;
  return { guildId, transcriptChannelId, categories, roles };
}
