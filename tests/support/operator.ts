import type { APIMessage } from 'discord.js';
import type { Person } from '../../simulator/person.ts';
import { personOf } from '../../simulator/person.ts';
import type { RunningSimulator } from '../../simulator/server.ts';
import { stateOf } from './discord.ts';
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

/** Somebody who uses commands in the channel for errors, which no ticket has, and reads what they are told. */
export function operatorOf(sim: RunningSimulator, who: Parameters<typeof personOf>[1] = 'admin') {
  const person: Person = personOf(sim, who);
  const channelId = sim.state.channels.errors;
  const told = async (since: number) =>
    eventually(async () => {
      const { interactions } = await stateOf(sim, '?calls=0&messages=0');
      const own = interactions.slice(since).at(-1);
      const [message] = own?.messages ?? [];
      if (!message?.content) throw new Error('nobody has been told anything yet');
      return message as APIMessage;
    });
  const count = async () => (await stateOf(sim, '?calls=0&messages=0')).interactions.length;
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
      const since = await count();
      const { status, body } = await person.command(channelId, name, options);
      if (status >= 300) throw new Error(`/${name}: ${status} ${JSON.stringify(body)}`);
      return told(since);
    },
    /** Presses a button that answers by a message of its own. */
    async press(message: APIMessage, label: string): Promise<APIMessage> {
      const since = await count();
      await person.press({ channel_id: channelId, id: message.id }, idOf(message, label));
      return told(since);
    },
    /** Presses a button whose answer takes the place of its message. */
    async pressInPlace(message: APIMessage, label: string): Promise<string> {
      await person.press({ channel_id: channelId, id: message.id }, idOf(message, label));
      return eventually(async () => {
        const { ephemeral } = await stateOf(sim, '?calls=0&messages=0');
        const now = ephemeral.find(({ id }: APIMessage) => id === message.id);
        if (now.content === message.content) throw new Error('it has not changed yet');
        return now.content as string;
      });
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
