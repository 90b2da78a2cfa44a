import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Scenario } from '../scenarios/scenario.ts';
import { sourceRoot } from '../subjects/paths.ts';
import { type Comparison, compare } from './compare.ts';
import { fillMarker } from './fill-marker.ts';
import { formatMeasure, formatNumber, formatTable } from './format.ts';
import { drawBars, type Panel } from './plot.ts';
import type { ScenarioResult } from './results.ts';
import { median } from './statistics.ts';
import { targets } from './targets.ts';
import { writeScale } from './write-scale.ts';

const pagePath = join(sourceRoot, 'docs/PERFORMANCE.md');
const plotPath = join(sourceRoot, 'docs/images/performance-accept.svg');
const series = ['bare', 'deskcord', 'bare, no storage'] as const;

function comparisonRow({ target, ours, base, value, met }: Comparison): string[] {
  const { atLeast, atMost, as } = target;
  const bound = atLeast === undefined ? `≤ ${atMost}` : `≥ ${atLeast}`;
  const unit = as === 'ratio' ? ' ×' : ` ${ours.unit}`;
  const sign = as === 'difference' && value > 0 ? '+' : '';
  return [
    ours.at === target.ours.at[0] ? target.what : `${target.what}, but: ${ours.at}`,
    base ? formatMeasure(base) : '',
    formatMeasure(ours),
    `**${sign}${formatNumber(value)}${unit}**`,
    `${bound}${unit}`,
    met ? 'met' : 'missed',
  ];
}

function comparisonTable(results: readonly ScenarioResult[]): string {
  const known = targets
    .map((target) => compare(target, results))
    .filter((each) => each !== undefined);
  const head = ['What', 'Compared with', 'Deskcord', 'Result', 'Target', ''];
  const met = known.filter((each) => each.met).length;
  const missing = targets.length - known.length;
  const rest = missing > 0 ? `, ${missing} not measured` : '';
  const verdict = `${met} of ${known.length} targets met${rest}.`;
  return `${formatTable(head, known.map(comparisonRow))}\n\n${verdict}`;
}

function circumstances(results: readonly ScenarioResult[], scenarios: readonly Scenario[]): string {
  const rows = results.map(({ scenario, date, rounds, quick, machine }) => [
    `\`${scenario}\``,
    scenarios.find(({ name }) => name === scenario)?.about ?? '',
    `${date} UTC, ${rounds} rounds${quick ? ' (--quick)' : ''}`,
    `${machine.cores} × ${machine.cpu}, ${machine.memoryGib} GiB`,
    `Node ${machine.node}, MongoDB ${machine.mongod}, Redis ${machine.redis}`,
    `${machine.commit}, ${machine.busyBefore} cores busy before`,
  ]);
  const table = formatTable(
    ['Scenario', 'What it does', 'When', 'Machine', 'Versions', 'Commit'],
    rows,
  );
  const shaky = results.some(({ quick, machine }) => quick || machine.busyBefore > 0.3);
  if (!shaky) return table;
  return `${table}\n\n**Preliminary**: some of this was taken with \`--quick\`, or while the machine had other work. It shows that the bench works, and little more.`;
}

function everything(results: readonly ScenarioResult[]): string {
  const rows = results.flatMap(({ measures }) =>
    measures.map((each) => [
      `\`${each.scenario}\``,
      each.at,
      each.subject,
      each.metric,
      formatMeasure(each),
    ]),
  );
  return formatTable(['Scenario', 'At', 'Program', 'What', 'Median (worst)'], rows);
}

function acceptPanels(results: readonly ScenarioResult[]): Panel[] {
  const panels: Panel[] = [];
  for (const [scenario, nodes] of [
    ['accept', '1 node'],
    ['accept-3', '3 nodes'],
  ] as const) {
    const measures = results.find((each) => each.scenario === scenario)?.measures;
    if (!measures) continue;
    for (const [transport, name] of [
      ['rest', 'REST'],
      ['socket', 'sockets'],
    ] as const) {
      const groups = [1, 64, 256].map((senders) => ({
        label: `${senders} sender${senders > 1 ? 's' : ''}`,
        values: series.map((subject) => {
          const at = `${transport} ${senders} on ${nodes}`;
          const found = measures.find(
            (each) => each.at === at && each.subject === subject && each.metric === 'accepted',
          );
          return found && median(found.rounds);
        }),
      }));
      panels.push({ title: `sends/s, ${name}, ${nodes} of MongoDB`, groups });
    }
  }
  return panels;
}

/** Writes the numbers into docs/PERFORMANCE.md. @returns the table, for the terminal */
export async function writeReport(
  results: readonly ScenarioResult[],
  scenarios: readonly Scenario[],
): Promise<string> {
  const table = comparisonTable(results);
  let page = await readFile(pagePath, 'utf8');
  page = fillMarker(page, 'targets', table);
  page = fillMarker(page, 'machine', circumstances(results, scenarios));
  page = fillMarker(page, 'everything', everything(results));
  await writeFile(pagePath, page);
  const panels = acceptPanels(results);
  if (panels.length > 0) {
    await mkdir(dirname(plotPath), { recursive: true });
    await writeFile(plotPath, drawBars(series, panels));
  }
  await writeScale(results);
  return table;
}
