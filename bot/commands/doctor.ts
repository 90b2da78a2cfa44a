import { ButtonStyle, ComponentType } from 'discord.js';
import type { Bridge } from '../bridge.ts';
import { type Check, sentenceOf } from '../checks.ts';
import { examine } from '../doctor.ts';
import { shorten } from '../format.ts';
import { mendOverwrites } from '../setup/mend-overwrites.ts';
import type { CommandModule, Told } from './command.ts';
import { offered } from './options.ts';
import { planButton } from './setup.ts';

const mendButton = 'doctor-mend';
/** Discord takes 2,000 characters; what is wrong goes first. */
const MOST_CHARACTERS = 1900;
const MOST_OF_A_LINE = 300;

function linesOf(checks: readonly Check[]): string {
  const wrong = checks.filter(({ ok }) => !ok);
  const right = checks.filter(({ ok }) => ok);
  const head = wrong.length === 0 ? 'All is well.' : `${wrong.length} to mend:`;
  const lines = [
    ...wrong.map((one) => `❌ **${one.name}**: ${shorten(sentenceOf(one), MOST_OF_A_LINE)}`),
    ...right.map((one) => `✅ **${one.name}**: ${shorten(one.text, MOST_OF_A_LINE)}`),
  ];
  let whole = head;
  for (const [nth, line] of lines.entries()) {
    if (whole.length + line.length > MOST_CHARACTERS) {
      return `${whole}\n-# and ${lines.length - nth} more: npm run doctor shows all`;
    }
    whole += `\n${line}`;
  }
  return whole;
}

/** The report, with a button for each kind of problem that the bot can mend itself. */
function reportOf(checks: readonly Check[], first = ''): Told {
  const content = first + linesOf(checks);
  const wanted = (mend: Check['mend']) => checks.some((one) => !one.ok && one.mend === mend);
  const button = (label: string, custom_id: string) => ({
    type: ComponentType.Button as const,
    style: ButtonStyle.Primary as const,
    label,
    custom_id,
  });
  const buttons = [
    ...(wanted('overwrites') ? [button('Give the bot its permissions', mendButton)] : []),
    ...(wanted('setup') ? [button('Show what /setup would do', planButton)] : []),
  ];
  if (buttons.length === 0) return { content, components: [] };
  return { content, components: [{ type: ComponentType.ActionRow, components: buttons }] };
}

async function mend(bridge: Bridge): Promise<Told> {
  const { mended, refused } = await mendOverwrites(bridge);
  const lines = [
    ...mended.map((id) => `The bot has its permissions in <#${id}>.`),
    ...refused.map((id) => `In <#${id}> Discord does not let it: give them to the bot there.`),
  ];
  return lines.join('\n') || 'There was nothing to mend.';
}

export const doctor: CommandModule = {
  command: {
    scope: 'guild',
    needs: 'operator',
    data: {
      ...offered,
      name: 'doctor',
      description: 'Look whether all is as the tickets need it, and how to mend what is not',
    },
    run: async ({ bridge }) => reportOf(await examine(bridge)),
  },
  components: [
    {
      scope: 'guild',
      needs: 'operator',
      kind: 'action',
      name: mendButton,
      run: ({ bridge }) => mend(bridge),
    },
  ],
};
