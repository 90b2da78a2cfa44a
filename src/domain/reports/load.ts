import { LRUCache } from 'lru-cache';
import type { AppContext } from '../../context.ts';
import { unavailable } from '../../errors.ts';
import type { StatisticsRow } from '../../models/statistics.ts';
import { majority, native } from '../log/collections.ts';
import { oncePer } from '../once-per.ts';
import { readWork } from '../schedule.ts';
import { type DayTable, unpackDay } from './day-table.ts';
import { REFRESH, type RefreshState, reportZone } from './refresh.ts';

/** Bytes of days that a process keeps in memory: about two million tickets. */
const CACHE_BYTES = 96 * 1024 * 1024;
const BYTES_PER_TICKET = 46;
const BYTES_PER_DAY = 4096;

const cacheOf = oncePer(
  (_ctx: AppContext) =>
    new LRUCache<string, DayTable>({
      maxSize: CACHE_BYTES,
      sizeCalculation: ({ count, closed }) =>
        BYTES_PER_DAY + count * BYTES_PER_TICKET + closed.byteLength,
    }),
);

/** The rollups of some days, and what they are worth. */
export interface Statistics {
  zone: string;
  /** Every change from before this is in. */
  asOf: number;
  days: DayTable[];
}

/**
 * How far the statistics have come.
 * @throws AppError SERVICE_UNAVAILABLE while they are first made
 */
async function readState(ctx: AppContext): Promise<RefreshState> {
  const [rows, zone] = await Promise.all([readWork(ctx, REFRESH, ['']), reportZone(ctx)]);
  const state = rows.get('')?.data as RefreshState | undefined;
  if (!state || state.walk || state.zone !== zone) {
    throw unavailable('the statistics are not made yet: a process with the role worker makes them');
  }
  return state;
}

/**
 * The days from one to another, or all there are. Of each its version is read, and the rest only where
 * it is another than the one in memory.
 * @param range the first and the last day, both included
 */
export async function loadDays(
  ctx: AppContext,
  range?: (zone: string) => { from: string; to: string },
): Promise<Statistics> {
  const { zone, as_of: asOf } = await readState(ctx);
  const bounds = range?.(zone);
  const rows = native(ctx.db.statistics);
  const span = bounds && { _id: { $gte: bounds.from, $lte: bounds.to } };
  const known = await rows
    .find({ ...span, zone }, { readConcern: majority })
    .project<{ _id: string; version: string }>({ version: 1 })
    .sort({ _id: 1 })
    .toArray();
  const cache = cacheOf(ctx);
  const tables = new Map<string, DayTable>();
  for (const { _id, version } of known) {
    const cached = cache.get(_id);
    if (cached?.version === version) tables.set(_id, cached);
  }
  const wanted = known.flatMap(({ _id }) => (tables.has(_id) ? [] : _id));
  const fetched: StatisticsRow[] =
    wanted.length === 0
      ? []
      : await rows.find({ _id: { $in: wanted }, zone }, { readConcern: majority }).toArray();
  for (const row of fetched) {
    const table = unpackDay(row);
    cache.set(table.day, table);
    tables.set(table.day, table);
  }
  return { zone, asOf, days: known.flatMap(({ _id }) => tables.get(_id) ?? []) };
}
