import type { Client } from 'discord.js';
import type { DiscordConfig } from '../src/config.ts';
import type { IssueLevel, SupportRole } from '../src/contract/tickets.ts';
import type { GuildIds } from '../src/domain/guild-ids.ts';
import type { Watched } from '../src/domain/watched.ts';
import { type GuildPart, guildParts } from './guilds/guild-parts.ts';

/**
 * The ids of the guild that the bridge works in: roles, categories, the transcripts' channel. Each is
 * the environment's, or else the one that `/setup` has stored, or undefined. They change while the
 * bridge works: read where they are needed, never kept.
 */
export interface GuildSettings {
  /** Empty until the guild is known. */
  guildId: string;
  transcriptChannelId: string | undefined;
  categories: Readonly<Record<IssueLevel, string | undefined>>;
  roles: Readonly<Record<SupportRole, string | undefined>>;
}

/** What somebody needs who looks at the guild. */
export interface GuildView {
  client: Client;
  discord: DiscordConfig;
  settings: GuildSettings;
}

/** Tells those who listen whenever the stored ids have changed. */
export interface IdSource extends Watched<GuildIds> {
  listen(act: () => void): void;
}

/** The problem's key while there are ids that nobody has set. */
export const UNSET = 'setup:unset';
export const RUN_SETUP = 'run /setup in Discord';

type Ids = Omit<GuildSettings, 'guildId'>;

/** The id of a part; undefined where it has none. */
export function idOf(ids: Ids, part: GuildPart): string | undefined {
  if (part.kind === 'role') return ids.roles[part.role];
  return part.kind === 'category' ? ids.categories[part.level] : ids.transcriptChannelId;
}

/** @returns the settings with all ids undefined but those of the environment, and no guild yet */
export function settingsFrom(discord: DiscordConfig): GuildSettings {
  const { transcriptChannelId, categories, roles } = discord;
  return { guildId: '', transcriptChannelId, categories, roles };
}

/** What the configuration says of a guild: the ids of the environment are those of the first one alone. */
export function configOf(discord: DiscordConfig, guildId: string): DiscordConfig {
  if (guildId === discord.guildId) return discord;
  const categories = { NORMAL: undefined, URGENT: undefined, CRITICAL: undefined };
  const roles = { GENERAL: undefined, TECHNICAL: undefined, MANAGER: undefined, ADMIN: undefined };
  return { ...discord, guildId, transcriptChannelId: undefined, categories, roles };
}

/** Why a role cannot be one of the staff, whoever named it; undefined where it can. */
export function whyNotStaff(
  { client, settings }: Pick<GuildView, 'client' | 'settings'>,
  roleId: string,
): string | undefined {
  if (roleId === settings.guildId) return "is everybody's";
  const guild = client.guilds.cache.get(settings.guildId);
  return guild?.roles.cache.get(roleId)?.managed ? 'belongs to an integration' : undefined;
}

/**
 * Puts the stored ids behind those of the environment. A role that would make staff of everybody, or of
 * whom an integration chooses, is left out.
 */
export function applyIds(view: GuildView, stored: GuildIds): void {
  const { discord, settings } = view;
  const found = (part: GuildPart) => {
    const id = idOf(discord, part) ?? stored[part.variable];
    return id && part.kind === 'role' && whyNotStaff(view, id) ? undefined : id;
  };
  const roles = { ...discord.roles };
  const categories = { ...discord.categories };
  for (const part of guildParts) {
    if (part.kind === 'role') roles[part.role] = found(part);
    else if (part.kind === 'category') categories[part.level] = found(part);
    else settings.transcriptChannelId = found(part);
  }
  settings.roles = roles;
  settings.categories = categories;
}

/** True where the environment names a part, which nothing in Discord can change. */
export function isFromEnvironment({ discord }: Pick<GuildView, 'discord'>, part: GuildPart) {
  return idOf(discord, part) !== undefined;
}

/** The parts that have no id yet: what waits for `/setup`. */
export function unsetParts(settings: GuildSettings): GuildPart[] {
  return guildParts.filter((part) => idOf(settings, part) === undefined);
}

/** What is said while parts have no id. */
export function unsetText(parts: readonly GuildPart[]): string {
  const names = parts.map(({ variable }) => variable);
  return `${names.join(', ')} ${names.length === 1 ? 'is' : 'are'} not set`;
}

/**
 * Why no channel can be opened for a ticket of a level yet: nobody would know where it belongs, or who
 * is to see it.
 */
export function whyNoChannel(settings: GuildSettings, level: IssueLevel): string | undefined {
  const needed = unsetParts(settings).filter(
    (part) => part.kind === 'role' || (part.kind === 'category' && part.level === level),
  );
  if (needed.length === 0) return undefined;
  return `the channel waits for ${needed.map(({ variable }) => variable).join(', ')}: ${RUN_SETUP}`;
}
