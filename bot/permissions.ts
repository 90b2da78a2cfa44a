import {
  type APIOverwrite,
  OverwriteType,
  PermissionFlagsBits as P,
  PermissionsBitField,
} from 'discord.js';
import type { DiscordConfig } from '../src/config.ts';
import type { SupportRole } from '../src/contract/tickets.ts';
import { type RolePart, roleParts } from './guilds/guild-parts.ts';
import type { GuildSettings, GuildView } from './settings.ts';

/** What staff do in a ticket's channel. */
const staffMay = [P.ViewChannel, P.SendMessages, P.ReadMessageHistory, P.AttachFiles];

/** What the bridge does there. */
export const botMay = [
  ...staffMay,
  P.EmbedLinks,
  P.AddReactions,
  P.ManageChannels,
  P.ManageMessages,
  P.PinMessages,
];

/** Names a permission that only `DISCORD_PERSONA=webhook` takes. */
export function forPersonas({ persona }: Pick<DiscordConfig, 'persona'>): bigint[] {
  return persona === 'webhook' ? [P.ManageWebhooks] : [];
}

/** Names the permissions that only posts of forums in the place of channels take. */
export function forForums({ whenNearlyFull }: Pick<DiscordConfig, 'whenNearlyFull'>): bigint[] {
  return whenNearlyFull === 'park' ? [] : [P.SendMessagesInThreads, P.ManageThreads];
}

/** The permission by which a ticket's channel is removed, or its post. */
export function toRemove({ forum_id }: { forum_id?: string | null }): bigint[] {
  return [P.ViewChannel, forum_id ? P.ManageThreads : P.ManageChannels];
}

/** What the bot must hold in the whole server; a card that is not pinned is no trouble. */
export const neededInGuild = [
  P.ViewChannel,
  P.SendMessages,
  P.ReadMessageHistory,
  P.AttachFiles,
  P.EmbedLinks,
  P.AddReactions,
  P.ManageChannels,
  P.ManageRoles,
];

/** What it takes to write in a ticket's channel, and to keep a transcript. */
export const neededToWrite = [P.ViewChannel, P.SendMessages, P.EmbedLinks, P.AttachFiles];

export const permissionBits = (bits: readonly bigint[]): bigint =>
  PermissionsBitField.resolve([...bits]);

/** A permission by the name Discord's settings show it under, nearly. */
export function permissionName(bit: bigint): string {
  const [name = String(bit)] = new PermissionsBitField(bit).toArray();
  return name.replace(/(?<=[a-z])(?=[A-Z])/g, ' ');
}

/**
 * The names of those permissions that the bot lacks, as far as the guild's cache knows.
 * @param channelId without it, what its roles lack in the whole server
 */
export function lacking(
  { client, settings }: Pick<GuildView, 'client' | 'settings'>,
  needed: readonly bigint[],
  channelId?: string,
): string[] {
  const guild = client.guilds.cache.get(settings.guildId);
  const me = guild?.members.me;
  if (!guild || !me) return [];
  const channel = channelId ? guild.channels.cache.get(channelId) : undefined;
  if (channelId && !channel) return [];
  const held = channel ? channel.permissionsFor(me) : me.permissions;
  return needed.filter((bit) => !held.has(bit)).map(permissionName);
}

/** What the bot asks for when it is invited: no more than its work takes. */
export const invitedWith = PermissionsBitField.resolve([...botMay, P.ManageRoles]);

/** The address at which an administrator adds the bot to the guild, or to one of theirs. */
export function inviteUrl(
  applicationId: string,
  guildId: string | undefined,
  discord: Pick<DiscordConfig, 'persona' | 'whenNearlyFull'>,
): string {
  const more = [...forPersonas(discord), ...forForums(discord)];
  const query = new URLSearchParams({
    client_id: applicationId,
    scope: 'bot applications.commands',
    permissions: String(invitedWith | permissionBits(more)),
    ...(guildId && { guild_id: guildId }),
  });
  return `https://discord.com/oauth2/authorize?${query}`;
}

/** Overwrites without what the bot does not hold itself: Discord lets it give away no more. */
export function withinReach(
  { client, settings }: Pick<GuildView, 'client' | 'settings'>,
  overwrites: readonly APIOverwrite[],
): APIOverwrite[] {
  const held = client.guilds.cache.get(settings.guildId)?.members.me?.permissions.bitfield ?? ~0n;
  const isAdmin = (held & P.Administrator) !== 0n;
  // That one is an administrator's to give in a channel, whoever holds it.
  const reach = isAdmin ? ~0n : held & ~P.ManageRoles;
  const cut = (bits: string) => String(BigInt(bits) & reach);
  return overwrites.map((one) => ({ ...one, allow: cut(one.allow), deny: cut(one.deny) }));
}

/** The staff's roles that have an id which the server does not have (any more). */
export function missingRoles({
  client,
  settings,
}: Pick<GuildView, 'client' | 'settings'>): Map<SupportRole, RolePart> {
  const guild = client.guilds.cache.get(settings.guildId);
  const isMissing = (id: string | undefined) => id !== undefined && !guild?.roles.cache.has(id);
  const missing = roleParts.filter(({ role }) => guild && isMissing(settings.roles[role]));
  return new Map(missing.map((part) => [part.role, part]));
}

/** The staff's roles that nobody can be let in by: those without an id too. */
export function absentRoles(view: Pick<GuildView, 'client' | 'settings'>): Set<SupportRole> {
  const unset = roleParts.filter(({ role }) => view.settings.roles[role] === undefined);
  return new Set([...missingRoles(view).keys(), ...unset.map(({ role }) => role)]);
}

/** The ids of the roles that see a ticket of a support role: its own, managers and administrators. */
export function seersOf(
  { roles }: GuildSettings,
  supportRole: SupportRole,
  missing: { has(role: SupportRole): boolean } = new Set<SupportRole>(),
): string[] {
  const meant = [supportRole, 'MANAGER', 'ADMIN'] as const;
  return meant.filter((role) => !missing.has(role)).flatMap((role) => roles[role] ?? []);
}

/**
 * Who sees a ticket's channel: the role of its support role, managers and administrators, the bot.
 * Everybody else is kept out first, whatever roles are missing.
 * @param held what the bot holds itself; Discord lets it give away no more
 * @param missing roles to leave out, since Discord refuses a channel that names one it has not
 * @param more what the bot may do there besides
 * @param members ids of people who see it whatever their roles
 */
export function overwritesFor(
  settings: GuildSettings,
  botId: string,
  supportRole: SupportRole,
  held: bigint,
  missing: { has(role: SupportRole): boolean } = new Set<SupportRole>(),
  more: readonly bigint[] = [],
  members: readonly string[] = [],
): APIOverwrite[] {
  const { guildId } = settings;
  const admin = (held & P.Administrator) !== 0n;
  const bits = (wanted: bigint[]) => {
    const all = PermissionsBitField.resolve(wanted);
    return String(admin ? all : all & held);
  };
  const seeing = new Set(seersOf(settings, supportRole, missing));
  // The guild's own id is @everyone: it is never let in as if it were a role of the staff.
  seeing.delete(guildId);
  return [
    { id: guildId, type: OverwriteType.Role, allow: '0', deny: String(P.ViewChannel) },
    { id: botId, type: OverwriteType.Member, allow: bits([...botMay, ...more]), deny: '0' },
    ...[...seeing].map((id) => ({
      id,
      type: OverwriteType.Role,
      allow: bits(staffMay),
      deny: '0',
    })),
    ...members.map((id) => ({
      id,
      type: OverwriteType.Member,
      allow: bits(staffMay),
      deny: '0',
    })),
  ];
}
