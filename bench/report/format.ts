import type { Measure } from './results.ts';
import { median, worst } from './statistics.ts';

/** Three digits, thousands apart: nobody reads more out of a benchmark. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size >= 100) return Math.round(value).toLocaleString('en-US');
  return size >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** `median (worst) unit`. */
export function formatMeasure(measure: Measure): string {
  const { rounds, better, unit } = measure;
  return `${formatNumber(median(rounds))} (${formatNumber(worst(rounds, better))}) ${unit}`;
}

export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
