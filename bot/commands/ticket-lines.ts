import type { TicketView } from '../../src/contract/tickets.ts';
import { guildOfTicket } from '../../src/domain/mirror/guilds.ts';
import type { Bridge } from '../bridge.ts';
import { escapeName, MAX_CONTENT, shorten } from '../format.ts';
import { guildName } from '../guilds/guild-state.ts';
import { timestamp } from '../outbound/card/card-fields.ts';

/** Room for what stands around a list of lines. */
const AROUND = 400;
const MAX_TOPIC_SHOWN = 60;
const MAX_NAME_SHOWN = 40;

/** The way to a channel: of another server of the desk only its address leads there. */
export function wayTo(
  { guilds, tickets, settings }: Bridge,
  id: string,
  channelId: string,
): string {
  // It may be one that is not the desk's any more.
  const guildId = tickets.guildOf(id) ?? guilds.of(undefined).settings.guildId;
  if (guildId === settings.guildId) return `<#${channelId}>`;
  return `https://discord.com/channels/${guildId}/${channelId}`;
}

/**
 * Why a ticket that is named by its number cannot be worked with from here: it is of another server. Undefined
 * where it can, or has no server yet.
 */
export async function whyElsewhere(bridge: Bridge, id: string): Promise<string | undefined> {
  const { guilds, tickets, ctx } = bridge;
  if (!guilds.isSeveral) return undefined;
  const named = tickets.guildOf(id) ?? (await guildOfTicket(ctx, id));
  const own = named === undefined ? undefined : guilds.of({ guild_id: named });
  if (!own || own === bridge) return undefined;
  return `This ticket is of the server ${escapeName(guildName(own))}: do it there.`;
}

/** A ticket as one line of a list, with the way to its channel where it has one. */
export function ticketLine(
  bridge: Bridge,
  { id, number, topic, status, priority, username, assignee, created_at }: TicketView,
): string {
  const channel = bridge.tickets.channelOf(id);
  const where = channel
    ? ` ${wayTo(bridge, id, channel)}`
    : bridge.tickets.isParked(id)
      ? ' (parked)'
      : '';
  const parts = [
    `**#${number}**${where} ${escapeName(topic, MAX_TOPIC_SHOWN)}`,
    escapeName(username, MAX_NAME_SHOWN),
    status,
    escapeName(priority, MAX_NAME_SHOWN),
    assignee ? escapeName(assignee.name, MAX_NAME_SHOWN) : 'nobody’s',
    timestamp(created_at, 'R'),
  ];
  return parts.join(' · ');
}

/** As many lines as one message takes, and a last one that says how many are left out. */
export function listed(lines: readonly string[]): string {
  const shown: string[] = [];
  let size = 0;
  for (const line of lines) {
    size += line.length + 1;
    if (size > MAX_CONTENT - AROUND) break;
    shown.push(line);
  }
  const left = lines.length - shown.length;
  return shorten([...shown, ...(left > 0 ? [`… and ${left} more`] : [])].join('\n'), MAX_CONTENT);
}
