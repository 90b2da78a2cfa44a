import { randomUUID } from 'node:crypto';
import type { Clock } from '../../infra/clock.ts';
import type { Log } from '../../infra/log.ts';
import type { Database } from '../../models/database.ts';
import { majority, native } from '../log/collections.ts';

/** Heartbeat: how often a process says who is there, and how long that holds, in milliseconds. */
export interface PresenceTimes {
  beatMs: number;
  ttlMs: number;
  /** How long a change waits for others before it is written. */
  settleMs: number;
}

const defaultTimes: PresenceTimes = { beatMs: 20_000, ttlMs: 50_000, settleMs: 500 };
/** Of one process; those beyond are not shown as present. */
const MOST_KEYS = 5000;

/** Which staff have sockets open, on whichever node. */
export interface Presence {
  /** One more socket of somebody is open here. @returns what says that it has closed */
  open(key: string): () => void;
  /** Keys of all who have one anywhere: what the nodes alive have said. */
  read(): Promise<ReadonlySet<string>>;
  close(): Promise<void>;
}

/**
 * One row for each process, written as a batch when somebody comes or goes and with every heartbeat. What a
 * killed process has said ends by itself, by the database's clock.
 */
export function createPresence(
  { db, clock, log }: { db: Database; clock: Clock; log: Log },
  { beatMs, ttlMs, settleMs }: PresenceTimes = defaultTimes,
): Presence {
  const _id = randomUUID();
  const sockets = new Map<string, number>();
  let cancel: (() => void) | undefined;
  let isSettling = false;
  let isStored = false;
  let isOver = false;
  let written: Promise<unknown> = Promise.resolve();

  const write = async () => {
    const rows = native(db.presence);
    if (sockets.size === 0) return void (await rows.deleteOne({ _id }));
    const keys = [...sockets.keys()].slice(0, MOST_KEYS);
    isStored = true;
    const expires = { $add: ['$$NOW', ttlMs] };
    await rows.updateOne({ _id }, [{ $set: { keys: { $literal: keys }, expires } }], {
      upsert: true,
    });
  };
  const beat = () => {
    isSettling = false;
    written = write().catch((error: Error) =>
      log.debug({ reason: error.message }, 'who is present cannot be written'),
    );
    cancel = undefined;
    if (!isOver && sockets.size > 0) cancel = clock.after(beatMs, beat);
  };
  const settle = () => {
    if (isOver || isSettling) return;
    isSettling = true;
    cancel?.();
    cancel = clock.after(settleMs, beat);
  };

  return {
    open(key) {
      const before = sockets.get(key) ?? 0;
      sockets.set(key, before + 1);
      if (before === 0) settle();
      let isOpen = true;
      return () => {
        if (!isOpen) return;
        isOpen = false;
        const left = (sockets.get(key) ?? 1) - 1;
        if (left > 0) return void sockets.set(key, left);
        sockets.delete(key);
        settle();
      };
    },
    async read() {
      const rows = await native(db.presence)
        .find({ $expr: { $gt: ['$expires', '$$NOW'] } }, { readConcern: majority })
        .toArray();
      return new Set(rows.flatMap(({ keys }) => keys));
    },
    async close() {
      isOver = true;
      cancel?.();
      await written;
      sockets.clear();
      // A database that was never there has nothing to take back.
      if (isStored) await write().catch(() => undefined);
    },
  };
}
