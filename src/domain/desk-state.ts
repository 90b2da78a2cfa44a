import { createIdentities, type Identities } from './agents/identities.ts';
import { createPresence, type Presence } from './agents/presence.ts';
import { createSeenAgents, type SeenAgents } from './agents/seen-agents.ts';
import { type AvailabilityCache, createAvailabilityCache } from './availability/cache.ts';
import { type BlockList, createBlockList } from './blocks/block-list.ts';
import { createWatchedCalendar, type WatchedCalendar } from './calendar/calendar.ts';
import type { WatchDeps } from './watched.ts';

/** What a process remembers of the help desk, so that the hot path need not ask for it. */
export interface DeskState {
  blocks: BlockList;
  calendar: WatchedCalendar;
  identities: Identities;
  presence: Presence;
  seen: SeenAgents;
  availability: AvailabilityCache;
  close(): Promise<void>;
}

export function createDeskState(deps: WatchDeps): DeskState {
  const blocks = createBlockList(deps);
  const calendar = createWatchedCalendar(deps);
  const identities = createIdentities(deps);
  const presence = createPresence(deps);
  return {
    blocks,
    calendar,
    identities,
    presence,
    seen: createSeenAgents(deps),
    availability: createAvailabilityCache(),
    async close() {
      blocks.close();
      calendar.close();
      identities.close();
      await presence.close();
    },
  };
}
