import { ShortLivedMap } from '../../infra/short-lived-map.ts';

export interface KeyedQueueOptions {
  /** Keys worked on at the same time; of each group so many. */
  limit: number;
  /** Groups that do not stand in each other's way, a few of them; asked whenever a key is queued. */
  groupOf?(key: string): string;
  /** Does all there is to do for a key; called again when woken meanwhile. */
  run(key: string): Promise<void>;
  /** @returns milliseconds until the key is tried again; undefined gives it up */
  onError(key: string, error: unknown, tries: number): number | undefined;
  /** Told after each run, with how many keys there are left; for the metrics. */
  onRun?(outcome: 'done' | 'failed', keys: number): void;
  /**
   * Linger: how long a key that was worked on is left alone, in milliseconds, so that what comes
   * meanwhile is dealt with together; by default not at all.
   */
  lingerMs?(): number;
  /**
   * How long keys wait for others, in milliseconds, so that many are taken up together; by default not at
   * all.
   */
  gatherMs?(): number;
}

type Place = 'first' | 'last';

interface Item {
  state: 'idle' | 'queued' | 'running' | 'lingering' | 'backing_off';
  /** Woken while it was being worked on. */
  again: boolean;
  tries: number;
  timer: NodeJS.Timeout | undefined;
  group: string;
}

/** What waits of one group, and how many of it are worked on. */
interface Group {
  queue: string[];
  running: number;
  /** How many of the queue may be taken up now. */
  ready: number;
  gathering: NodeJS.Timeout | undefined;
}

const isOpen = ({ state, again }: Item) => state !== 'lingering' || again;

/**
 * One queue for each key: a key is worked on by one runner at a time, `limit` keys at once, and one
 * that fails rests on its own while the others go on.
 */
export function createKeyedQueue(options: KeyedQueueOptions) {
  const { limit, run, onError, onRun, lingerMs, gatherMs, groupOf = () => '' } = options;
  const items = new ShortLivedMap<string, Item>();
  const groups = new Map<string, Group>();
  let running = 0;
  let stopped = false;
  let idle: (() => void) | undefined;

  const startBackOff = (key: string, item: Item, error: unknown) => {
    const delay = onError(key, error, ++item.tries);
    if (delay === undefined || stopped) return void items.delete(key);
    item.state = 'backing_off';
    item.timer = setTimeout(() => enqueue(key, item), delay).unref();
  };

  /** After its work: again where it was woken meanwhile, at once or when it has lingered. */
  const settle = (key: string, item: Item) => {
    if (stopped) return void items.delete(key);
    if (lingerMs !== undefined && item.state !== 'lingering') {
      item.state = 'lingering';
      item.timer = setTimeout(() => settle(key, item), lingerMs()).unref();
    } else if (item.again) enqueue(key, item);
    else items.delete(key);
  };

  const groupNamed = (name: string): Group => {
    const known = groups.get(name);
    if (known) return known;
    const ready = gatherMs ? 0 : Number.POSITIVE_INFINITY;
    const made: Group = { queue: [], running: 0, ready, gathering: undefined };
    groups.set(name, made);
    return made;
  };

  const runKey = async (key: string, item: Item, group: Group) => {
    running++;
    group.running++;
    item.state = 'running';
    item.again = false;
    try {
      await run(key);
      item.tries = 0;
      item.state = 'idle';
      settle(key, item);
      onRun?.('done', items.size);
    } catch (error) {
      startBackOff(key, item, error);
      onRun?.('failed', items.size);
    }
    running--;
    group.running--;
    pump(group);
    if (running === 0) idle?.();
  };

  const pump = (group: Group) => {
    const { queue } = group;
    while (!stopped && group.running < limit && group.ready > 0) {
      const key = queue.shift();
      if (key === undefined) break;
      group.ready--;
      const item = items.get(key);
      if (item) void runKey(key, item, group);
    }
    if (gatherMs && !group.gathering && !stopped && group.ready === 0 && queue.length > 0) {
      group.gathering = setTimeout(() => {
        group.gathering = undefined;
        group.ready = queue.length;
        pump(group);
      }, gatherMs()).unref();
    }
  };

  const enqueue = (key: string, item: Item, place: Place = 'last') => {
    item.state = 'queued';
    item.group = groupOf(key);
    const group = groupNamed(item.group);
    if (place === 'first') group.queue.unshift(key);
    else group.queue.push(key);
    pump(group);
  };

  return {
    /**
     * Says that there is something to do for a key. One that rests after a failure goes on resting.
     * @param place `first` for what somebody waits for, `last` for what is only looked after
     */
    schedule(key: string, place: Place = 'last'): void {
      if (stopped) return;
      const item = items.get(key);
      if (item) {
        item.again = true;
        if (place === 'first' && item.state === 'queued') {
          const { queue } = groupNamed(item.group);
          queue.splice(queue.indexOf(key), 1);
          queue.unshift(key);
        }
        return;
      }
      const made: Item = { state: 'idle', again: false, tries: 0, timer: undefined, group: '' };
      items.set(key, made);
      enqueue(key, made, place);
    },
    /** Does not wait for the end of a key's back-off: what it failed for may be mended. */
    retry(key: string): void {
      const item = items.get(key);
      if (stopped || item?.state !== 'backing_off') return;
      clearTimeout(item.timer);
      enqueue(key, item);
    },
    /** Keys for which there is something to do, or that rest after a failure. */
    keys: (): string[] => [...items].filter(([, item]) => isOpen(item)).map(([key]) => key),
    /** True for one of these. */
    has(key: string): boolean {
      const item = items.get(key);
      return item !== undefined && isOpen(item);
    },
    /** Takes nothing new up, and resolves when what is under way has ended. */
    async stop(): Promise<void> {
      stopped = true;
      for (const group of groups.values()) {
        group.queue.length = 0;
        clearTimeout(group.gathering);
      }
      for (const item of items.values()) clearTimeout(item.timer);
      if (running > 0) await new Promise<void>((resolve) => (idle = resolve));
    },
  };
}

export type KeyedQueue = ReturnType<typeof createKeyedQueue>;

/** Doubles from `first` to `most` milliseconds, each time somewhere between the half and the whole. */
export function backOff(tries: number, first: number, most: number): number {
  const whole = Math.min(most, first * 2 ** Math.min(tries - 1, 20));
  return whole * (0.5 + Math.random() * 0.5);
}
