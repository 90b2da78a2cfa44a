const DISCORD_EPOCH = 1420070400000;

let last = 0n;

/** A new id: carries the present millisecond and is greater than every id given out before it. */
export function nextSnowflake(): string {
  const fromClock = BigInt(Date.now() - DISCORD_EPOCH) << 22n;
  last = fromClock > last ? fromClock : last + 1n;
  return last.toString();
}

/** The id that belongs to a moment; `step` tells ids of one millisecond apart. */
export function snowflakeAt(time: number, step = 0): string {
  return ((BigInt(time - DISCORD_EPOCH) << 22n) + BigInt(step)).toString();
}

/** The moment an id was made, in milliseconds. */
export function timeOf(id: string): number {
  return Number(BigInt(id) >> 22n) + DISCORD_EPOCH;
}

/** Orders ids by age without making a BigInt of each. */
export function compareSnowflakes(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Whether the text fits an unsigned 64-bit id. "0" and other short numbers pass, as at Discord. */
export function isSnowflake(value: unknown): value is string {
  return (
    typeof value === 'string' && /^\d{1,20}$/.test(value) && BigInt(value) < 18446744073709551616n
  );
}
