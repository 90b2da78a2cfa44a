import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { RunningSimulator } from '../../simulator/server.ts';
import { discordEnv } from '../../tests/support/discord.ts';
import { compiled } from './paths.ts';
import { pin, placement } from './placement.ts';

/** A simulated Discord in a process of its own. */
export interface BenchDiscord {
  /** The environment that points a program at it. */
  env: Record<string, string>;
  gateway: { url: string; token: string };
  stop(): Promise<void>;
}

type Place = RunningSimulator['state'] & Pick<RunningSimulator, 'url' | 'apiUrl' | 'gatewayUrl'>;

/**
 * Starts a Discord beside MongoDB and the generator. It does not limit rates, so that the channels are
 * there at once; how fast messages come is for the scenario.
 */
export async function startBenchDiscord(): Promise<BenchDiscord> {
  const child = spawn(process.execPath, [compiled('simulator/main')], {
    env: {
      PATH: process.env.PATH ?? '',
      SIMULATOR_EXIT_WITH_PARENT: '1',
      SIMULATOR_RATE_LIMIT_FACTOR: '0',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  pin(child.pid as number, placement.others);
  let place: Place | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith('SIMULATOR ')) continue;
    place = JSON.parse(line.slice('SIMULATOR '.length)) as Place;
    break;
  }
  if (!place) throw new Error('the Discord simulator has ended');
  const { url, apiUrl, gatewayUrl } = place;
  return {
    env: discordEnv({ state: place, url, apiUrl } as unknown as RunningSimulator),
    gateway: { url: gatewayUrl, token: place.bot.token },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}
