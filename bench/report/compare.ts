import type { Measure, ScenarioResult } from './results.ts';
import { median } from './statistics.ts';
import type { Pair, Target } from './targets.ts';

/** One pair of a target, measured. */
export interface Compared {
  ours: Measure;
  base: Measure | undefined;
  /** Ratio or difference of medians, or the median itself. */
  value: number;
  met: boolean;
}

export interface Comparison {
  target: Target;
  /** Best first. */
  all: readonly Compared[];
  worst: Compared;
  met: boolean;
}

type Place = Pair['ours'];

function findMeasure(
  measures: readonly Measure[],
  metric: string,
  place: Place,
): Measure | undefined {
  for (const at of place.at) {
    const found = measures.find(
      (each) => each.metric === metric && each.subject === place.subject && each.at === at,
    );
    if (found) return found;
  }
  return undefined;
}

function comparePair(
  target: Target,
  measures: readonly Measure[],
  pair: Pair,
): Compared | undefined {
  const ours = findMeasure(measures, target.metric, pair.ours);
  const base = pair.base && findMeasure(measures, target.metric, pair.base);
  if (!ours || (pair.base && !base)) return undefined;
  const mine = median(ours.rounds);
  const theirs = base ? median(base.rounds) : 0;
  const value =
    target.as === 'ratio' ? mine / theirs : target.as === 'difference' ? mine - theirs : mine;
  const { atLeast = Number.NEGATIVE_INFINITY, atMost = Number.POSITIVE_INFINITY } = target;
  return { ours, base, value, met: value >= atLeast && value <= atMost };
}

/** What became of a target in all of its places; undefined where it was measured in none. */
export function compare(
  target: Target,
  results: readonly ScenarioResult[],
): Comparison | undefined {
  const measures = results.find(({ scenario }) => scenario === target.scenario)?.measures ?? [];
  const pairs = typeof target.pairs === 'function' ? target.pairs(measures) : target.pairs;
  const all = pairs
    .map((pair) => comparePair(target, measures, pair))
    .filter((each) => each !== undefined)
    .sort((a, b) => (target.atLeast === undefined ? a.value - b.value : b.value - a.value));
  const worst = all.at(-1);
  return worst && { target, all, worst, met: worst.met };
}
