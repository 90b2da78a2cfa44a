import type { Bridge } from '../../bridge.ts';

/** That a ticket is to be parked when its turn comes. */
export interface Wish {
  /** Until when that holds (monotonic milliseconds). */
  until: number;
  /** The channel that is to go: another one of the same ticket is not. */
  channelId: string;
}

const wishes = new WeakMap<Bridge, Map<string, Wish>>();

/** The tickets that are to be parked, by their ids; those too whose channel Discord has not seen off yet. */
export function wishesOf(bridge: Bridge): Map<string, Wish> {
  const known = wishes.get(bridge) ?? new Map<string, Wish>();
  wishes.set(bridge, known);
  return known;
}
