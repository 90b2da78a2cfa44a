import { parseArgs } from 'node:util';
import type { Effort } from './scenarios/scenario.ts';

export interface Options {
  effort: Effort;
  /** Undefined for all. */
  only: readonly string[] | undefined;
  /** Measures nothing, writes the report from what was measured before. */
  reportOnly: boolean;
}

export const usage = `npm run bench [-- --quick] [-- --only NAME,NAME] [-- --rounds N] [-- --report]

  --quick    short rounds, three of them: shows that the bench works, not how fast anything is
  --only     these scenarios; the others keep their last numbers in the report
  --rounds   alternating rounds of each scenario (5; with --quick 3)
  --report   measures nothing and writes the report again`;

/** @throws an Error fit to be shown */
export function readOptions(argv: readonly string[], known: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      rounds: { type: 'string' },
      report: { type: 'boolean', default: false },
    },
  });
  const only = values.only?.split(',').filter(Boolean);
  const unknown = only?.filter((name) => !known.includes(name)) ?? [];
  if (unknown.length > 0) {
    throw new Error(`no scenario "${unknown.join('", "')}"; there are ${known.join(', ')}`);
  }
  const rounds = Number(values.rounds ?? (values.quick ? 3 : 5));
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds wants a number from 1');
  const times = values.quick ? { warmUpMs: 700, ms: 1500 } : { warmUpMs: 1500, ms: 4000 };
  return { effort: { quick: values.quick, rounds, ...times }, only, reportOnly: values.report };
}
