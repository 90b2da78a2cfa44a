import type { Bridge } from '../../bridge.ts';

const known = new WeakMap<Bridge, Map<string, Set<string>>>();

function troublesOf(bridge: Bridge): Map<string, Set<string>> {
  const troubles = known.get(bridge) ?? new Map<string, Set<string>>();
  known.set(bridge, troubles);
  return troubles;
}

/**
 * Says once what keeps a post, or a forum, from what it should be. Its ticket gets through all the same, so that
 * the problem does not end with that: it lasts until `endTrouble` was called for all that met it.
 * @param id the ticket's id, or the forum's
 */
export function raiseTrouble(bridge: Bridge, key: string, text: string, id: string): void {
  const troubles = troublesOf(bridge);
  troubles.set(key, (troubles.get(key) ?? new Set<string>()).add(id));
  bridge.problems.raise(key, text);
}

/** One that met a problem, or any where none is named, meets it no more: it is mended, or gone. */
export function endTrouble(bridge: Bridge, id: string, key?: string): void {
  const troubles = troublesOf(bridge);
  for (const [name, met] of troubles) {
    if ((key !== undefined && name !== key) || !met.delete(id) || met.size > 0) continue;
    troubles.delete(name);
    bridge.problems.clear(name);
  }
}
