import {
  type APIOverwrite,
  OverwriteType,
  PermissionFlagsBits as P,
  PermissionsBitField,
} from 'discord.js';
import type { DiscordConfig } from '../src/config.ts';
import type { SupportRole } from '../src/contract/tickets.ts';

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

/**
 * Who sees a ticket's channel: the role of its support role, managers and administrators, the bot.
 * @param held what the bot holds itself; Discord lets it give away no more
 */
export function overwritesFor(
  discord: DiscordConfig,
  botId: string,
  supportRole: SupportRole,
  held: bigint,
): APIOverwrite[] {
  const { roles, guildId } = discord;
  const admin = (held & P.Administrator) !== 0n;
  const bits = (wanted: bigint[]) => {
    const all = PermissionsBitField.resolve(wanted);
    return String(admin ? all : all & held);
  };
  const seeing = new Set([roles[supportRole], roles.MANAGER, roles.ADMIN]);
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
