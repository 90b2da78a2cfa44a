import {
  type AutocompleteInteraction,
  type ButtonInteraction,
  type ChatInputCommandInteraction,
  type Client,
  Events,
  type Interaction,
  type MessageComponentInteraction,
  MessageFlags,
  type ModalSubmitInteraction,
  PermissionFlagsBits,
} from 'discord.js';
import { toAppError } from '../src/errors.ts';
import type { Bridge } from './bridge.ts';
import type { Need, Scope, TicketContext, Told } from './commands/command.ts';
import { commands, routeComponent } from './commands/registry.ts';
import { loggable } from './discord-errors.ts';
import { rejectWaiting, runInOrder } from './inbound/in-order.ts';
import { actorOf, isStaff, type Person, skillsOf } from './people.ts';

/** How long a stopping bot waits for the last answers to go out, in milliseconds. */
const LAST_ANSWERS_MS = 3000;

const unknownCommand =
  'This command is not one of the present ones. Type / to see those that there are.';
const unknownComponent = 'This button or form is from an earlier version and leads nowhere now.';

type Answerable =
  | ChatInputCommandInteraction
  | MessageComponentInteraction
  | ModalSubmitInteraction
  | AutocompleteInteraction;
type Deferrable = Exclude<Answerable, AutocompleteInteraction>;

interface Rule {
  scope: Scope;
  needs: Need;
  inOrder?: boolean;
  inPlace?: boolean;
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
 * @returns why not, in words for the one who asked
 */
function contextOf(bridge: Bridge, interaction: Answerable, rule: Rule): TicketContext | string {
  const { settings, tickets } = bridge;
  if (interaction.guildId !== settings.guildId) return 'This works in the support server only.';
  const ticketId = (interaction.channelId && tickets.idOfChannel(interaction.channelId)) ?? '';
  if (rule.scope === 'ticket' && !ticketId) return "This is not an open ticket's channel.";
  const person = personOf(bridge, interaction);
  if (!isStaff(settings, person)) return 'Only the support staff may do this.';
  const actor = actorOf(settings, person);
  const isAdmin = actor.role === 'ADMIN' || (rule.needs === 'operator' && person.administrator);
  if (rule.needs !== 'staff' && !isAdmin) return 'Only administrators may do this.';
  const skills = skillsOf(settings, person);
  bridge.ctx.desk.seen.note(actor, skills);
  return { bridge, actor, skills, ticketId, unread: undefined };
}

/** What somebody is told of a verb that threw; a bug is told of without detail, and thrown on. */
function refusalOf(error: unknown): string {
  const { message, details } = toAppError(error);
  const why = details.errors?.map((one) => `${one.location} ${one.message}`).join('; ') || message;
  return `That did not work: ${why}.`;
}

/** Acknowledges at once, does the work, and says how it went to the one who asked alone. */
async function answer(
  bridge: Bridge,
  interaction: Deferrable,
  rule: Rule,
  work: (context: TicketContext) => Promise<Told>,
): Promise<void> {
  const inPlace = rule.inPlace && interaction.isMessageComponent();
  if (inPlace) await interaction.deferUpdate();
  else await interaction.deferReply({ flags: MessageFlags.Ephemeral });
  const say = (told: Told) => {
    const words = typeof told === 'string' ? { content: told } : told;
    // The channel may be gone by now, and the answer with it.
    return interaction
      .editReply(inPlace ? { components: [], ...words } : words)
      .catch(() => undefined);
  };
  const context = contextOf(bridge, interaction, rule);
  if (typeof context === 'string') return void (await say(context));
  try {
    const run = (unread?: string) => work({ ...context, unread });
    const inOrder = rule.inOrder && rule.scope === 'ticket';
    await say(await (inOrder ? runInOrder(bridge, context.ticketId, run) : run()));
  } catch (error) {
    await say(refusalOf(error));
    if (toAppError(error).code === 'INTERNAL_SERVER_ERROR') throw error;
  }
}

const tell = (interaction: Deferrable, content: string) =>
  interaction.reply({ content, flags: MessageFlags.Ephemeral });

async function onCommand(bridge: Bridge, interaction: ChatInputCommandInteraction): Promise<void> {
  const command = commands.get(interaction.commandName);
  if (!command) return void (await tell(interaction, unknownCommand));
  await answer(bridge, interaction, command, (context) => command.run(context, interaction));
}

async function onAutocomplete(bridge: Bridge, interaction: AutocompleteInteraction): Promise<void> {
  const command = commands.get(interaction.commandName);
  const context = command?.autocomplete && contextOf(bridge, interaction, command);
  const allowed = typeof context === 'object';
  const found = allowed ? await command?.autocomplete?.(context, interaction) : [];
  await interaction.respond(found?.slice(0, 25) ?? []);
}

async function onComponent(
  bridge: Bridge,
  interaction: MessageComponentInteraction | ModalSubmitInteraction,
): Promise<void> {
  const found = routeComponent(interaction.customId);
  if (!found) return void (await tell(interaction, unknownComponent));
  const { component, args } = found;
  if (component.kind === 'form') {
    const context = contextOf(bridge, interaction, component);
    if (typeof context === 'string') return void (await tell(interaction, context));
    const button = interaction as ButtonInteraction;
    await button.showModal(component.form(context, button));
  } else if (component.kind === 'submission') {
    const modal = interaction as ModalSubmitInteraction;
    await answer(bridge, modal, component, (context) => component.run(context, modal, args));
  } else {
    const pressed = interaction as MessageComponentInteraction;
    await answer(bridge, pressed, component, (context) => component.run(context, pressed, args));
  }
}

async function onInteraction(bridge: Bridge, interaction: Interaction): Promise<void> {
  if (interaction.isChatInputCommand()) return onCommand(bridge, interaction);
  if (interaction.isAutocomplete()) return onAutocomplete(bridge, interaction);
  if (interaction.isMessageComponent() || interaction.isModalSubmit()) {
    return onComponent(bridge, interaction);
  }
  if (interaction.isContextMenuCommand()) {
    await interaction.reply({ content: unknownCommand, flags: MessageFlags.Ephemeral });
  }
}

/** Listens to commands, buttons and forms. */
export function listenInteractions(bridge: Bridge, client: Client): void {
  client.on(Events.InteractionCreate, (interaction) => {
    const answering = onInteraction(bridge, interaction)
      .catch((error: Error) => {
        bridge.ctx.reports.report(error, { part: 'discord', interaction: interaction.type });
        bridge.log.error(loggable(error), 'an interaction failed');
      })
      .finally(() => bridge.answering.delete(answering));
    bridge.answering.add(answering);
  });
}

/**
 * Answers what still waits when the bot stops: nobody is left with "thinking". Called while Discord
 * can still be reached.
 */
export async function stopInteractions(bridge: Bridge): Promise<void> {
  rejectWaiting(bridge);
  const timer = new AbortController();
  const tooLong = new Promise((resolve) => {
    const timeout = setTimeout(resolve, LAST_ANSWERS_MS).unref();
    timer.signal.addEventListener('abort', () => clearTimeout(timeout));
  });
  await Promise.race([Promise.allSettled(bridge.answering), tooLong]);
  timer.abort();
}
