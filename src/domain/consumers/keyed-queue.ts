export interface KeyedQueueOptions {
  /** Keys worked on at the same time. */
  limit: number;
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
}

const isOpen = ({ state, again }: Item) => state !== 'lingering' || again;

/**
 * One queue for each key: a key is worked on by one runner at a time, `limit` keys at once, and one
 * that fails rests on its own while the others go on.
 */
export function createKeyedQueue(options: KeyedQueueOptions) {
  const { limit, run, onError, onRun, lingerMs, gatherMs } = options;
  const items = new Map<string, Item>();
  const queue: string[] = [];
  let running = 0;
  /** How many of the queue may be taken up now. */
  let ready = gatherMs ? 0 : Number.POSITIVE_INFINITY;
  let gathering: NodeJS.Timeout | undefined;
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

  const runKey = async (key: string, item: Item) => {
    running++;
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
    pump();
    if (running === 0) idle?.();
  };

  const pump = () => {
    while (!stopped && running < limit && ready > 0) {
      const key = queue.shift();
      if (key === undefined) break;
      ready--;
      const item = items.get(key);
      if (item) void runKey(key, item);
    }
    if (gatherMs && !gathering && !stopped && ready === 0 && queue.length > 0) {
      gathering = setTimeout(() => {
        gathering = undefined;
        ready = queue.length;
        pump();
      }, gatherMs()).unref();
    }
  };

  const enqueue = (key: string, item: Item, place: Place = 'last') => {
    item.state = 'queued';
    if (place === 'first') queue.unshift(key);
    else queue.push(key);
    pump();
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
          queue.splice(queue.indexOf(key), 1);
          queue.unshift(key);
        }
        return;
      }
      const made: Item = { state: 'idle', again: false, tries: 0, timer: undefined };
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
      queue.length = 0;
      clearTimeout(gathering);
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
