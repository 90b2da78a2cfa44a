import {
  type APIApplicationCommandBasicOption,
  ApplicationCommandOptionType,
  ApplicationCommandType,
  PermissionFlagsBits,
} from 'discord.js';

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
): APIApplicationCommandBasicOption {
  return {
    type: ApplicationCommandOptionType.String,
    name,
    description,
    required: true,
    choices: values.map((value) => ({ name: value, value })),
  };
}
