import { readFile, writeFile } from 'node:fs/promises';
import type { Machine } from './machine.ts';

/** One thing measured, once a round, for one program. */
export interface Measure {
  scenario: string;
  /** What was varied within the scenario, such as `rest 64 one-node`. */
  at: string;
  subject: string;
  metric: string;
  unit: string;
  better: 'higher' | 'lower';
  rounds: number[];
}

/** What one run of one scenario found, and under what circumstances. */
export interface ScenarioResult {
  scenario: string;
  date: string;
  quick: boolean;
  rounds: number;
  machine: Machine;
  measures: Measure[];
}

/** Collects measures while rounds go by; the first mention of one fixes its place in the report. */
export class Recorder {
  readonly scenario: string;
  readonly measures: Measure[] = [];

  constructor(scenario: string) {
    this.scenario = scenario;
  }

  add(at: string, subject: string, metric: Metric, value: number): void {
    const known = this.measures.find(
      (each) => each.at === at && each.subject === subject && each.metric === metric.name,
    );
    if (known) known.rounds.push(round(value));
    else {
      const { name, unit, better } = metric;
      const rounds = [round(value)];
      this.measures.push({
        scenario: this.scenario,
        at,
        subject,
        metric: name,
        unit,
        better,
        rounds,
      });
    }
  }
}

export interface Metric {
  name: string;
  unit: string;
  better: 'higher' | 'lower';
}

/** Four digits say all that a benchmark can know. */
function round(value: number): number {
  return Number(value.toPrecision(4));
}

/** One line of JSON for each scenario, so that a change of one number is a change of one line. */
export async function readResults(path: string): Promise<ScenarioResult[]> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as ScenarioResult);
}

/** Puts a scenario's newest result in the place of its last one. */
export async function saveResult(path: string, result: ScenarioResult): Promise<void> {
  const others = await readResults(path);
  const index = others.findIndex(({ scenario }) => scenario === result.scenario);
  if (index < 0) others.push(result);
  else others[index] = result;
  await writeFile(path, `${others.map((each) => JSON.stringify(each)).join('\n')}\n`);
}
