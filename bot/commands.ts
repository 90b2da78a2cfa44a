import {
  type APIApplicationCommand,
  ApplicationCommandOptionType,
  ApplicationCommandType,
  PermissionFlagsBits,
  Routes,
} from 'discord.js';
import { sizes } from '../src/contract/limits.ts';
import { issueLevels, supportRoles } from '../src/contract/tickets.ts';
import type { Bridge } from './bridge.ts';

const choices = (values: readonly string[]) => values.map((value) => ({ name: value, value }));

/** Offered to everybody who may write; who may really use them is checked each time they are used. */
const base = {
  type: ApplicationCommandType.ChatInput,
  default_member_permissions: String(PermissionFlagsBits.SendMessages),
};

/** The bot's slash commands, as Discord is told of them. */
export const commands = [
  {
    ...base,
    name: 'close',
    description: 'Close this ticket',
    options: [
      {
        type: ApplicationCommandOptionType.String,
        name: 'reason',
        description: 'Why; the customer sees it',
        max_length: sizes.reason,
        required: false,
      },
    ],
  },
  {
    ...base,
    name: 'level',
    description: 'Change how urgent this ticket is',
    options: [
      {
        type: ApplicationCommandOptionType.String,
        name: 'level',
        description: 'The new level; the channel moves to its category',
        required: true,
        choices: choices(issueLevels),
      },
    ],
  },
  {
    ...base,
    name: 'role',
    description: 'Hand this ticket to another support role',
    options: [
      {
        type: ApplicationCommandOptionType.String,
        name: 'role',
        description: 'Who sees the channel from now on',
        required: true,
        choices: choices(supportRoles),
      },
    ],
  },
];

/** True where all that we say of something is the same in what Discord has; it adds fields of its own. */
function agrees(ours: unknown, theirs: unknown): boolean {
  if (Array.isArray(ours)) {
    if (!Array.isArray(theirs) || theirs.length !== ours.length) return false;
    return ours.every((item, index) => agrees(item, theirs[index]));
  }
  if (typeof ours === 'object' && ours !== null) {
    if (typeof theirs !== 'object' || theirs === null) return false;
    const found = theirs as Record<string, unknown>;
    return Object.entries(ours).every(([name, value]) => agrees(value, found[name]));
  }
  // Discord leaves out what is false.
  return (ours === false ? undefined : ours) === (theirs === false ? undefined : theirs);
}

/** Registers the commands where Discord has others: a guild may create 200 a day only. */
export async function registerCommands(bridge: Bridge): Promise<void> {
  const application = bridge.client.application?.id;
  if (!application) return;
  const route = Routes.applicationGuildCommands(application, bridge.discord.guildId);
  const known = (await bridge.rest.get(route)) as APIApplicationCommand[];
  const same = known.length === commands.length;
  const byName = new Map(known.map((command) => [command.name, command]));
  if (same && commands.every((command) => agrees(command, byName.get(command.name)))) return;
  await bridge.rest.put(route, { body: commands });
  bridge.log.info('registered the commands');
}
