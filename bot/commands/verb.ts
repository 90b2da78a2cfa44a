import {
  type APIApplicationCommandStringOption,
  ComponentType,
  type MessageComponentInteraction,
} from 'discord.js';
import type { TicketView } from '../../src/contract/tickets.ts';
import type { Row } from '../outbound/card/card.ts';
import type { Command, CommandModule, Component, TicketContext, Told } from './command.ts';
import { matching, offered, type Suggestion } from './options.ts';

/** What was given for an option, by its name. */
export type Given = (option: string) => string | undefined;

/**
 * A verb of the domain as staff reach it in Discord: a command, a button or menu of the card, an entry of
 * the card's menu, or several of these. Who may is the domain's to say, and so is every refusal.
 */
export interface Verb {
  name: string;
  description: string;
  /** What it takes: the first is also what a menu asks for. */
  options?: readonly APIApplicationCommandStringOption[];
  /** After all that was written in the channel before it. */
  inOrder?: boolean;
  /** What may be given for the first option. */
  suggest?(context: TicketContext): Promise<readonly Suggestion[]>;
  /** How the menu of the card calls it, where that has it. */
  menu?: string;
  /** It has a button or a menu of its own on something that the bot posts. */
  button?: true;
  act(context: TicketContext, given: Given): Promise<TicketView>;
  /** What will happen now. */
  says(ticket: TicketView): string;
}

async function carryOut(verb: Verb, context: TicketContext, given: Given): Promise<string> {
  return verb.says(await verb.act(context, given));
}

/** The first option from a menu, and no other. */
function chosen({ options = [] }: Verb, interaction: MessageComponentInteraction): Given {
  const value = interaction.isStringSelectMenu() ? interaction.values[0] : undefined;
  return (option) => (option === options[0]?.name ? value : undefined);
}

function componentsOf(verb: Verb): Component[] {
  const shared = {
    kind: 'action' as const,
    scope: 'ticket' as const,
    needs: 'staff' as const,
    ...(verb.inOrder && { inOrder: true }),
  };
  const run = (context: TicketContext, interaction: MessageComponentInteraction) =>
    carryOut(verb, context, chosen(verb, interaction));
  const own: Component[] = verb.button ? [{ ...shared, name: verb.name, run }] : [];
  const picked: Component[] =
    verb.menu && verb.suggest ? [{ ...shared, name: `pick-${verb.name}`, inPlace: true, run }] : [];
  return [...own, ...picked];
}

/** Offers what may be given, in the channel of a ticket. */
function offering(suggest: NonNullable<Verb['suggest']>): NonNullable<Command['autocomplete']> {
  return async (context, interaction) => {
    if (!context.here) return [];
    const all = await suggest({ ...context, ticketId: context.here, unread: undefined });
    return matching(all, interaction.options.getFocused());
  };
}

/** A verb as a command, with the components that lead to it. */
export function moduleOf(verb: Verb): CommandModule {
  const { name, description, options = [], suggest } = verb;
  return {
    command: {
      scope: 'ticket',
      needs: 'staff',
      ...(verb.inOrder && { inOrder: true }),
      data: { ...offered, name, description, options: [...options] },
      ...(suggest && { autocomplete: offering(suggest) }),
      run: (context, command) =>
        carryOut(verb, context, (option) => command.options.getString(option) ?? undefined),
    },
    components: componentsOf(verb),
  };
}

/** A menu to choose one of a few values from. */
export function menuRow(
  customId: string,
  placeholder: string,
  options: readonly (Suggestion & { description?: string })[],
): Row {
  return {
    type: ComponentType.ActionRow,
    components: [
      {
        type: ComponentType.StringSelect,
        custom_id: customId,
        placeholder,
        options: options.map(({ name, value, description }) => ({
          label: name,
          value,
          ...(description && { description }),
        })),
      },
    ],
  };
}

/** What choosing a verb from the card's menu leads to: what it takes is asked for, or it is done. */
export async function begin(verb: Verb, context: TicketContext): Promise<Told> {
  if (!verb.suggest) return carryOut(verb, context, () => undefined);
  const suggestions = matching(await verb.suggest(context), '');
  if (suggestions.length === 0) return 'There is nothing to choose from here.';
  const row = menuRow(`pick-${verb.name}:${context.ticketId}`, verb.description, suggestions);
  return { content: `${verb.description}:`, components: [row] };
}
