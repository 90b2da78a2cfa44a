import type { Bridge } from '../bridge.ts';

const wishes = new WeakMap<Bridge, Map<string, number>>();

/** The tickets that are to be parked when their turn comes, and until when that holds (monotonic milliseconds). */
export function wishesOf(bridge: Bridge): Map<string, number> {
  const known = wishes.get(bridge) ?? new Map<string, number>();
  wishes.set(bridge, known);
  return known;
}
