import type { Entry } from '../log/entry.ts';

/** Entries kept of one log, and of all together; and characters of these. */
const MAX_OF_A_LOG = 1000;
const MAX_ENTRIES = 20_000;
const MAX_CHARACTERS = 16 * 1024 * 1024;

const sizeOf = (entry: Entry): number => ('content' in entry ? entry.content.length : 0);

/**
 * What the bus has brought of each log and nobody has dealt with yet, so that it need not be read. Only
 * ever a stretch without holes: what does not fit, or follows a hole, is left to be read from the log.
 */
export function createFeeds(maxEntries: number = MAX_ENTRIES) {
  const feeds = new Map<string, Entry[]>();
  let entries = 0;
  let characters = 0;

  const drop = (key: string): Entry[] => {
    const feed = feeds.get(key) ?? [];
    feeds.delete(key);
    entries -= feed.length;
    for (const entry of feed) characters -= sizeOf(entry);
    return feed;
  };

  return {
    /** An entry of a log has come. */
    note(key: string, entry: Entry): void {
      const last = feeds.get(key)?.at(-1);
      if (last && entry.seq <= last.seq) return;
      if (last && entry.seq > last.seq + 1) drop(key);
      const feed = feeds.get(key);
      const size = sizeOf(entry);
      const isFull = entries >= maxEntries || characters + size > MAX_CHARACTERS;
      if (isFull || (feed && feed.length >= MAX_OF_A_LOG)) return void drop(key);
      if (feed) feed.push(entry);
      else feeds.set(key, [entry]);
      entries++;
      characters += size;
    },
    has: (key: string): boolean => feeds.has(key),
    /** True where nothing is missing from behind `after` up to `seq`. */
    reaches(key: string, after: number, seq: number): boolean {
      const feed = feeds.get(key);
      const first = feed?.[0];
      const last = feed?.at(-1);
      return first !== undefined && first.seq <= after + 1 && (last?.seq ?? 0) >= seq;
    },
    /** True where it begins with the first entry of the log. */
    isWhole: (key: string): boolean => feeds.get(key)?.[0]?.seq === 1,
    /** Takes out the entries that follow `after`; none where they are not all here. */
    take(key: string, after: number): Entry[] {
      const feed = drop(key).filter(({ seq }) => seq > after);
      return feed[0]?.seq === after + 1 ? feed : [];
    },
    clear(): void {
      feeds.clear();
      entries = 0;
      characters = 0;
    },
  };
}

export type Feeds = ReturnType<typeof createFeeds>;
