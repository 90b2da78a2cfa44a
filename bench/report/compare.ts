import type { Measure, ScenarioResult } from './results.ts';
import { median } from './statistics.ts';
import type { Target } from './targets.ts';

export interface Comparison {
  target: Target;
  ours: Measure;
  base: Measure | undefined;
  /** Ratio or difference of medians, or the median itself. */
  value: number;
  met: boolean;
}

function findMeasure(
  measures: readonly Measure[],
  metric: string,
  place: Target['ours'],
): Measure | undefined {
  for (const at of place.at) {
    const found = measures.find(
      (each) => each.metric === metric && each.subject === place.subject && each.at === at,
    );
    if (found) return found;
  }
  return undefined;
}

/** What became of a target; undefined where it was not measured. */
export function compare(
  target: Target,
  results: readonly ScenarioResult[],
): Comparison | undefined {
  const measures = results.find(({ scenario }) => scenario === target.scenario)?.measures ?? [];
  const ours = findMeasure(measures, target.metric, target.ours);
  const base = target.base && findMeasure(measures, target.metric, target.base);
  if (!ours || (target.base && !base)) return undefined;
  const mine = median(ours.rounds);
  const theirs = base ? median(base.rounds) : 0;
  const value =
    target.as === 'ratio' ? mine / theirs : target.as === 'difference' ? mine - theirs : mine;
  const { atLeast = Number.NEGATIVE_INFINITY, atMost = Number.POSITIVE_INFINITY } = target;
  return { target, ours, base, value, met: value >= atLeast && value <= atMost };
}
