import { setTimeout as sleep } from 'node:timers/promises';
import {
  type AutocompleteInteraction,
  type ChatInputCommandInteraction,
  type MessageComponentInteraction,
  type ModalSubmitInteraction,
  PermissionFlagsBits,
  SnowflakeUtil,
} from 'discord.js';
import { withIdentities } from '../src/domain/agents/identities.ts';
import type { Bridge } from './bridge.ts';
import type { Need, Scope, TicketContext } from './commands/command.ts';
import { noteSeen } from './guilds/standings.ts';
import { actorOf, isStaff, type Person, skillsOf } from './people.ts';

/** What somebody does that is answered. */
export type Answerable =
  | ChatInputCommandInteraction
  | MessageComponentInteraction
  | ModalSubmitInteraction
  | AutocompleteInteraction;

/** Where something may be used, by whom, and how it is answered. */
export interface Rule {
  scope: Scope;
  needs: Need;
  inOrder?: boolean;
  inPlace?: boolean;
}

/** A channel younger than this may be one whose row is about to be written, in milliseconds. */
const NEW_CHANNEL_MS = 60_000;
/** How long that is waited for: an answer is due within three seconds. */
const ROW_WAIT_MS = 1500;
const ROW_POLL_MS = 25;

/** The ticket of a channel, which staff see in Discord a moment before its row is written. */
async function ticketOfChannel(bridge: Bridge, channelId: string): Promise<string | undefined> {
  const { ctx, tickets } = bridge;
  const isNew = Math.abs(ctx.clock() - SnowflakeUtil.timestampFrom(channelId)) < NEW_CHANNEL_MS;
  const waitUntil = performance.now() + (isNew ? ROW_WAIT_MS : 0);
  for (;;) {
    const found = tickets.idOfChannel(channelId);
    if (found !== undefined || performance.now() >= waitUntil) return found;
    await sleep(ROW_POLL_MS);
  }
}

function rolesOf({ member }: Answerable): string[] {
  if (!member) return [];
  return Array.isArray(member.roles) ? member.roles : [...member.roles.cache.keys()];
}

function personOf(bridge: Bridge, interaction: Answerable): Person {
  const { user, member, memberPermissions } = interaction;
  const nick = member && 'displayName' in member ? member.displayName : member?.nick;
  const guild = bridge.client.guilds.cache.get(bridge.settings.guildId);
  return {
    id: user.id,
    name: nick ?? user.displayName,
    roles: rolesOf(interaction),
    administrator:
      guild?.ownerId === user.id ||
      (memberPermissions?.has(PermissionFlagsBits.Administrator) ?? false),
  };
}

/**
 * Checks guild, channel and role, every time anew.
 * @param wanted the ticket that a button or form is of
 * @returns why not, in words for the one who asked
 */
export async function contextOf(
  first: Bridge,
  interaction: Answerable,
  rule: Rule,
  wanted?: string,
): Promise<TicketContext | string> {
  if (!first.ids) return 'The bot is just starting. Try again in a moment.';
  const bridge = first.guilds.withId(interaction.guildId);
  if (!bridge) return 'This works in the support server only.';
  const { settings } = bridge;
  const { channelId } = interaction;
  const ticketId = (channelId && (await ticketOfChannel(bridge, channelId))) || '';
  if (rule.scope === 'ticket' && !ticketId) return "This is not an open ticket's channel.";
  if (rule.scope === 'ticket' && wanted !== undefined && wanted !== ticketId) {
    return 'This belongs to another ticket.';
  }
  const person = personOf(bridge, interaction);
  if (!isStaff(settings, person)) return 'Only the support staff may do this.';
  const actor = await withIdentities(bridge.ctx, actorOf(settings, person));
  const isAdmin = actor.role === 'ADMIN' || (rule.needs === 'operator' && person.administrator);
  if (rule.needs !== 'staff' && !isAdmin) return 'Only administrators may do this.';
  const skills = skillsOf(settings, person);
  noteSeen(bridge, actor, skills);
  return { bridge, actor, skills, here: ticketId || undefined, ticketId, unread: undefined };
}
