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

/** The one of `known` that was probably meant. */
export function nearest(word: string, known: readonly string[]): string {
  const [best = ''] = [...known].sort((a, b) => distance(word, a) - distance(word, b));
  return best;
}
