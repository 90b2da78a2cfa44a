import {
  type AutocompleteInteraction,
  type ChatInputCommandInteraction,
  type Client,
  Events,
  type Interaction,
  type MessageComponentInteraction,
  MessageFlags,
  type ModalSubmitInteraction,
} from 'discord.js';
import { AppError, toAppError } from '../src/errors.ts';
import type { Bridge } from './bridge.ts';
import type { Command, TicketContext, Told } from './commands/command.ts';
import { commands, routeComponent } from './commands/registry.ts';
import { MAX_CONTENT, shorten } from './format.ts';
import { rejectWaiting, runInOrder } from './inbound/in-order.ts';
import { type Answerable, contextOf, type Rule } from './interaction-context.ts';
import { refusalOf } from './refusal.ts';
import { describe, isTransient, loggable } from './rest/discord-errors.ts';

/** How long a stopping bot waits for the last answers to go out, in milliseconds. */
const LAST_ANSWERS_MS = 3000;

const unknownCommand =
  'This command is not one of the present ones. Type / to see those that there are.';
const unknownComponent = 'This button or form is from an earlier version and leads nowhere now.';

type Deferrable = Exclude<Answerable, AutocompleteInteraction>;

/** An answer as it is sent; it takes the place of whatever stood there. */
function replyOf(answer: Told) {
  const {
    content,
    components = [],
    files = [],
  } = typeof answer === 'string' ? { content: answer } : answer;
  return {
    content: shorten(content, MAX_CONTENT),
    components,
    files: files.map(({ name, data }) => ({ name, attachment: data })),
  };
}

/** True on a message that nobody else sees: what others see is not replaced by what one is told. */
function isOnOwnMessage(one: Deferrable): one is MessageComponentInteraction {
  return one.isMessageComponent() && one.message.flags.has(MessageFlags.Ephemeral);
}

/** Acknowledges at once, does the work, and says how it went to the one who asked alone. */
async function answer(
  bridge: Bridge,
  interaction: Deferrable,
  rule: Rule,
  work: (context: TicketContext) => Promise<Told>,
  wanted?: string,
): Promise<void> {
  if (rule.inPlace && isOnOwnMessage(interaction)) await interaction.deferUpdate();
  else await interaction.deferReply({ flags: MessageFlags.Ephemeral });
  // The channel may be gone by now, and the answer with it.
  const say = (said: Told) =>
    interaction.editReply(replyOf(said)).catch((error: Error) => {
      bridge.log.debug({ reason: error.message }, 'an answer was not taken');
    });
  const context = await contextOf(bridge, interaction, rule, wanted);
  if (typeof context === 'string') return void (await say(context));
  try {
    const run = (unread?: string) => work({ ...context, unread });
    const { here } = context;
    await say(await (rule.inOrder && here ? runInOrder(bridge, here, run) : run()));
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
  if (command.form && (await showForm(bridge, interaction, command))) return;
  await answer(bridge, interaction, command, (context) => command.run(context, interaction));
}

/** @returns whether the command was answered with a form, or with why there is none */
async function showForm(
  bridge: Bridge,
  interaction: ChatInputCommandInteraction,
  command: Command,
): Promise<boolean> {
  const context = await contextOf(bridge, interaction, command);
  // Refused like any other command.
  if (typeof context === 'string') return false;
  try {
    const form = await command.form?.(context, interaction);
    if (form) await interaction.showModal(form);
    return form !== undefined;
  } catch (error) {
    if (interaction.replied || !(error instanceof AppError)) throw error;
    await tell(interaction, refusalOf(error));
    return true;
  }
}

/** What is to be suggested; nothing where the domain refuses. */
async function suggestions<T>(asked: Promise<T[]> | undefined): Promise<T[]> {
  try {
    return (await asked) ?? [];
  } catch (error) {
    if (error instanceof AppError) return [];
    throw error;
  }
}

async function onAutocomplete(bridge: Bridge, interaction: AutocompleteInteraction): Promise<void> {
  const command = commands.get(interaction.commandName);
  const context = command?.autocomplete && (await contextOf(bridge, interaction, command));
  const allowed = typeof context === 'object';
  const found = allowed ? await suggestions(command?.autocomplete?.(context, interaction)) : [];
  await interaction.respond(found.slice(0, 25));
}

async function onComponent(
  bridge: Bridge,
  interaction: MessageComponentInteraction | ModalSubmitInteraction,
): Promise<void> {
  const found = routeComponent(interaction.customId);
  if (!found) return void (await tell(interaction, unknownComponent));
  const { component, args } = found;
  const [wanted] = args;
  if (component.kind === 'form') {
    const context = await contextOf(bridge, interaction, component, wanted);
    if (typeof context === 'string') return void (await tell(interaction, context));
    const pressed = interaction as MessageComponentInteraction;
    await pressed.showModal(component.form(context));
  } else if (component.kind === 'submission') {
    const modal = interaction as ModalSubmitInteraction;
    const work = (context: TicketContext) => component.run(context, modal, args);
    await answer(bridge, modal, component, work, wanted);
  } else {
    const pressed = interaction as MessageComponentInteraction;
    const work = (context: TicketContext) => component.run(context, pressed, args);
    await answer(bridge, pressed, component, work, wanted);
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
        // Who asked asks again; nothing of it is left to be done here.
        if (isTransient(error)) {
          return bridge.log.warn({ reason: describe(error) }, 'an interaction was not answered');
        }
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
