import type { Recorder } from '../report/results.ts';

/** How long and how often; `--quick` proves that the bench works, not what the numbers are. */
export interface Effort {
  quick: boolean;
  rounds: number;
  warmUpMs: number;
  ms: number;
}

export interface ScenarioRun {
  record: Recorder;
  effort: Effort;
  /** Prints one line of progress. */
  say(line: string): void;
}

export interface Scenario {
  name: string;
  /** One line for `--help` and for the report. */
  about: string;
  /** @returns the version of MongoDB it ran against */
  run(run: ScenarioRun): Promise<string>;
}
