import {
  type APIOverwrite,
  OverwriteType,
  PermissionFlagsBits as P,
  PermissionsBitField,
} from 'discord.js';
import type { DiscordConfig } from '../src/config.ts';
import type { SupportRole } from '../src/contract/tickets.ts';
import type { Bridge } from './bridge.ts';

/** What staff do in a ticket's channel. */
const staffMay = [P.ViewChannel, P.SendMessages, P.ReadMessageHistory, P.AttachFiles];

/** What the bridge does there. */
const botMay = [
  ...staffMay,
  P.EmbedLinks,
  P.AddReactions,
  P.ManageChannels,
  P.ManageMessages,
  P.PinMessages,
];

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

/** A permission by the name Discord's settings show it under, nearly. */
export function permissionName(bit: bigint): string {
  const [name = String(bit)] = new PermissionsBitField(bit).toArray();
  return name.replace(/(?<=[a-z])(?=[A-Z])/g, ' ');
}

/**
 * The names of those permissions that the bot lacks, as far as the guild's cache knows.
 * @param channelId without it, what its roles lack in the whole server
 */
export function lacking(bridge: Bridge, needed: readonly bigint[], channelId?: string): string[] {
  const guild = bridge.client.guilds.cache.get(bridge.discord.guildId);
  const me = guild?.members.me;
  if (!guild || !me) return [];
  const channel = channelId ? guild.channels.cache.get(channelId) : undefined;
  if (channelId && !channel) return [];
  const held = channel ? channel.permissionsFor(me) : me.permissions;
  return needed.filter((bit) => !held.has(bit)).map(permissionName);
}

/** What the bot asks for when it is invited: no more than its work takes. */
export const invitedWith = PermissionsBitField.resolve([...botMay, P.ManageRoles]);

/** The address at which an administrator adds the bot to the guild. */
export function inviteUrl(applicationId: string, guildId: string): string {
  const query = new URLSearchParams({
    client_id: applicationId,
    scope: 'bot applications.commands',
    permissions: String(invitedWith),
    guild_id: guildId,
  });
  return `https://discord.com/oauth2/authorize?${query}`;
}

const roleVariables: Record<SupportRole, string> = {
  GENERAL: 'SUPPORT_TEAM_ROLE_ID',
  TECHNICAL: 'DEVELOPER_ROLE_ID',
  MANAGER: 'MANAGER_ROLE_ID',
  ADMIN: 'ADMIN_ROLE_ID',
};

/** The staff's roles that the server does not have (any more), by their variables' names. */
export function missingRoles(bridge: Bridge): Map<SupportRole, string> {
  const guild = bridge.client.guilds.cache.get(bridge.discord.guildId);
  const roles = Object.entries(roleVariables) as [SupportRole, string][];
  if (!guild) return new Map();
  return new Map(roles.filter(([role]) => !guild.roles.cache.has(bridge.discord.roles[role])));
}

/**
 * Who sees a ticket's channel: the role of its support role, managers and administrators, the bot.
 * Everybody else is kept out first, whatever roles are missing.
 * @param held what the bot holds itself; Discord lets it give away no more
 * @param missing roles to leave out, since Discord refuses a channel that names one it has not
 */
export function overwritesFor(
  discord: DiscordConfig,
  botId: string,
  supportRole: SupportRole,
  held: bigint,
  missing: { has(role: SupportRole): boolean } = new Set<SupportRole>(),
): APIOverwrite[] {
  const { roles, guildId } = discord;
  const admin = (held & P.Administrator) !== 0n;
  const bits = (wanted: bigint[]) => {
    const all = PermissionsBitField.resolve(wanted);
    return String(admin ? all : all & held);
  };
  const meant = [supportRole, 'MANAGER', 'ADMIN'] as const;
  const seeing = new Set(meant.filter((role) => !missing.has(role)).map((role) => roles[role]));
  // The guild's own id is @everyone: it is never let in as if it were a role of the staff.
  seeing.delete(guildId);
  return [
    { id: guildId, type: OverwriteType.Role, allow: '0', deny: String(P.ViewChannel) },
    { id: botId, type: OverwriteType.Member, allow: bits(botMay), deny: '0' },
    ...[...seeing].map((id) => ({
      id,
      type: OverwriteType.Role,
      allow: bits(staffMay),
      deny: '0',
    })),
  ];
}
