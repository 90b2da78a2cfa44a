import { watchGuildIds } from '../src/domain/guild-ids.ts';
import type { Bridge } from './bridge.ts';
import { applyIds, type IdSource } from './settings.ts';

/**
 * Reads the ids that are stored for the guild, and again whenever they change, here or elsewhere.
 * @throws a storage error
 */
export async function watchIds(bridge: Bridge): Promise<IdSource> {
  const listeners = new Set<() => void>();
  const watched = watchGuildIds(bridge.ctx, bridge.settings.guildId, (ids) => {
    applyIds(bridge, ids);
    for (const act of listeners) act();
  });
  try {
    applyIds(bridge, await watched.get());
  } catch (error) {
    watched.close();
    throw error;
  }
  return { ...watched, listen: (act) => void listeners.add(act) };
}
