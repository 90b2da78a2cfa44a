import type { APIChannel, APIMessage } from 'discord.js';
import {
  type RunningSimulator,
  type SimulatorOptions,
  startSimulator,
} from '../../simulator/server.ts';
import { eventually } from './eventually.ts';

/** Starts a Discord of this test's own, without the limits that would only make it slow. */
export function startDiscord(options: SimulatorOptions = {}): Promise<RunningSimulator> {
  return startSimulator({
    ...options,
    settings: { rateLimitFactor: 0, unfurlDelayMs: 10, ...options.settings },
  });
}

/** The environment that points a server at a simulator. */
export function discordEnv({ state, apiUrl, url }: RunningSimulator): Record<string, string> {
  const { roles, channels } = state;
  return {
    DISCORD_BOT_TOKEN: state.bot.token,
    DISCORD_API_URL: apiUrl,
    DISCORD_CDN_URL: url,
    GUILD_ID: state.guildId,
    TRANSCRIPT_CHANNEL_ID: channels.transcripts,
    GENERAL_TICKET_CATEGORY_ID: channels.normal,
    URGENT_TICKET_CATEGORY_ID: channels.urgent,
    CRITICAL_TICKET_CATEGORY_ID: channels.critical,
    ADMIN_ROLE_ID: roles.admin,
    MANAGER_ROLE_ID: roles.manager,
    DEVELOPER_ROLE_ID: roles.developer,
    SUPPORT_TEAM_ROLE_ID: roles.support,
  };
}

// biome-ignore lint/suspicious/noExplicitAny: what the simulator knows is what the tests look at
export type SimState = any;

/** Everything the simulator knows; see `GET /__sim/state`. */
export async function stateOf(sim: RunningSimulator, query = ''): Promise<SimState> {
  return (await fetch(`${sim.url}/__sim/state${query}`)).json();
}

/** Sets a fault, or makes one happen at once; see `POST /__sim/faults`. */
export async function fault(sim: RunningSimulator, body: object): Promise<void> {
  const answer = await fetch(`${sim.url}/__sim/faults`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`the fault was refused: ${await answer.text()}`);
}

export async function clearFaults(sim: RunningSimulator): Promise<void> {
  await fetch(`${sim.url}/__sim/faults`, { method: 'DELETE' });
}

type Who = keyof RunningSimulator['state']['people'];

let uses = 0;

/** Calls Discord's own REST routes as one of the seeded people, the way their client does. */
export function discordPerson(sim: RunningSimulator, who: Who) {
  const person = sim.state.people[who];
  const call = async <T>(method: string, path: string, body?: object | FormData): Promise<T> => {
    const form = body instanceof FormData;
    const answer = await fetch(`${sim.apiUrl}/v10${path}`, {
      method,
      headers: {
        authorization: person.token,
        ...(body && !form ? { 'content-type': 'application/json' } : {}),
      },
      ...(body ? { body: form ? body : JSON.stringify(body) } : {}),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return (text ? JSON.parse(text) : undefined) as T;
  };
  const interact = async (type: number, channelId: string, data: object, messageId?: string) => {
    const nonce = `${Date.now()}-${++uses}`;
    await call('POST', '/interactions', {
      type,
      application_id: sim.state.applicationId,
      guild_id: sim.state.guildId,
      channel_id: channelId,
      ...(messageId ? { message_id: messageId } : {}),
      data,
      nonce,
      session_id: 'test',
    });
    return nonce;
  };
  return {
    ...person,
    call,
    /** Runs a command, presses or chooses, or sends a form; returns what to find the interaction by. */
    interact,
    write: (channelId: string, content: string) =>
      call<APIMessage>('POST', `/channels/${channelId}/messages`, { content }),
    attach: (channelId: string, content: string, files: { name: string; data: Uint8Array }[]) => {
      const form = new FormData();
      form.set('payload_json', JSON.stringify({ content }));
      for (const [n, { name, data }] of files.entries()) {
        form.set(`files[${n}]`, new Blob([data as Uint8Array<ArrayBuffer>]), name);
      }
      return call<APIMessage>('POST', `/channels/${channelId}/messages`, form);
    },
    edit: (channelId: string, id: string, content: string) =>
      call<APIMessage>('PATCH', `/channels/${channelId}/messages/${id}`, { content }),
    remove: (channelId: string, id: string) =>
      call<void>('DELETE', `/channels/${channelId}/messages/${id}`),
    messages: async (channelId: string) =>
      (await call<APIMessage[]>('GET', `/channels/${channelId}/messages?limit=100`)).reverse(),
    type: (channelId: string) => call<void>('POST', `/channels/${channelId}/typing`),
    command: async (channelId: string, name: string, options: Record<string, string> = {}) => {
      const { commands } = await stateOf(sim, `?calls=0&messages=0&channel=${channelId}`);
      const command = commands.find((one: { name: string }) => one.name === name);
      if (!command) throw new Error(`there is no command /${name}`);
      await interact(2, channelId, {
        id: command.id,
        name,
        type: 1,
        options: Object.entries(options).map(([key, value]) => ({ type: 3, name: key, value })),
      });
    },
    press: (channelId: string, messageId: string, customId: string) =>
      interact(3, channelId, { component_type: 2, custom_id: customId }, messageId),
    submit: (channelId: string, customId: string, fields: Record<string, string>) =>
      interact(5, channelId, {
        custom_id: customId,
        components: Object.entries(fields).map(([custom_id, value]) => ({
          type: 1,
          components: [{ type: 4, custom_id, value }],
        })),
      }),
  };
}

export type DiscordPerson = ReturnType<typeof discordPerson>;

/** The channels of a ticket, by its number, in one guild; the first, when none is named. */
export async function channelsOf(
  sim: RunningSimulator,
  number: number,
  guildId = sim.state.guildId,
): Promise<APIChannel[]> {
  const name = `ticket-${String(number).padStart(4, '0')}`;
  const { channels } = await stateOf(sim, `?calls=0&messages=0&guild=${guildId}`);
  return channels.filter((channel: { name: string }) => channel.name === name);
}

/** Waits for the one channel of a ticket. */
export function channelOf(
  sim: RunningSimulator,
  number: number,
  guildId?: string,
  // biome-ignore lint/suspicious/noExplicitAny: a channel as Discord renders one
): Promise<any> {
  return eventually(async () => {
    const [channel, second] = await channelsOf(sim, number, guildId);
    if (!channel) throw new Error(`ticket ${number} has no channel`);
    if (second) throw new Error(`ticket ${number} has two channels`);
    return channel;
  });
}

/** What stands in a channel, oldest first, without the notice of the pin. */
export async function messagesIn(sim: RunningSimulator, channelId: string): Promise<APIMessage[]> {
  const { messages } = await stateOf(sim, `?calls=0&channel=${channelId}`);
  return (messages[channelId] ?? []).filter(({ type }: APIMessage) => type === 0 || type === 19);
}

/** The texts that stand in a channel, without the card. */
export async function textsIn(sim: RunningSimulator, channelId: string): Promise<string[]> {
  return (await messagesIn(sim, channelId))
    .filter(({ embeds }) => embeds.length === 0)
    .map(({ content }) => content);
}

/** The reactions on a message, in order. */
export async function marksOn(
  sim: RunningSimulator,
  channelId: string,
  messageId: string,
): Promise<(string | null)[]> {
  const message = (await messagesIn(sim, channelId)).find(({ id }) => id === messageId);
  return (message?.reactions ?? []).map(({ emoji }) => emoji.name);
}
