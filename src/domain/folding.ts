/** Text without case and accents: two that fold to the same are the same to whoever looks for one. */
export function foldText(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().normalize('NFC');
}

/** After every text that begins with the one before it, in MongoDB's order of texts. */
const LAST = '\u{10ffff}';

/** A range of an index: the texts that begin with `prefix`. */
export function startingWith(prefix: string): { $gte: string; $lt: string } {
  return { $gte: prefix, $lt: prefix + LAST };
}
