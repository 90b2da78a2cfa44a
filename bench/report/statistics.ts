/** The value below which `share` (0 to 1) of the samples lie, by nearest rank; NaN of none. */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) return Number.NaN;
  const rank = Math.ceil(share * sorted.length);
  return sorted[Math.min(sorted.length, Math.max(1, rank)) - 1] as number;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  if (sorted.length % 2 === 1) return sorted[Math.floor(middle)] as number;
  return sorted.length === 0
    ? Number.NaN
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** The round a sceptic would quote. */
export function worst(values: readonly number[], better: 'higher' | 'lower'): number {
  return better === 'higher' ? Math.min(...values) : Math.max(...values);
}

export interface Spread {
  count: number;
  p50: number;
  p99: number;
  p999: number;
  max: number;
}

/** Latencies in milliseconds, described. */
export function describe(samples: readonly number[]): Spread {
  const sorted = Float64Array.from(samples).sort();
  return {
    count: sorted.length,
    p50: percentile(sorted, 0.5),
    p99: percentile(sorted, 0.99),
    p999: percentile(sorted, 0.999),
    max: percentile(sorted, 1),
  };
}
