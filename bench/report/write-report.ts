import type { Scenario } from '../scenarios/scenario.ts';
import type { ScenarioResult } from './results.ts';
import { median } from './statistics.ts';

export async function writeReport(
  results: readonly ScenarioResult[],
  _scenarios: readonly Scenario[],
): Promise<string> {
  return results
    .flatMap(({ measures }) => measures)
    .map((m) => `${m.at} | ${m.subject} | ${m.metric} | ${median(m.rounds)} ${m.unit}`)
    .join('\n');
}
