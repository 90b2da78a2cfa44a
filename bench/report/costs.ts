import { writeFile } from 'node:fs/promises';
import { formatNumber, formatTable } from './format.ts';
import type { Measure, ScenarioResult } from './results.ts';
import { median } from './statistics.ts';
import type { Pair } from './targets.ts';

/** One request at every size of history; see `scenarios/costs.ts`. */
interface Cost {
  name: string;
  /** Ascending. */
  sizes: number[];
  /** The smallest size at which the answer is as long as at the largest one. */
  base: number;
}

/** An answer with nearly as many rows is as long. */
const ALIKE = 0.95;

const placeOf = (name: string, size: number) => `${name} @ ${size}`;

function listCosts(measures: readonly Measure[], metric: string): Cost[] {
  const rowsAt = new Map(
    measures.filter((each) => each.metric === 'rows').map((each) => [each.at, median(each.rounds)]),
  );
  const byName = new Map<string, number[]>();
  for (const each of measures) {
    const [, name, size] = /^(.*) @ (\d+)$/.exec(each.at) ?? [];
    if (each.metric !== metric || !name) continue;
    byName.set(name, [...(byName.get(name) ?? []), Number(size)]);
  }
  return [...byName].map(([name, unsorted]) => {
    const sizes = unsorted.sort((a, b) => a - b);
    const rows = (size: number) => rowsAt.get(placeOf(name, size));
    const most = (rows(sizes.at(-1) as number) ?? 0) * ALIKE;
    const base = sizes.find((size) => (rows(size) ?? 0) >= most);
    return { name, sizes, base: base ?? (sizes[0] as number) };
  });
}

/**
 * The longest history against the shortest one for every kind of request: the shortest whose answer is
 * as long, since a page of 500 messages costs more than one of 10, and should.
 */
export function flatPairs(measures: readonly Measure[]): Pair[] {
  return listCosts(measures, 'p50').map(({ name, sizes, base }) => {
    const place = (size: number) => ({ subject: 'deskcord', at: [placeOf(name, size)] });
    return { ours: place(sizes.at(-1) as number), base: place(base) };
  });
}

function costTable(measures: readonly Measure[], metric: string): string {
  const costs = listCosts(measures, metric);
  const at = (name: string, size: number) => {
    const found = measures.find(
      (each) => each.metric === metric && each.at === placeOf(name, size),
    );
    return found ? median(found.rounds) : Number.NaN;
  };
  const sizes = costs[0]?.sizes ?? [];
  const rows = costs.map(({ name, base }) => {
    const times = sizes.map((size) => at(name, size));
    const ratio = (times.at(-1) as number) / at(name, base);
    const against = base === sizes[0] ? '' : ` (to ${base.toLocaleString('en-US')})`;
    return [`\`${name}\``, ...times.map(formatNumber), `${formatNumber(ratio)} ×${against}`];
  });
  const head = ['Request', ...sizes.map((size) => size.toLocaleString('en-US')), 'Ratio'];
  return formatTable(head, rows);
}

/** Writes the list of costs by request; the page of the numbers has only the worst of them. */
export async function writeCosts(path: string, results: readonly ScenarioResult[]): Promise<void> {
  const result = results.find(({ scenario }) => scenario === 'costs');
  if (!result) return;
  const { measures, date, quick } = result;
  const page = `# What a request costs, by what came before it

Written by \`npm run bench -- --only costs\` (${date} UTC${quick ? ', --quick' : ''}). Milliseconds, median of a lone client's requests, all of them interleaved in one run, on three servers whose databases have so many tickets and, in each history, so many entries. A ratio is that of the longest history to the shortest one whose answer is as long. "edits of one message" are all of the same message; of "edits of many" and "deletions" every second entry changes the message before it, or one of its own; "status changes" are changes of the ticket.

${costTable(measures, 'p50')}

## Without marks

The visibility map says which entries no answer needs ([why](../../docs/ARCHITECTURE.md)). Lost altogether, as after restoring a backup without it, it costs the first reader a walk over the log, once: reading sets the marks again.

${costTable(measures, 'first read without marks')}
`;
  await writeFile(path, page);
}
