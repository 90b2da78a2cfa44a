import type { User } from '../entities.ts';
import { closings } from './closing.ts';

/** Intent bits, by Discord's names. */
export const Intent = {
  GUILDS: 1 << 0,
  GUILD_MEMBERS: 1 << 1,
  GUILD_MODERATION: 1 << 2,
  GUILD_EXPRESSIONS: 1 << 3,
  GUILD_INTEGRATIONS: 1 << 4,
  GUILD_WEBHOOKS: 1 << 5,
  GUILD_INVITES: 1 << 6,
  GUILD_VOICE_STATES: 1 << 7,
  GUILD_PRESENCES: 1 << 8,
  GUILD_MESSAGES: 1 << 9,
  GUILD_MESSAGE_REACTIONS: 1 << 10,
  GUILD_MESSAGE_TYPING: 1 << 11,
  DIRECT_MESSAGES: 1 << 12,
  DIRECT_MESSAGE_REACTIONS: 1 << 13,
  DIRECT_MESSAGE_TYPING: 1 << 14,
  MESSAGE_CONTENT: 1 << 15,
  GUILD_SCHEDULED_EVENTS: 1 << 16,
  AUTO_MODERATION_CONFIGURATION: 1 << 20,
  AUTO_MODERATION_EXECUTION: 1 << 21,
  GUILD_MESSAGE_POLLS: 1 << 24,
  DIRECT_MESSAGE_POLLS: 1 << 25,
} as const;

const PRIVILEGED = ['GUILD_MEMBERS', 'GUILD_PRESENCES', 'MESSAGE_CONTENT'] as const;

/** Every bit that means something. */
const ALL_INTENTS = Object.values(Intent).reduce((all, bit) => all | bit, 0);

/** The intent an event belongs to in a guild and in a direct message; events not listed need none. */
const NEEDED: Record<string, readonly [guild: number, dm: number]> = {
  CHANNEL_CREATE: [Intent.GUILDS, 0],
  CHANNEL_UPDATE: [Intent.GUILDS, 0],
  CHANNEL_DELETE: [Intent.GUILDS, 0],
  CHANNEL_PINS_UPDATE: [Intent.GUILDS, Intent.DIRECT_MESSAGES],
  GUILD_CREATE: [Intent.GUILDS, 0],
  GUILD_UPDATE: [Intent.GUILDS, 0],
  GUILD_DELETE: [Intent.GUILDS, 0],
  GUILD_BAN_ADD: [Intent.GUILD_MODERATION, 0],
  GUILD_BAN_REMOVE: [Intent.GUILD_MODERATION, 0],
  GUILD_ROLE_CREATE: [Intent.GUILDS, 0],
  GUILD_ROLE_UPDATE: [Intent.GUILDS, 0],
  GUILD_ROLE_DELETE: [Intent.GUILDS, 0],
  THREAD_CREATE: [Intent.GUILDS, 0],
  THREAD_UPDATE: [Intent.GUILDS, 0],
  THREAD_DELETE: [Intent.GUILDS, 0],
  THREAD_LIST_SYNC: [Intent.GUILDS, 0],
  THREAD_MEMBERS_UPDATE: [Intent.GUILDS, 0],
  GUILD_MEMBER_ADD: [Intent.GUILD_MEMBERS, 0],
  GUILD_MEMBER_REMOVE: [Intent.GUILD_MEMBERS, 0],
  GUILD_MEMBER_UPDATE: [Intent.GUILD_MEMBERS, 0],
  WEBHOOKS_UPDATE: [Intent.GUILD_WEBHOOKS, 0],
  MESSAGE_CREATE: [Intent.GUILD_MESSAGES, Intent.DIRECT_MESSAGES],
  MESSAGE_UPDATE: [Intent.GUILD_MESSAGES, Intent.DIRECT_MESSAGES],
  MESSAGE_DELETE: [Intent.GUILD_MESSAGES, Intent.DIRECT_MESSAGES],
  MESSAGE_DELETE_BULK: [Intent.GUILD_MESSAGES, 0],
  MESSAGE_REACTION_ADD: [Intent.GUILD_MESSAGE_REACTIONS, Intent.DIRECT_MESSAGE_REACTIONS],
  MESSAGE_REACTION_REMOVE: [Intent.GUILD_MESSAGE_REACTIONS, Intent.DIRECT_MESSAGE_REACTIONS],
  MESSAGE_REACTION_REMOVE_ALL: [Intent.GUILD_MESSAGE_REACTIONS, Intent.DIRECT_MESSAGE_REACTIONS],
  MESSAGE_REACTION_REMOVE_EMOJI: [Intent.GUILD_MESSAGE_REACTIONS, Intent.DIRECT_MESSAGE_REACTIONS],
  TYPING_START: [Intent.GUILD_MESSAGE_TYPING, Intent.DIRECT_MESSAGE_TYPING],
};

/** Whether a session with these intents gets an event of this name. */
export function wants(intents: number, event: string, dm: boolean): boolean {
  const needed = NEEDED[event];
  if (!needed) return true;
  const bit = dm ? needed[1] : needed[0];
  return bit === 0 || (intents & bit) !== 0;
}

/** The intents a session gets: all for people, what it asks for for a bot that may; else the connection closes. */
export function grantedIntents(user: User, asked: unknown, granted: string[]): number {
  if (!user.bot) return ALL_INTENTS;
  const intents = Number(asked);
  if (!Number.isInteger(asked) || (intents & ~ALL_INTENTS) !== 0) throw closings.badIntents();
  const tooMuch = PRIVILEGED.some((n) => (intents & Intent[n]) !== 0 && !granted.includes(n));
  if (tooMuch) throw closings.deniedIntents();
  return intents;
}
