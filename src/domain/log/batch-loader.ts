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
  /** How long those that waited for a slot wait for others as well, in milliseconds; by default not at all. */
  gatherMs?: number;
}

/**
 * Group reads, the mirror image of group commit: a lone question goes to MongoDB at once; those that
 * come while the slots are taken go together as one. Each is asked after it was put, so an answer is
 * never older than its question.
 */
export function createBatchLoader<K, V>(
  load: (keys: K[]) => Promise<Map<K, V>>,
  { most = KEYS_IN_A_QUERY, slots = SLOTS, gatherMs = 0 }: BatchOptions = {},
) {
  const waiting: Asked<K, V>[] = [];
  let inFlight = 0;
  let scheduled = false;

  const send = async (asked: Asked<K, V>[]) => {
    inFlight++;
    try {
      const found = await load([...new Set(asked.map(({ key }) => key))]);
      for (const { key, resolve } of asked) resolve(found.get(key));
    } catch (error) {
      for (const { reject } of asked) reject(error);
    }
    inFlight--;
    schedule(gatherMs);
  };

  const flush = () => {
    scheduled = false;
    while (inFlight < slots && waiting.length > 0) void send(waiting.splice(0, most));
  };

  const schedule = (ms: number) => {
    if (scheduled || inFlight >= slots || waiting.length === 0) return;
    scheduled = true;
    if (ms > 0 && waiting.length < most) setTimeout(flush, ms);
    else setImmediate(flush);
  };

  return (key: K): Promise<V | undefined> =>
    new Promise((resolve, reject) => {
      waiting.push({ key, resolve, reject });
      schedule(0);
    });
}
