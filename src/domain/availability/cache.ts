import type { AvailabilityView } from '../../contract/availability.ts';

/** How old an answer may be, in milliseconds. */
export const AVAILABILITY_AGE_MS = 5000;

/** The last answer: anybody may ask, as often as they like. */
export interface AvailabilityCache {
  /** @param now milliseconds since 1970 */
  get(now: number, read: () => Promise<AvailabilityView>): Promise<AvailabilityView>;
}

export function createAvailabilityCache(): AvailabilityCache {
  let last: { at: number; view: Promise<AvailabilityView> } | undefined;
  return {
    get(now, read) {
      if (last && now - last.at < AVAILABILITY_AGE_MS) return last.view;
      const entry = { at: now, view: read() };
      last = entry;
      entry.view.catch(() => {
        if (last === entry) last = undefined;
      });
      return entry.view;
    },
  };
}
