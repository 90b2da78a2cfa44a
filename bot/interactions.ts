import {
  type ButtonInteraction,
  type ChatInputCommandInteraction,
  type Client,
  ComponentType,
  Events,
  type Interaction,
  MessageFlags,
  type ModalSubmitInteraction,
  TextInputStyle,
} from 'discord.js';
import { sizes } from '../src/contract/limits.ts';
import type { IssueLevel, SupportRole } from '../src/contract/tickets.ts';
import type { Actor } from '../src/domain/access/actor.ts';
import { closeTicket, updateTicket } from '../src/domain/tickets/change.ts';
import { toAppError } from '../src/errors.ts';
import type { Bridge } from './bridge.ts';
import { loggable } from './discord-errors.ts';
import { enqueue } from './inbound/queue.ts';
import { closeButton } from './outbound/card.ts';
import { actorOf, isStaffMember } from './people.ts';

const reasonModal = 'close-reason';
const reasonInput = 'reason';

type Answerable = ButtonInteraction | ChatInputCommandInteraction | ModalSubmitInteraction;

/** Somebody of the staff, in a ticket's channel of our guild. */
interface CommandContext {
  ticketId: string;
  actor: Actor;
}

function rolesOf(interaction: Answerable): string[] {
  const { member } = interaction;
  if (!member) return [];
  return Array.isArray(member.roles) ? member.roles : [...member.roles.cache.keys()];
}

/**
 * Checks guild, channel and role, every time anew.
 * @returns why not, in words for the one who asked
 */
function commandContextOf(bridge: Bridge, interaction: Answerable): CommandContext | string {
  const { discord, tickets } = bridge;
  if (interaction.guildId !== discord.guildId) return 'This works in the support server only.';
  const ticketId = interaction.channelId && tickets.idOfChannel(interaction.channelId);
  if (!ticketId) return "This is not an open ticket's channel.";
  const roles = rolesOf(interaction);
  if (!isStaffMember(discord, roles)) return 'Only the support staff may do this.';
  const { user, member } = interaction;
  const nick = member && 'displayName' in member ? member.displayName : member?.nick;
  const actor = actorOf(discord, { id: user.id, name: nick ?? user.displayName, roles });
  return { ticketId, actor };
}

/** Runs a verb after all that was written in the channel before it. */
function inTurn<T>(bridge: Bridge, ticketId: string, verb: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const run = () => verb().then(resolve, reject);
    enqueue(bridge, ticketId, { kind: 'act', run });
  });
}

/** Acknowledges at once, does the work, and says how it went to the one who asked alone. */
async function answer(
  bridge: Bridge,
  interaction: Answerable,
  work: (desk: CommandContext) => Promise<string>,
): Promise<void> {
  await interaction.deferReply({ flags: MessageFlags.Ephemeral });
  const desk = commandContextOf(bridge, interaction);
  let said = desk as string;
  if (typeof desk !== 'string') {
    try {
      said = await work(desk);
    } catch (error) {
      const shown = toAppError(error);
      said = `That did not work: ${shown.message}.`;
      if (shown.code === 'INTERNAL_SERVER_ERROR') throw error;
    } finally {
      // The channel may be gone by now, and the answer with it.
      if (said) await interaction.editReply({ content: said }).catch(() => undefined);
    }
    return;
  }
  await interaction.editReply({ content: said }).catch(() => undefined);
}

function close(bridge: Bridge, { ticketId, actor }: CommandContext, reason: string | null) {
  const body = { reason: reason?.trim() || null };
  return inTurn(bridge, ticketId, async () => {
    await closeTicket(bridge.ctx, actor, ticketId, body);
    return 'The ticket is closed. Its transcript follows.';
  });
}

async function onCommand(bridge: Bridge, command: ChatInputCommandInteraction): Promise<void> {
  await answer(bridge, command, (desk) => {
    const { ticketId, actor } = desk;
    if (command.commandName === 'close') {
      return close(bridge, desk, command.options.getString('reason'));
    }
    const body =
      command.commandName === 'level'
        ? { issue_level: command.options.getString('level', true) as IssueLevel }
        : { support_role: command.options.getString('role', true) as SupportRole };
    return inTurn(bridge, ticketId, async () => {
      const ticket = await updateTicket(bridge.ctx, actor, ticketId, body);
      return `The ticket is ${ticket.issue_level}, for ${ticket.support_role}.`;
    });
  });
}

/** The form that asks for a reason must be the first answer, so it comes before anything else. */
async function onButton(bridge: Bridge, button: ButtonInteraction): Promise<void> {
  const desk = commandContextOf(bridge, button);
  if (typeof desk === 'string') {
    await button.reply({ content: desk, flags: MessageFlags.Ephemeral });
    return;
  }
  await button.showModal({
    custom_id: `${reasonModal}:${desk.ticketId}`,
    title: 'Close the ticket',
    components: [
      {
        type: ComponentType.ActionRow,
        components: [
          {
            type: ComponentType.TextInput,
            custom_id: reasonInput,
            label: 'Reason (the customer sees it)',
            style: TextInputStyle.Paragraph,
            required: false,
            max_length: sizes.reason,
          },
        ],
      },
    ],
  });
}

async function onModal(bridge: Bridge, modal: ModalSubmitInteraction): Promise<void> {
  await answer(bridge, modal, async (desk) => {
    const [, ticketId] = modal.customId.split(':');
    if (ticketId !== desk.ticketId) return 'This form belongs to another ticket.';
    return close(bridge, desk, modal.fields.getTextInputValue(reasonInput));
  });
}

async function onInteraction(bridge: Bridge, interaction: Interaction): Promise<void> {
  if (interaction.isChatInputCommand()) return onCommand(bridge, interaction);
  if (interaction.isButton() && interaction.customId.startsWith(`${closeButton}:`)) {
    return onButton(bridge, interaction);
  }
  if (interaction.isModalSubmit() && interaction.customId.startsWith(`${reasonModal}:`)) {
    return onModal(bridge, interaction);
  }
}

export function listenInteractions(bridge: Bridge, client: Client): void {
  client.on(Events.InteractionCreate, (interaction) => {
    onInteraction(bridge, interaction).catch((error: Error) => {
      bridge.ctx.reports.report(error, { part: 'discord', interaction: interaction.type });
      bridge.log.error(loggable(error), 'an interaction failed');
    });
  });
}
