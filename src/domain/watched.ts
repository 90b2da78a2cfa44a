import type { Bus } from '../infra/bus-local.ts';
import type { Clock } from '../infra/clock.ts';
import type { Log } from '../infra/log.ts';
import type { Database } from '../models/database.ts';
import type { DomainEvent } from './events.ts';
import { majority, native } from './log/collections.ts';

export interface WatchDeps {
  db: Database;
  bus: Bus<DomainEvent>;
  clock: Clock;
  log: Log;
  /** Milliseconds between two looks for what another process has changed. */
  intervalMs: number;
}

/** A read-through cache of something small that all processes know whole. */
export interface Watched<T> {
  /** What it is; read from memory, but for the first time. @throws a storage error, then only */
  get(): Promise<T> | T;
  /** Reads a change of one's own, and tells the other processes. */
  changed(): Promise<void>;
  close(): void;
}

/**
 * Watches the version of a setting: by hints, and by a poll where a hint was lost or there is no Redis.
 * Nothing is asked of the database before the first `get`.
 * @param read reads what it is now; whoever changes that changes the setting's version in one transaction
 * @param onChange called with every value read after the first one
 */
export function createWatched<T>(
  { db, bus, clock, log, intervalMs }: WatchDeps,
  name: string,
  read: () => Promise<T>,
  onChange: (value: T) => void = () => undefined,
): Watched<T> {
  let state: { version: number; value: T } | undefined;
  let chain: Promise<unknown> = Promise.resolve();
  let first: Promise<T> | undefined;
  let isOver = false;
  let cancel: (() => void) | undefined;

  const load = async () => {
    // The version first: what is read after it is at least as new.
    const row = await native(db.settings).findOne(
      { _id: name },
      { readConcern: majority, projection: { version: 1 } },
    );
    const version = row?.version ?? 0;
    if (state?.version === version) return state.value;
    const isFirst = state === undefined;
    state = { version, value: await read() };
    if (!isFirst && !isOver) onChange(state.value);
    return state.value;
  };
  /** One after the other, so that nothing older comes after what is newer. */
  const loadInTurn = (): Promise<T> => {
    const next = chain.then(load, load);
    chain = next.catch(() => undefined);
    return next;
  };
  const refresh = () =>
    loadInTurn().catch((error: Error) => {
      if (!isOver) log.debug({ reason: error.message, setting: name }, 'a setting cannot be read');
    });
  const poll = () => {
    if (isOver) return;
    cancel = clock.after(intervalMs, () => void refresh().then(poll));
  };
  const unsubscribe = bus.subscribe((event) => {
    if (event.kind === 'setting_changed' && event.name === name && state) void refresh();
  });

  return {
    get() {
      if (state) return state.value;
      if (!cancel) poll();
      // All that come before the first answer wait for the same one.
      first ??= loadInTurn().finally(() => {
        first = undefined;
      });
      return first;
    },
    async changed() {
      bus.publish({ kind: 'setting_changed', name });
      await loadInTurn();
    },
    close() {
      isOver = true;
      cancel?.();
      unsubscribe();
    },
  };
}
