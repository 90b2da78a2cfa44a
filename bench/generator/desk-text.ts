/** Different words that people use here; how often follows Zipf's law. */
const VOCABULARY = 30_000;
const syllables = 'ba co de fi gu ha je ki lo mu na pe qi ro su ta ve wi xo za'.split(' ');

/** The word of a rank: 0 is the commonest. Short ones come often, as in any language. */
export function wordOfRank(rank: number): string {
  let word = '';
  for (let left = rank + 1; left > 0; left = Math.floor((left - 1) / syllables.length)) {
    word += syllables[(left - 1) % syllables.length];
  }
  return word;
}

export const rarestRank = VOCABULARY - 1;

/** Numbers from 0 up to 1 that are the same for the same seed. */
export type Random = () => number;

/** A word by its frequency: the nth commonest comes a nth as often as the first. */
function drawWord(random: Random): string {
  return wordOfRank(Math.floor(VOCABULARY ** random()) - 1);
}

/** A text of so many words; one in five tells an order's number, which hardly any other text has. */
export function drawText(random: Random, words: number): string {
  const drawn = Array.from({ length: words }, () => drawWord(random));
  if (random() < 0.2) drawn.push(`order ${Math.floor(random() * 10_000_000)}`);
  return `${drawn.join(' ')}.`;
}
