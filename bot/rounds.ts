import type { Bridge } from './bridge.ts';
import { keepLearningStandings } from './guilds/standings.ts';
import { keepPostingDigests } from './outbound/alerts/digest.ts';
import { keepCallingHeld } from './outbound/alerts/on-call.ts';
import { keepParking } from './parking-rounds.ts';

const ROUND_MS = 30_000;

/** How often the bridge looks for what no news of a ticket brings, in milliseconds. */
export interface RoundTimes {
  /** Whether idle tickets are to be parked. */
  parkMs?: number;
  /** Whether a digest of the week is to be posted. */
  digestMs?: number;
  /** Whether calls that quiet hours have held back are to be made up for. */
  callMs?: number;
  /** Whether it is to be asked in which guilds somebody is staff. */
  standingsMs?: number;
}

/** Starts all of these rounds. @returns a function that ends them */
export function startRounds(
  bridge: Bridge,
  { parkMs = ROUND_MS, digestMs = ROUND_MS, callMs = ROUND_MS, standingsMs = ROUND_MS }: RoundTimes,
): () => void {
  const stops = [
    ...bridge.guilds.all.map((guild) => keepParking(guild, parkMs)),
    keepPostingDigests(bridge, digestMs),
    keepCallingHeld(bridge, callMs),
    keepLearningStandings(bridge, standingsMs),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}
