import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sourceRoot } from '../subjects/paths.ts';
import { type Comparison, compare } from './compare.ts';
import { writeCosts } from './costs.ts';
import { fillMarker } from './fill-marker.ts';
import { formatNumber, formatTable } from './format.ts';
import { drawBars, type Panel } from './plot.ts';
import type { ScenarioResult } from './results.ts';
import { median } from './statistics.ts';
import { rows, type Target, targets } from './targets.ts';
import { widgetTable } from './widget-table.ts';
import { writeScale } from './write-scale.ts';

const pagePath = join(sourceRoot, 'docs/PERFORMANCE.md');
const plotPath = join(sourceRoot, 'docs/images/performance-accept.svg');
const costsPath = join(sourceRoot, 'bench/results/costs.md');
const series = ['bare', 'deskcord', 'bare, no storage'] as const;

const unitOf = ({ as }: Target, unit: string) => (as === 'ratio' ? ' ×' : ` ${unit}`);

function boundOf({ target, worst }: Comparison): string {
  const { atLeast, atMost } = target;
  const bound = atLeast === undefined ? `≤ ${atMost}` : `≥ ${atLeast}`;
  return bound + unitOf(target, worst.ours.unit);
}

/** `2.65 to 3.22 ×`, the worst last; of very many the worst alone. */
function rangeOf({ target, all, worst }: Comparison): string {
  const unit = unitOf(target, worst.ours.unit);
  const [best] = all;
  const last = `${formatNumber(worst.value)}${unit}`;
  if (!best || best === worst) return last;
  if (all.length > 4) return `at most ${last}, of ${all.length}`;
  return `${formatNumber(best.value)} to ${last}`;
}

function comparisonTable(known: readonly Comparison[]): string {
  const body = rows.flatMap((row) => {
    const own = known.filter(({ target }) => target.row === row);
    if (own.length === 0) return [];
    const lines = (show: (each: Comparison) => string) => own.map(show).join('<br>');
    return [
      [
        `**${row}**`,
        lines(({ target }) => target.what),
        lines(rangeOf),
        lines(boundOf),
        lines(({ met }) => (met ? 'met' : '**missed**')),
      ],
    ];
  });
  return formatTable(['', 'Compared', 'Deskcord', 'Wanted', ''], body);
}

function missedList(known: readonly Comparison[]): string {
  const missed = known.filter(({ met }) => !met);
  const total = `${known.length - missed.length} of ${known.length} targets are met in every place they are measured in.`;
  const lines = missed.map(({ target, all, worst }) => {
    const failed = all.filter(({ met }) => !met);
    const where =
      all.length > 1 ? `, ${failed.length} of ${all.length} (\`${worst.ours.at}\`)` : '';
    const value = formatNumber(worst.value) + unitOf(target, worst.ours.unit);
    return `- **${target.what}**: ${value}${where}${target.why ? `. Why: ${target.why}.` : '.'}`;
  });
  const unknown = targets.length - known.length;
  const rest = unknown > 0 ? [`- ${unknown} not measured yet.`] : [];
  return [total, '', ...lines, ...rest].join('\n');
}

const distinct = (values: readonly string[]) => [...new Set(values)];

/** Where and when the numbers come from, and which of them mean little. */
function circumstances(results: readonly ScenarioResult[]): string {
  const machines = distinct(
    results.map(
      ({ machine: { cores, cpu, memoryGib, node, mongod, redis } }) =>
        `${cores} cores (${cpu}), ${memoryGib} GiB; Node ${node}, MongoDB ${mongod}, Redis ${redis}`,
    ),
  );
  const days = distinct(results.map(({ date }) => date.slice(0, 10))).sort();
  const when = days.length > 1 ? `${days[0]} to ${days.at(-1)}` : (days[0] ?? 'never');
  const commits = distinct(results.map(({ machine }) => machine.commit));
  const line = `Measured on ${machines.join(' and on ')}; ${when}, commit ${commits.join(', ')}.`;
  const shaky = results.filter(({ quick, machine }) => quick || machine.busyBefore > 0.3);
  if (shaky.length === 0) return line;
  const names = shaky.map(({ scenario }) => `\`${scenario}\``).join(', ');
  return `${line}\n\n**Preliminary**: ${names} ran with \`--quick\`, or while the machine had other work; that shows that they run, and little more.`;
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

/** One line a target, for the terminal. */
function summary(known: readonly Comparison[]): string {
  const line = (each: Comparison) =>
    [
      each.met ? 'met   ' : 'MISSED',
      each.target.row.padEnd(10),
      rangeOf(each).padEnd(26),
      boundOf(each).padEnd(10),
      each.target.what,
    ].join('  ');
  return known.map(line).join('\n');
}

/** Writes the numbers into the pages that have them. @returns one line a target, for the terminal */
export async function writeReport(results: readonly ScenarioResult[]): Promise<string> {
  const known = targets
    .map((target) => compare(target, results))
    .filter((each) => each !== undefined);
  let page = await readFile(pagePath, 'utf8');
  page = fillMarker(page, 'targets', comparisonTable(known));
  page = fillMarker(page, 'missed', missedList(known));
  page = fillMarker(page, 'widget', widgetTable(results));
  page = fillMarker(page, 'machine', circumstances(results));
  await writeFile(pagePath, page);
  const panels = acceptPanels(results);
  if (panels.length > 0) {
    await mkdir(dirname(plotPath), { recursive: true });
    await writeFile(plotPath, drawBars(series, panels));
  }
  await writeCosts(costsPath, results);
  await writeScale(results);
  return summary(known);
}
