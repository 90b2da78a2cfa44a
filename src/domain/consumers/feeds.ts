import type { Entry } from '../log/entry.ts';

/** Entries kept of one log, and of all together; and characters of these. */
const MAX_OF_A_LOG = 1000;
const MAX_ENTRIES = 40_000;
const MAX_CHARACTERS = 16 * 1024 * 1024;

const sizeOf = (entry: Entry): number => ('content' in entry ? entry.content.length : 0);

/** Entries of one log, one at least, without a hole between the first and the last. */
interface Feed {
  entries: Entry[];
  characters: number;
}

const firstOf = ({ entries }: Feed): number => entries[0]?.seq ?? 0;
const lastOf = ({ entries }: Feed): number => entries.at(-1)?.seq ?? 0;

/**
 * What the bus has brought of each log and nobody has dealt with yet, so that it need not be read. Only
 * ever a stretch without holes: what does not fit, or follows a hole, is left to be read from the log.
 */
export function createFeeds(maxEntries: number = MAX_ENTRIES) {
  const feeds = new Map<string, Feed>();
  let entries = 0;
  let characters = 0;

  const drop = (key: string): Entry[] => {
    const feed = feeds.get(key);
    if (!feed) return [];
    feeds.delete(key);
    entries -= feed.entries.length;
    characters -= feed.characters;
    return feed.entries;
  };

  return {
    /** An entry of a log has come. */
    note(key: string, entry: Entry): void {
      const before = feeds.get(key);
      if (before && entry.seq <= lastOf(before)) return;
      if (before && entry.seq > lastOf(before) + 1) drop(key);
      const feed = feeds.get(key);
      const size = sizeOf(entry);
      const isFull = entries >= maxEntries || characters + size > MAX_CHARACTERS;
      if (isFull || (feed && feed.entries.length >= MAX_OF_A_LOG)) return void drop(key);
      if (feed) {
        feed.entries.push(entry);
        feed.characters += size;
      } else {
        feeds.set(key, { entries: [entry], characters: size });
      }
      entries++;
      characters += size;
    },
    has: (key: string): boolean => feeds.has(key),
    /** True where nothing is missing from behind `after` up to `seq`. */
    reaches(key: string, after: number, seq: number): boolean {
      const feed = feeds.get(key);
      return feed !== undefined && firstOf(feed) <= after + 1 && lastOf(feed) >= seq;
    },
    /** True where it begins with the first entry of the log. */
    isWhole(key: string): boolean {
      const feed = feeds.get(key);
      return feed !== undefined && firstOf(feed) === 1;
    },
    /** Takes out the entries that follow `after`; none where they are not all here. */
    take(key: string, after: number): Entry[] {
      const feed = drop(key);
      const from = feed.findIndex(({ seq }) => seq > after);
      if (from < 0 || feed[from]?.seq !== after + 1) return [];
      return from === 0 ? feed : feed.slice(from);
    },
    clear(): void {
      feeds.clear();
      entries = 0;
      characters = 0;
    },
  };
}

export type Feeds = ReturnType<typeof createFeeds>;
