import type { LRUCache } from 'lru-cache';
import type { Mirror } from '../../src/domain/mirror/mirrors.ts';
import type { Bridge } from '../bridge.ts';
import { inviteUrl } from '../permissions.ts';

/** The guilds of the desk: one bridge for each, over one session, one token and one lease. */
export interface Guilds {
  /** In the order of the configuration, that of GUILD_ID first. */
  all: readonly Bridge[];
  isSeveral: boolean;
  /** Since when the desk's bots know of several without a break, milliseconds since 1970; Infinity until it is known. */
  severalSince: number;
  /** @returns undefined for a guild that is none of the desk's */
  withId(guildId: string | null | undefined): Bridge | undefined;
  /**
   * The guild in which a ticket's channel is, or will be; the first one where its row names none, as rows
   * from before do, or one that is not the desk's any more.
   */
  of(mirror: Pick<Mirror, 'guild_id'> | undefined): Bridge;
  /** In which guild whoever practises wants their ticket, by the key of its owner. */
  practising: LRUCache<string, string>;
}

/** The guild that a ticket's row names and that is the desk's no more; undefined where there is none such. */
export function leftGuild(
  { guilds }: Pick<Bridge, 'guilds'>,
  { guild_id }: Pick<Mirror, 'guild_id'>,
): string | undefined {
  return guild_id && !guilds.withId(guild_id) ? guild_id : undefined;
}

/** Why a ticket waits whose channel is in a guild that the desk has left; undefined where it is in none. */
export function whyLeft(bridge: Bridge, mirror: Mirror): string | undefined {
  const left = mirror.channel_id === null ? undefined : leftGuild(bridge, mirror);
  if (!left) return undefined;
  const name = bridge.client.guilds.cache.get(left)?.name ?? left;
  return `its channel is in the server ${name}, which is not the desk's any more: name ${left} in MORE_GUILDS until the ticket is closed, or remove the bot from there`;
}

/** A guild by the name its members know it by. */
export function guildName({ client, settings }: Pick<Bridge, 'client' | 'settings'>): string {
  return client.guilds.cache.get(settings.guildId)?.name || settings.guildId;
}

/**
 * Why a guild of several cannot be worked in just now. A desk with one guild waits for it, or ends its
 * session, instead.
 */
export function whyAway({ client, settings, discord, guilds }: Bridge): string | undefined {
  if (!guilds.isSeveral) return undefined;
  const guild = client.guilds.cache.get(settings.guildId);
  if (guild?.available) return undefined;
  if (guild) return 'Discord says that it is not available just now: its tickets wait';
  const invite = inviteUrl(client.application?.id ?? '', settings.guildId, discord);
  return `the bot is not in it, and its tickets wait: invite it by ${invite}`;
}
