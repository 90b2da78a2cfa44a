interface Asked<K, V> {
  key: K;
  resolve: (value: V | undefined) => void;
  reject: (error: unknown) => void;
}

const SLOTS = 4;
const KEYS_IN_A_QUERY = 200;

export interface BatchOptions {
  /** Keys in one query. */
  most?: number;
  /** Queries under way at the same time: fewer of them are larger ones. */
  slots?: number;
  /** How long a question waits for others at most while the event loop is busy, in milliseconds; by default not at all. */
  gatherMs?: number;
  /**
   * How long a query keeps its slot, in milliseconds; by default until it is answered. A stuck one lets
   * others pass then, so there are at most so many more as fit into its time-out (`infra/mongo.ts`): not for
   * writes that must not meet.
   */
  slotMs?: number;
}

/** Of reads: far longer than any takes while MongoDB answers. */
export const READ_SLOT_MS = 1000;

/** A turn of the event loop that takes less than this, in milliseconds, has had nothing to do. */
const IDLE_TURN_MS = 0.1;

/**
 * Calls `then` when the event loop has nothing else to do, or there is `enough`; after `longest` milliseconds
 * at the latest.
 */
function whenIdle(longest: number, enough: () => boolean, then: () => void): void {
  const asked = performance.now();
  let last = asked;
  const look = () => {
    const now = performance.now();
    if (now - last < IDLE_TURN_MS || now - asked >= longest || enough()) return then();
    last = now;
    setImmediate(look);
  };
  setImmediate(look);
}

/**
 * Group reads, the mirror image of group commit: a lone question goes to MongoDB at once; those that
 * come while the slots are taken go together as one. Each is asked after it was put, so an answer is
 * never older than its question.
 */
export function createBatchLoader<K, V>(
  load: (keys: K[]) => Promise<Map<K, V>>,
  { most = KEYS_IN_A_QUERY, slots = SLOTS, gatherMs = 0, slotMs }: BatchOptions = {},
) {
  const waiting: Asked<K, V>[] = [];
  let inFlight = 0;
  let scheduled = false;

  /** @returns what gives the slot back, once */
  const takeSlot = () => {
    inFlight++;
    let isTaken = true;
    const leave = () => {
      if (!isTaken) return;
      isTaken = false;
      clearTimeout(timer);
      inFlight--;
      schedule();
    };
    const timer = slotMs === undefined ? undefined : setTimeout(leave, slotMs).unref();
    return leave;
  };

  const send = async (asked: Asked<K, V>[]) => {
    const leave = takeSlot();
    try {
      const found = await load([...new Set(asked.map(({ key }) => key))]);
      for (const { key, resolve } of asked) resolve(found.get(key));
    } catch (error) {
      for (const { reject } of asked) reject(error);
    }
    leave();
  };

  const flush = () => {
    scheduled = false;
    while (inFlight < slots && waiting.length > 0) void send(waiting.splice(0, most));
  };

  const schedule = () => {
    if (scheduled || inFlight >= slots || waiting.length === 0) return;
    scheduled = true;
    if (gatherMs > 0) whenIdle(gatherMs, () => waiting.length >= most, flush);
    else setImmediate(flush);
  };

  return (key: K): Promise<V | undefined> =>
    new Promise((resolve, reject) => {
      waiting.push({ key, resolve, reject });
      schedule();
    });
}
