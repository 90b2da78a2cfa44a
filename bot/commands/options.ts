import {
  type APIApplicationCommandBasicOption,
  type APIApplicationCommandStringOption,
  type APIApplicationCommandSubcommandOption,
  ApplicationCommandOptionType,
  ApplicationCommandType,
  PermissionFlagsBits,
} from 'discord.js';
import { shorten } from '../format.ts';

/** What Discord takes at most of choices, and of the characters of one. */
const MAX_CHOICES = 25;
const MAX_CHOICE = 100;

/** Offered to everybody who may write; who may really use them is checked each time they are used. */
export const offered = {
  type: ApplicationCommandType.ChatInput as const,
  default_member_permissions: String(PermissionFlagsBits.SendMessages),
};

/** A required option that takes one of a few values. */
export function choice(
  name: string,
  description: string,
  values: readonly string[],
): APIApplicationCommandStringOption {
  return {
    type: ApplicationCommandOptionType.String,
    name,
    description,
    required: true,
    choices: values.map((value) => ({ name: value, value })),
  };
}

interface TextRules {
  required?: boolean;
  /** The most characters it takes. */
  max?: number;
  autocomplete?: true;
}

/** An option that takes a text. */
export function textOption(
  name: string,
  description: string,
  { required = false, max = MAX_CHOICE, autocomplete }: TextRules = {},
): APIApplicationCommandStringOption {
  const shared = {
    type: ApplicationCommandOptionType.String as const,
    name,
    description,
    required,
    max_length: max,
  };
  return autocomplete ? { ...shared, autocomplete } : shared;
}

/** A part of a command, such as `add` in `/tag add`. */
export function subcommand(
  name: string,
  description: string,
  options: APIApplicationCommandBasicOption[] = [],
): APIApplicationCommandSubcommandOption {
  return { type: ApplicationCommandOptionType.Subcommand, name, description, options };
}

/** What may be chosen of an option: what people read, and what it stands for. */
export interface Suggestion {
  name: string;
  value: string;
}

export const sameName = (value: string): Suggestion => ({ name: value, value });

/** The suggestions that have what was typed so far in them, as many as Discord takes. */
export function matching(suggestions: readonly Suggestion[], typed: string): Suggestion[] {
  const part = typed.trim().toLowerCase();
  return suggestions
    .filter(({ name, value }) => `${name} ${value}`.toLowerCase().includes(part))
    .slice(0, MAX_CHOICES)
    .map(({ name, value }) => ({ name: shorten(name, MAX_CHOICE), value }));
}
