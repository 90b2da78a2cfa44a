import { join } from 'node:path';
import { type Options, readOptions, usage } from './options.ts';
import { describeMachine, measureBusy } from './report/machine.ts';
import { Recorder, readResults, type ScenarioResult, saveResult } from './report/results.ts';
import { writeReport } from './report/write-report.ts';
import { scenarios } from './scenarios/all.ts';
import type { Scenario } from './scenarios/scenario.ts';
import { sourceRoot } from './subjects/paths.ts';

const resultsPath = join(sourceRoot, 'bench/results/performance.jsonl');

/** No scenario takes longer, whatever hangs; its servers end with this process. */
const LONGEST_MS = 30 * 60_000;

function createSay(scenario: string) {
  const start = Date.now();
  return (line: string) => {
    const seconds = String(Math.round((Date.now() - start) / 1000)).padStart(4);
    console.error(`${seconds} s  ${scenario}  ${line}`);
  };
}

function endLate(scenario: string): NodeJS.Timeout {
  return setTimeout(() => {
    console.error(`${scenario} took longer than ${LONGEST_MS / 60_000} minutes; the bench ends`);
    process.exit(1);
  }, LONGEST_MS);
}

async function runScenario(scenario: Scenario, options: Options): Promise<ScenarioResult> {
  const record = new Recorder(scenario.name);
  const say = createSay(scenario.name);
  say(scenario.about);
  const busy = await measureBusy();
  const mongod = await scenario.run({
    record,
    effort: options.effort,
    say,
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
  for (const [nth, scenario] of (options.reportOnly ? [] : chosen).entries()) {
    console.error(`scenario ${nth + 1} of ${chosen.length}: ${scenario.name}`);
    const late = endLate(scenario.name);
    try {
      await saveResult(resultsPath, await runScenario(scenario, options));
    } catch (error) {
      failed++;
      console.error(`${scenario.name} could not be run: ${(error as Error).message}`);
    } finally {
      clearTimeout(late);
    }
  }
  console.log(await writeReport(await readResults(resultsPath)));
  return failed > 0 ? 1 : 0;
}

// An exit ends the servers and generators that are under way.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));
process.exit(await main());
