import type { Binary } from 'mongodb';
import { Schema } from 'mongoose';

/** Somebody whom tickets of a day are assigned to. */
export interface DayAgentRow {
  key: string;
  id: string;
  name: string;
}

/**
 * Rollup of one day, column by column: the n-th value of each column is of the day's n-th ticket. Small
 * enough that a report over years reads all of them. Derived from the tickets, and made again whenever
 * one of the day's has changed.
 */
export interface StatisticsRow {
  /** The day on the calendar, as YYYY-MM-DD. */
  _id: string;
  /** The time zone its days are of. */
  zone: string;
  /** Another one whenever it is made again. */
  version: string;
  /** Fencing token: an older lease writes no more. */
  fence: number;
  /** Tickets opened on that day. */
  count: number;
  /** What the codes of `status` `priority` `category` `channel` stand for; 16 bits each. */
  words: string[];
  /** What the codes of `agent` stand for, from 1; 0 is nobody. */
  agents: DayAgentRow[];
  status: Binary;
  priority: Binary;
  category: Binary;
  channel: Binary;
  agent: Binary;
  /** 0 for none. */
  rating: Binary;
  /** Milliseconds, 64 bits each; not a number where there is none. */
  response: Binary;
  resolution: Binary;
  /** When the clock began, with all pauses that are over added. */
  clock: Binary;
  /** Since when it stands still. */
  paused: Binary;
  /** Whose tickets ended on that day, whenever they were opened. */
  closed: Binary;
}

const binary = { type: Schema.Types.Mixed, required: true };

export const statisticsSchema = new Schema<StatisticsRow>(
  {
    _id: { type: String, required: true },
    zone: { type: String, required: true },
    version: { type: String, required: true },
    fence: { type: Number, required: true },
    count: { type: Number, required: true },
    words: { type: [String], required: true },
    agents: { type: [Schema.Types.Mixed], required: true },
    status: binary,
    priority: binary,
    category: binary,
    channel: binary,
    agent: binary,
    rating: binary,
    response: binary,
    resolution: binary,
    clock: binary,
    paused: binary,
    closed: binary,
  } as never,
  { collection: 'statistics', versionKey: false, strict: 'throw' },
);
