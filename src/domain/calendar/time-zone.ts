import { LRUCache } from 'lru-cache';

/** A stretch of time in which a zone keeps its distance from UTC; instants in milliseconds since 1970. */
export interface OffsetSegment {
  from: number;
  to: number;
  /** Local time minus UTC, in milliseconds. */
  offset: number;
}

const HOUR = 3_600_000;
/** Looked at together, and remembered. */
const BLOCK = 64 * 24 * HOUR;
/** Clocks are never changed twice within it. */
const STEP = 12 * HOUR;
const PRECISION = 1000;

/** Enough for decades of one calendar. */
const blocks = new LRUCache<string, readonly OffsetSegment[]>({ max: 500 });
const formats = new LRUCache<string, Intl.DateTimeFormat>({ max: 20 });

function formatOf(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone);
  if (!format) {
    const fields = { year: 'numeric', month: 'numeric', day: 'numeric' } as const;
    const times = { hour: 'numeric', minute: 'numeric', second: 'numeric' } as const;
    const options = { timeZone, hourCycle: 'h23', calendar: 'gregory', ...fields, ...times };
    format = new Intl.DateTimeFormat('en-US', options as Intl.DateTimeFormatOptions);
    formats.set(timeZone, format);
  }
  return format;
}

/** What the clock on the wall says, read as if it were UTC, minus UTC. */
function measureOffset(timeZone: string, at: number): number {
  const whole = Math.floor(at / PRECISION) * PRECISION;
  const parts: Record<string, number> = {};
  for (const { type, value } of formatOf(timeZone).formatToParts(whole)) {
    parts[type] = Number(value);
  }
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) - whole;
}

/** The moment between two at which the offset becomes that of the later one. */
function findChange(timeZone: string, before: number, after: number): number {
  const later = measureOffset(timeZone, after);
  let [low, high] = [before, after];
  while (high - low > PRECISION) {
    const middle = Math.floor((low + high) / 2 / PRECISION) * PRECISION;
    if (measureOffset(timeZone, middle) === later) high = middle;
    else low = middle;
  }
  return high;
}

function measureBlock(timeZone: string, start: number): OffsetSegment[] {
  const segments: OffsetSegment[] = [];
  let from = start;
  let offset = measureOffset(timeZone, start);
  for (let at = start + STEP; at <= start + BLOCK; at += STEP) {
    const next = measureOffset(timeZone, at);
    if (next === offset) continue;
    const change = findChange(timeZone, at - STEP, at);
    segments.push({ from, to: change, offset });
    from = change;
    offset = next;
  }
  segments.push({ from, to: start + BLOCK, offset });
  return segments;
}

/** The segments that meet [from, to), cut to it, in order. */
export function offsetSegments(timeZone: string, from: number, to: number): OffsetSegment[] {
  const found: OffsetSegment[] = [];
  for (let start = Math.floor(from / BLOCK) * BLOCK; start < to; start += BLOCK) {
    const key = `${timeZone} ${start}`;
    let segments = blocks.get(key);
    if (!segments) {
      segments = measureBlock(timeZone, start);
      blocks.set(key, segments);
    }
    for (const segment of segments) {
      const cut = { ...segment, from: Math.max(segment.from, from), to: Math.min(segment.to, to) };
      if (cut.from < cut.to) found.push(cut);
    }
  }
  return found;
}

function localIso(timeZone: string, at: number): string {
  const [{ offset = 0 } = {}] = offsetSegments(timeZone, at, at + 1);
  return new Date(at + offset).toISOString();
}

/** The day on the calendar of a zone, as YYYY-MM-DD. */
export function localDay(timeZone: string, at: number): string {
  return localIso(timeZone, at).slice(0, 10);
}

/** The time by the clock on the wall of a zone, as HH:MM. */
export function localTime(timeZone: string, at: number): string {
  return localIso(timeZone, at).slice(11, 16);
}
