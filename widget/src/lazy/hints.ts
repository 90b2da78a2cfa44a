import type { ChatOptions } from '../shared/options.ts';

/** How many letters two words differ in. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      const cost = letter === b[j] ? 0 : 1;
      const around = [(row[j] ?? 0) + cost, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1];
      next.push(Math.min(...around));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

/** A misspelt entry does not compile. */
const known: (keyof ChatOptions)[] = [
  'tokenUrl',
  'getToken',
  'url',
  'position',
  'color',
  'theme',
  'locale',
  'title',
  'greeting',
  'intro',
  'launcherText',
  'logo',
  'hideLauncher',
  'zIndex',
  'files',
  'fallbackHref',
  'mode',
  'context',
  'strings',
];

/** Says on the console which options do not exist, and which were probably meant. */
export function checkOptions(options: object): void {
  for (const key of Object.keys(options)) {
    if (known.includes(key as keyof ChatOptions)) continue;
    console.warn(`[SupportChat] no option "${key}"; did you mean "${nearest(key, known)}"?`);
  }
}

/** The one of `known` that was probably meant. */
export function nearest(word: string, known: readonly string[]): string {
  const [best = ''] = [...known].sort((a, b) => distance(word, a) - distance(word, b));
  return best;
}
