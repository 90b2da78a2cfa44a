import type { APIMessage } from 'discord.js';
import { personOf } from '../../simulator/person.ts';
import type { RunningSimulator } from '../../simulator/server.ts';
import { discordPerson, type SimState, stateOf } from './discord.ts';
import { eventually } from './eventually.ts';

/** The variables of the ids that `/setup` makes, all empty: as if nobody had ever set one. */
export const noIds: Record<string, string> = Object.fromEntries(
  [
    'GENERAL_TICKET_CATEGORY_ID',
    'URGENT_TICKET_CATEGORY_ID',
    'CRITICAL_TICKET_CATEGORY_ID',
    'TRANSCRIPT_CHANNEL_ID',
    'ADMIN_ROLE_ID',
    'MANAGER_ROLE_ID',
    'DEVELOPER_ROLE_ID',
    'SUPPORT_TEAM_ROLE_ID',
  ].map((name) => [name, '']),
);

/** Takes out of the seeded server all that `/setup` would find by its name. */
export async function emptyGuild(sim: RunningSimulator): Promise<void> {
  const owner = personOf(sim, 'admin');
  const { channels, roles, guildId } = sim.state;
  for (const id of [channels.normal, channels.urgent, channels.critical, channels.transcripts]) {
    await owner.call('DELETE', `/channels/${id}`);
  }
  for (const id of [roles.support, roles.developer, roles.manager]) {
    await owner.call('DELETE', `/guilds/${guildId}/roles/${id}`);
  }
  await owner.call('PATCH', `/guilds/${guildId}/roles/${roles.admin}`, { name: 'Founders' });
  // Open to all, so that whoever may not run a command is refused by the bot.
  await owner.call('DELETE', `/channels/${channels.errors}/permissions/${guildId}`);
}

/** How often somebody tries who hears from Discord that the application did not respond. */
const TRIES = 4;

/**
 * Uses something and waits for its end, found by the nonce. What the bot has not acknowledged in Discord's
 * three seconds (it stalls, or another takes over) it does not do, and a person uses it again; what it
 * has acknowledged it has to answer.
 */
async function useUntilTaken<T>(
  sim: RunningSimulator,
  use: () => Promise<string>,
  read: (one: SimState) => T | undefined | Promise<T | undefined>,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    const nonce = await use();
    const answer = await eventually(async () => {
      const [one] = (await stateOf(sim, `?nonce=${nonce}`)).interactions;
      if (one?.state === 'failed') return undefined;
      const found = one && (await read(one));
      if (!found) throw new Error(`nobody has been told anything yet: it is ${one?.state}`);
      return found;
    });
    if (answer) return answer;
    if (tries === TRIES) throw new Error(`the application did not respond, ${TRIES} times`);
  }
}

/** Somebody who uses commands in the channel for errors, which no ticket has, and reads what they are told. */
export function operatorOf(
  sim: RunningSimulator,
  who: Parameters<typeof discordPerson>[1] = 'admin',
) {
  const person = discordPerson(sim, who);
  const channelId = sim.state.channels.errors;
  const readOwn = ({ messages: [message] }: { messages: APIMessage[] }) =>
    message?.content ? message : undefined;
  const pressing = (message: APIMessage, label: string) => () =>
    person.press(channelId, message.id, idOf(message, label));
  const operator = {
    ...sim.state.people[who],
    /** Runs a command, with roles as its options, and waits for the answer. */
    async run(name: string, roles: Record<string, string> = {}): Promise<APIMessage> {
      const options = Object.entries(roles).map(([key, value]) => ({ type: 8, name: key, value }));
      await eventually(async () => {
        const { commands } = await stateOf(sim, '?calls=0&messages=0');
        if (!commands.some((one: { name: string }) => one.name === name)) {
          throw new Error(`there is no command /${name}`);
        }
      });
      const use = () => person.interact(2, channelId, { name, type: 1, options });
      return useUntilTaken(sim, use, readOwn);
    },
    /** Presses a button that answers by a message of its own. */
    press: (message: APIMessage, label: string): Promise<APIMessage> =>
      useUntilTaken(sim, pressing(message, label), readOwn),
    /** Presses a button whose answer takes the place of its message, and reads that. */
    replace: (message: APIMessage, label: string): Promise<APIMessage> =>
      useUntilTaken(sim, pressing(message, label), async () => {
        const { ephemeral } = await stateOf(sim, '?calls=0&messages=0');
        const now = ephemeral.find(({ id }: APIMessage) => id === message.id);
        return now.content === message.content ? undefined : now;
      }),
    /** What stands in the place of the message then. */
    async pressInPlace(message: APIMessage, label: string): Promise<string> {
      return (await operator.replace(message, label)).content;
    },
    /** Does what /setup shows. */
    async apply(): Promise<string> {
      return operator.pressInPlace(await operator.run('setup'), 'Apply');
    },
  };
  return operator;
}

/** The id of the button with this label. */
export function idOf(message: APIMessage, label: string): string {
  const rows = (message.components ?? []) as unknown as { components: Button[] }[];
  const button = rows.flatMap(({ components }) => components).find((one) => one.label === label);
  if (!button) throw new Error(`there is no button ${label} in: ${message.content}`);
  return button.custom_id;
}

interface Button {
  label: string;
  custom_id: string;
}

export const labelsOf = (message: APIMessage): string[] =>
  ((message.components ?? []) as unknown as { components: Button[] }[]).flatMap((row) =>
    row.components.map(({ label }) => label),
  );
