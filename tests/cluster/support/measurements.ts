import { appendFileSync } from 'node:fs';

const values = new Map<string, number[]>();

/** Keeps a number for the table of docs/DELIVERY.md; milliseconds unless `what` says otherwise. */
export function measure(when: string, what: string, value: number): void {
  const key = `${when} | ${what}`;
  const known = values.get(key);
  if (known) known.push(value);
  else values.set(key, [value]);
}

/** Prints what was measured in the long tests, or appends it to the file DESKCORD_MEASURED names. */
export function report(): void {
  const lines = [...values].map(([key, all]) => {
    const sorted = [...all].sort((a, b) => a - b);
    const at = (q: number) => Math.round(sorted[Math.floor(q * (sorted.length - 1))] ?? 0);
    return `| ${key} | ${at(0.5)} | ${at(1)} |`;
  });
  values.clear();
  if (lines.length === 0) return;
  const text = `| when | what | median | worst |\n${lines.join('\n')}\n`;
  const path = process.env.DESKCORD_MEASURED;
  if (path) appendFileSync(path, text);
  else if (process.env.DESKCORD_FAULTS === 'long') console.log(text);
}
