import type { Metric } from '../report/results.ts';
import { generate } from '../subjects/generator.ts';
import { bareAndOurs, runRounds } from './rounds.ts';
import type { Scenario } from './scenario.ts';

const READERS = 8;
const PAGE = 500;

const metrics = {
  rows: { name: 'rows', unit: '/s', better: 'higher' },
  p99: { name: 'page p99', unit: 'ms', better: 'lower' },
} satisfies Record<string, Metric>;

export const catchUpScenario: Scenario = {
  name: 'catch-up',
  about: 'pages of 500 missed messages, eight readers, against a bare find and stringify',
  run: (run) =>
    runRounds(run, 1, bareAndOurs, async (running, label) => {
      const { port, awaitAuthorized } = running;
      const seats = await running.tickets(READERS);
      for (const seat of seats) await running.fill(seat, PAGE);
      const { warmUpMs, ms } = run.effort;
      const job = { kind: 'catch-up', port, awaitAuthorized, seats, warmUpMs, ms } as const;
      const result = await generate({ ...job, query: '?after=0', rowsPerPage: PAGE });
      if (result.refused > 0) throw new Error(`${label} refused to read`);
      const rate = result.count / result.seconds;
      run.record.add(`${READERS} readers`, label, metrics.rows, rate);
      run.record.add(`${READERS} readers`, label, metrics.p99, result.latency?.p99 ?? Number.NaN);
      run.say(`${label} ${Math.round(rate)} rows/s`);
    }),
};
