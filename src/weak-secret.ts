/** Published as examples, and tried first by whoever forges tokens. */
const published = new Set([
  'a-string-secret-at-least-256-bits-long',
  'your-256-bit-secret-your-256-bit-secret',
  'a-secret-of-at-least-32-characters',
]);

const words =
  /secret|passwor[dt]|passphrase|change|default|example|sample|qwerty|admin|deskcord|support|letmein|welcome|token|super|private|shared|server|key|jwt|your|this|that|please|here|very|strong|long|the|not|for|my|me|is|an?/gi;

const MIN_DIFFERENT = 10;
const MIN_UNGUESSED = 12;

/** The length of the shortest piece whose repetition makes the text; its own where nothing repeats. */
function periodOf(text: string): number {
  return (text + text).indexOf(text, 1);
}

function isMostlySteps(text: string): boolean {
  let steps = 0;
  for (let i = 1; i < text.length; i++) {
    const step = text.charCodeAt(i) - text.charCodeAt(i - 1);
    if (step >= -1 && step <= 1) steps++;
  }
  return steps > text.length / 2;
}

/**
 * Names what makes a secret of sufficient length guessable all the same. Nothing that a random
 * generator prints is refused: 32 random bytes have ten different characters in every usual notation.
 * @returns the reason, or undefined
 */
export function secretWeakness(secret: string): string | undefined {
  if (published.has(secret.toLowerCase())) return 'it is a published example';
  if (new Set(secret).size < MIN_DIFFERENT) return 'it has too few different characters';
  if (periodOf(secret) <= secret.length / 2) return 'it repeats one piece';
  if (isMostlySteps(secret)) return 'it is a sequence';
  const rest = secret.replace(words, '').replace(/[^\p{L}\p{N}]/gu, '');
  if (rest.length < MIN_UNGUESSED) return 'it is made of common words';
  return undefined;
}
