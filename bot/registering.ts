import { setTimeout as sleep } from 'node:timers/promises';
import { backOff } from '../src/domain/consumers/keyed-queue.ts';
import type { Bridge } from './bridge.ts';
import { registerCommands } from './commands/register.ts';
import { endingOf } from './connection.ts';
import { whyAway } from './guilds/guild-state.ts';
import { describe, isUnauthorized } from './rest/discord-errors.ts';

const COMMANDS = 'commands';
const FIRST_REGISTERING_MS = 500;
const LONGEST_REGISTERING_MS = 5 * 60_000;

/** The guilds whose commands are being registered. */
const underWay = new WeakSet<Bridge>();

async function register(bridge: Bridge): Promise<void> {
  // A guild that comes back begins anew.
  for (let tries = 1; !bridge.ended && !whyAway(bridge); tries++) {
    try {
      await registerCommands(bridge);
      return bridge.problems.clear(COMMANDS);
    } catch (error) {
      if (isUnauthorized(error)) return bridge.end(endingOf(error));
      const text = `the commands are not registered: ${describe(error)}`;
      if (!whyAway(bridge)) bridge.problems.raise(COMMANDS, text);
    }
    const pause = backOff(tries, FIRST_REGISTERING_MS, LONGEST_REGISTERING_MS);
    await sleep(pause, undefined, { ref: false });
  }
  bridge.problems.clear(COMMANDS);
}

/** Tells Discord which commands there are in a guild, until it takes them. */
export async function keepRegistering(bridge: Bridge): Promise<void> {
  if (underWay.has(bridge)) return;
  underWay.add(bridge);
  await register(bridge).finally(() => underWay.delete(bridge));
}
