import { expect } from '@jest/globals';
import { commands } from '../../bot/commands/registry.ts';
import type { RunningSimulator } from '../../simulator/server.ts';
import { type DiscordPerson, type SimState, stateOf } from './discord.ts';
import { eventually } from './eventually.ts';

type Value = string | number | boolean;

/** Kinds of options whose value is no text. */
const SUBCOMMAND = 1;
const LOADING = 1 << 7;

/** What became of one use of something, by its nonce. */
const look = (sim: RunningSimulator, nonce: string): Promise<SimState> =>
  stateOf(sim, `?nonce=${nonce}`);

/** As Discord told the client of them: once, since they stay as they are in a test. */
async function readCommands(
  sim: RunningSimulator,
  within = sim.state.channels.errors,
): Promise<Map<string, SimState>> {
  const { commands } = await stateOf(sim, `?calls=0&messages=0&channel=${within}`);
  return new Map(commands.map((one: { name: string }) => [one.name, one]));
}

/** Waits until Discord has been told of all commands. */
export async function commandsKnown(sim: RunningSimulator): Promise<void> {
  await eventually(async () => expect((await readCommands(sim)).size).toBe(commands.size), {
    timeout: 30_000,
  });
}

/** The options as Discord's clients send them, each of the type that the command says. */
function optionsOf(definitions: SimState[], given: Record<string, Value>, focused?: string) {
  return Object.entries(given).map(([name, value]) => {
    const type = definitions.find((one) => one.name === name)?.type ?? 3;
    return { type, name, value, ...(name === focused && { focused: true }) };
  });
}

/**
 * What somebody of the guild does with the bot's commands, buttons, menus and forms, and what they are told.
 * @param within a channel of the guild whose commands they use, where it is not the first
 */
export function interactionsOf(sim: RunningSimulator, person: DiscordPerson, within?: string) {
  let known: Promise<Map<string, SimState>> | undefined;
  const commandOf = async (name: string): Promise<SimState> => {
    known ??= readCommands(sim, within);
    const found = (await known).get(name);
    if (!found) throw new Error(`there is no command /${name}`);
    return found;
  };
  const find = async (nonce: string): Promise<SimState> => {
    const { interactions } = await look(sim, nonce);
    const [found] = interactions;
    if (!found) throw new Error('the interaction is not there');
    return found;
  };
  /** The message the one who asked sees, once it says something. */
  const answerTo = (nonce: string): Promise<SimState> =>
    eventually(async () => {
      const { ephemeral } = await look(sim, nonce);
      const [message] = ephemeral;
      if (!message || (message.flags & LOADING) !== 0) throw new Error('there is no answer yet');
      return message;
    });
  const send = async (
    type: number,
    channelId: string,
    full: string,
    given: Record<string, Value>,
    focused?: string,
  ) => {
    const [name = '', sub] = full.split(' ');
    const { id, options = [] } = await commandOf(name);
    const part = options.find((one: SimState) => one.type === SUBCOMMAND && one.name === sub);
    const own = optionsOf(part?.options ?? options, given, focused);
    const data = sub ? [{ type: SUBCOMMAND, name: sub, options: own }] : own;
    return person.interact(type, channelId, { id, name, type: 1, options: data });
  };
  return {
    answerTo,
    /**
     * Sends a command, or what is typed of it, and waits for nothing; returns what to find the interaction by.
     * @param focused the option that is being typed
     */
    begin: (
      channelId: string,
      command: string,
      options: Record<string, Value> = {},
      focused?: string,
    ) => send(focused ? 4 : 2, channelId, command, options, focused),
    /** The interaction and its answer, as they are now. */
    look: (nonce: string) => look(sim, nonce),
    /** Runs `/name` or `/name part`. */
    async run(channelId: string, command: string, options: Record<string, Value> = {}) {
      return answerTo(await send(2, channelId, command, options));
    },
    /** What is offered for an option while it is typed. */
    async complete(channelId: string, command: string, option: string, typed: string) {
      const nonce = await send(4, channelId, command, { [option]: typed }, option);
      return eventually(async () => {
        const { response } = await find(nonce);
        return response.data.choices as { name: string; value: string }[];
      });
    },
    async press(channelId: string, messageId: string, custom_id: string) {
      const data = { component_type: 2, custom_id };
      return answerTo(await person.interact(3, channelId, data, messageId));
    },
    /** Chooses in a menu whose answer is a message of its own. */
    async choose(channelId: string, messageId: string, custom_id: string, value: string, type = 3) {
      const data = { component_type: type, custom_id, values: [value] };
      return answerTo(await person.interact(3, channelId, data, messageId));
    },
    /** The same where the answer takes the place of the message. */
    async replace(
      channelId: string,
      message: { id: string; content: string },
      custom_id: string,
      value?: string,
      type = 3,
    ): Promise<SimState> {
      const data = value
        ? { component_type: type, custom_id, values: [value] }
        : { component_type: 2, custom_id };
      const nonce = await person.interact(3, channelId, data, message.id);
      return eventually(async () => {
        const { ephemeral } = await look(sim, nonce);
        const [now] = ephemeral;
        if (now?.id !== message.id) throw new Error('it was answered elsewhere, or not yet');
        if (now.content === message.content) throw new Error('nothing has changed yet');
        return now;
      });
    },
    /** Opens a form by a button, or by a command, and returns it. */
    async form(opening: { press: [string, string, string] } | { run: [string, string, object?] }) {
      const nonce =
        'press' in opening
          ? await person.interact(
              3,
              opening.press[0],
              { component_type: 2, custom_id: opening.press[2] },
              opening.press[1],
            )
          : await send(
              2,
              opening.run[0],
              opening.run[1],
              (opening.run[2] ?? {}) as Record<string, Value>,
            );
      return eventually(async () => {
        const { modal } = await find(nonce);
        if (!modal) throw new Error('there is no form yet');
        return modal as SimState;
      });
    },
    async submit(channelId: string, custom_id: string, fields: Record<string, string>) {
      const components = Object.entries(fields).map(([name, value]) => ({
        type: 1,
        components: [{ type: 4, custom_id: name, value }],
      }));
      return answerTo(await person.interact(5, channelId, { custom_id, components }));
    },
  };
}
