import { join } from 'node:path';
import { type Options, readOptions, usage } from './options.ts';
import { describeMachine, measureBusy } from './report/machine.ts';
import { Recorder, readResults, type ScenarioResult, saveResult } from './report/results.ts';
import { median } from './report/statistics.ts';
import { writeReport } from './report/write-report.ts';
import { scenarios } from './scenarios/all.ts';
import type { Scenario } from './scenarios/scenario.ts';
import { sourceRoot } from './subjects/paths.ts';

const resultsPath = join(sourceRoot, 'docs/performance.jsonl');

function createSay(scenario: string) {
  const start = Date.now();
  return (line: string) => {
    const seconds = String(Math.round((Date.now() - start) / 1000)).padStart(4);
    console.error(`${seconds} s  ${scenario}  ${line}`);
  };
}

async function runScenario(scenario: Scenario, options: Options): Promise<ScenarioResult> {
  const record = new Recorder(scenario.name);
  const before = await readResults(resultsPath);
  const say = createSay(scenario.name);
  say(scenario.about);
  const busy = await measureBusy();
  const mongod = await scenario.run({
    record,
    effort: options.effort,
    say,
    found(name, at, subject, metric) {
      const result = before.find(
        (each) => each.scenario === name && each.quick === options.effort.quick,
      );
      const known = result?.measures.find(
        (each) => each.at === at && each.subject === subject && each.metric === metric,
      );
      return known && median(known.rounds);
    },
  });
  const { quick, rounds } = options.effort;
  const machine = describeMachine(mongod, busy);
  const date = new Date().toISOString().slice(0, 16).replace('T', ' ');
  const { measures } = record;
  return { scenario: scenario.name, date, quick, rounds, machine, measures };
}

/** @returns the exit code: 1 when a scenario could not be run */
async function main(): Promise<number> {
  let options: Options;
  try {
    options = readOptions(
      process.argv.slice(2),
      scenarios.map(({ name }) => name),
    );
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    console.error(`\nscenarios:`);
    for (const { name, about } of scenarios) console.error(`  ${name.padEnd(14)}${about}`);
    return 2;
  }
  const chosen = scenarios.filter(({ name }) => options.only?.includes(name) ?? true);
  let failed = 0;
  for (const scenario of options.reportOnly ? [] : chosen) {
    try {
      await saveResult(resultsPath, await runScenario(scenario, options));
    } catch (error) {
      failed++;
      console.error(`${scenario.name} could not be run: ${(error as Error).message}`);
    }
  }
  console.log(await writeReport(await readResults(resultsPath), scenarios));
  return failed > 0 ? 1 : 0;
}

// An exit ends the servers and generators that are under way.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));
process.exit(await main());
