import {
  ApplicationCommandOptionType,
  ButtonStyle,
  type ChatInputCommandInteraction,
  ComponentType,
  DiscordAPIError,
  PermissionFlagsBits as P,
} from 'discord.js';
import { type SupportRole, supportRoles } from '../../src/contract/tickets.ts';
import { AppError } from '../../src/errors.ts';
import type { Bridge } from '../bridge.ts';
import type { Row } from '../outbound/card/card.ts';
import { inviteUrl, lacking } from '../permissions.ts';
import { describe, isTransient } from '../rest/discord-errors.ts';
import { applySetup } from '../setup/apply.ts';
import {
  type Chosen,
  checkChosen,
  makePlan,
  packShown,
  type Step,
  unpackShown,
} from '../setup/plan.ts';
import { describeApplied, describePlan } from '../setup/words.ts';
import type { CommandModule, Told } from './command.ts';
import { offered } from './options.ts';

export const planButton = 'setup-plan';
const applyButton = 'setup-apply';
const cancelButton = 'setup-cancel';

const optionOf = (role: SupportRole) => role.toLowerCase();

function buttonsOf(chosen: Chosen, steps: readonly Step[]): Row[] {
  return [
    {
      type: ComponentType.ActionRow,
      components: [
        {
          type: ComponentType.Button,
          style: ButtonStyle.Success,
          label: 'Apply',
          custom_id: `${applyButton}:${packShown(chosen, steps)}`,
        },
        {
          type: ComponentType.Button,
          style: ButtonStyle.Secondary,
          label: 'Cancel',
          custom_id: cancelButton,
        },
      ],
    },
  ];
}

/** What the bot lacks for it, in words; undefined where it has all. */
function whyNot(bridge: Bridge): string | undefined {
  const names = lacking(bridge, [P.ViewChannel, P.ManageChannels, P.ManageRoles]);
  if (names.length === 0) return undefined;
  const invite = inviteUrl(
    bridge.client.application?.id ?? '',
    bridge.settings.guildId,
    bridge.discord,
  );
  return `The bot's role lacks ${names.join(', ')}: give it that in the server's settings, or invite it again by ${invite}`;
}

async function readPlan(bridge: Bridge, chosen: Chosen): Promise<Step[]> {
  try {
    return await makePlan(bridge, chosen);
  } catch (error) {
    if (!(error instanceof DiscordAPIError) && !isTransient(error)) throw error;
    throw new AppError('SERVICE_UNAVAILABLE', describe(error), { cause: error });
  }
}

/**
 * Shows what would be done, with the buttons that do it or leave it.
 * @param before what is said above it
 */
export async function showPlan(bridge: Bridge, chosen: Chosen, before = ''): Promise<Told> {
  checkChosen(bridge, chosen);
  const steps = await readPlan(bridge, chosen);
  const { content: plan, isIdle } = describePlan(steps);
  const content = before + plan;
  if (isIdle) return content;
  const barred = whyNot(bridge);
  if (barred) return `${content}\n${barred}`;
  return { content, components: buttonsOf(chosen, steps) };
}

const OUTDATED = 'Nothing was changed: the server is not as it was when this was shown. Now:\n';

/** Does what was shown; where that is not what would be done now, it is shown anew. */
async function applyShown(bridge: Bridge, args: readonly string[]): Promise<Told> {
  const { chosen, fingerprint } = unpackShown(args);
  checkChosen(bridge, chosen);
  const barred = whyNot(bridge);
  if (barred) return barred;
  const applied = await applySetup(bridge, chosen, fingerprint);
  return applied.isOutdated ? showPlan(bridge, chosen, OUTDATED) : describeApplied(applied);
}

function chosenIn(command: ChatInputCommandInteraction): Chosen {
  const pairs = supportRoles.flatMap((role) => {
    const id = command.options.getRole(optionOf(role))?.id;
    return id ? [[role, id]] : [];
  });
  return Object.fromEntries(pairs);
}

export const setup: CommandModule = {
  command: {
    scope: 'guild',
    needs: 'operator',
    data: {
      ...offered,
      name: 'setup',
      description:
        'Make the categories, roles and channel for tickets; shows first what it would do',
      options: supportRoles.map((role) => ({
        type: ApplicationCommandOptionType.Role as const,
        name: optionOf(role),
        description: `A role you have already, for ${role}`,
        required: false,
      })),
    },
    run: ({ bridge }, command) => showPlan(bridge, chosenIn(command)),
  },
  components: [
    {
      scope: 'guild',
      needs: 'operator',
      kind: 'action',
      name: planButton,
      run: ({ bridge }) => showPlan(bridge, {}),
    },
    {
      scope: 'guild',
      needs: 'operator',
      kind: 'action',
      name: applyButton,
      inPlace: true,
      run: ({ bridge }, _button, args) => applyShown(bridge, args),
    },
    {
      scope: 'guild',
      needs: 'operator',
      kind: 'action',
      name: cancelButton,
      inPlace: true,
      run: async () => 'Nothing was changed.',
    },
  ],
};
