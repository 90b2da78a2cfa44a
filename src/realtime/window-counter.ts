const WINDOW_MS = 60_000;
/** So many keys at most are told apart; with more of them in one window all begin anew. */
const MAX_KEYS = 100_000;

/** Counts points for each key in one fixed minute, in this process alone. */
export class WindowCounter {
  readonly #limit: number;
  readonly #points = new Map<string, number>();
  #endsAt = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Counts `points`. @returns false once there are more than the limit */
  take(key: string, points = 1): boolean {
    const now = performance.now();
    if (now >= this.#endsAt || this.#points.size >= MAX_KEYS) {
      this.#points.clear();
      this.#endsAt = now + WINDOW_MS;
    }
    const count = (this.#points.get(key) ?? 0) + points;
    this.#points.set(key, count);
    return count <= this.#limit;
  }
}

/** What is counted as one: of IPv6 the /64, the least that one customer of a provider has. */
export function addressKey(address: string): string {
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('::');
  const groups = head.split(':').filter(Boolean);
  if (tail !== undefined) {
    const rest = tail.split(':').filter(Boolean);
    while (groups.length + rest.length < 8) groups.push('0');
    groups.push(...rest);
  }
  return `${groups.slice(0, 4).join(':')}::/64`;
}
