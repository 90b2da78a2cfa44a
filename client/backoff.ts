import type { DeskError } from './errors.ts';

const BASE_MS = 500;
const MAX_MS = 30_000;
/** What the server asks for is stretched by up to this, so that not everybody comes back at once. */
const SPREAD_MS = 1000;

/**
 * Milliseconds before the next try: what the server asked for, else full jitter (a random part of a
 * time that doubles with each failure, at most 30 s).
 * @param failures how many tries in a row have failed, at least 1
 */
export function retryDelay(
  failures: number,
  random: () => number,
  { retryAfter }: Pick<DeskError, 'retryAfter'>,
): number {
  if (retryAfter !== undefined) return retryAfter * 1000 + random() * SPREAD_MS;
  return random() * Math.min(MAX_MS, BASE_MS * 2 ** Math.min(failures - 1, 10));
}
