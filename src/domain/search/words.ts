import { sizes } from '../../contract/limits.ts';
import { createYielding } from '../consumers/pace.ts';
import { PlainWords } from './plain-words.ts';

/** Scripts that put no space between words: a dictionary finds them. */
const unspaced =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const runs = /[\p{L}\p{M}\p{N}]+/gu;
const isWord = /[\p{L}\p{N}]/u;
const isPlain = /^[\0-\x7f]*$/;

/** Accents of European scripts, harakat, Hebrew points, tatweel, and what is not seen: read the same without them. */
const marks =
  /[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed]|\p{Cf}|\ufe0f/gu;

/** Letters that are written for one another and that no decomposition joins. */
const alike: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ł: 'l',
  ħ: 'h',
  ı: 'i',
  ς: 'σ',
  // Alef forms, the two ends of a word, and the Persian letters.
  ٱ: 'ا',
  ى: 'ي',
  ة: 'ه',
  ی: 'ي',
  ک: 'ك',
};
const alikes = new RegExp(`[${Object.keys(alike).join('')}]`, 'gu');
/** Digits of Arabic and Persian. */
const digits = /[\u0660-\u0669\u06f0-\u06f9]/gu;

/** One language for all: its dictionaries are chosen by script. */
const segmenter = new Intl.Segmenter('en', { granularity: 'word' });

/**
 * Case and accent folding: compatibility decomposition (NFKD), lower case, no accents. The voicing marks
 * of Japanese and the vowels of Indian scripts stay, as another one is another word.
 */
export function fold(text: string): string {
  const lower = text.toLowerCase();
  if (isPlain.test(lower)) return lower;
  return (
    lower
      .normalize('NFKD')
      // Again: what NFKD makes of a letter in a square or of mathematics may be a capital.
      .toLowerCase()
      .replace(marks, '')
      .normalize('NFC')
      .replace(alikes, (letter) => alike[letter] as string)
      .replace(digits, (digit) => String((digit.codePointAt(0) as number) & 0xf))
  );
}

/** As many code points of a word as are kept; never half of a surrogate pair. */
function shorten(word: string): string {
  if (word.length <= sizes.word) return word;
  return [...word.slice(0, sizes.word * 2)].slice(0, sizes.word).join('');
}

/** Each word of a folded text in its order; those that occur again too. */
function* segment(folded: string): Generator<string> {
  for (const [run] of folded.matchAll(runs)) {
    if (!unspaced.test(run)) {
      if (isWord.test(run)) yield shorten(run);
      continue;
    }
    for (const { segment: word, isWordLike } of segmenter.segment(run)) {
      if (isWordLike) yield shorten(word);
    }
  }
}

/** Characters by which a text may grow as it is folded; those behind them are not looked at. */
const MOST_ADDED = 1000;
/** So many characters are divided in one turn of the event loop, and the text that reaches it: some 20 ms of the dearest. */
const CHARACTERS_IN_A_TURN = 16_000;

/** One text is divided at a time, and one block: nothing waits in between. */
const plainOfText = new PlainWords();
const plainOfBlock = new PlainWords();

/**
 * Tokenizer: the different words of a text, at most `limit`, in the order in which they first occur. The
 * same for what is stored and for what is looked for, so that the one finds the other.
 */
export function wordsOf(text: string, limit: number = sizes.wordsPerText): string[] {
  plainOfText.clear();
  if (plainOfText.add(text, limit)) return plainOfText.list();
  const words = new Set<string>();
  // Compatibility decomposition may make a dozen characters of one; dictionaries cost by the character.
  for (const word of segment(fold(text).slice(0, text.length + MOST_ADDED))) {
    words.add(word);
    if (words.size >= limit) break;
  }
  return [...words];
}

/** The different words of several texts. */
export function wordsOfAll(texts: Iterable<string>): string[] {
  plainOfBlock.clear();
  const others = new Set<string>();
  for (const text of texts) {
    // It is too short for more words than are kept of a text, so its own need not be counted.
    const isShort = text.length < 2 * sizes.wordsPerText;
    if (isShort && plainOfBlock.add(text)) continue;
    for (const word of wordsOf(text)) others.add(word);
  }
  const words = plainOfBlock.list();
  if (others.size === 0) return words;
  for (const word of words) others.add(word);
  return [...others];
}

/** Characters that all who divide texts have taken since one of them last waited for a turn. */
let taken = 0;
const yieldTurn = createYielding();

/** The same beside other work: where there is much, by whoever asks, in several turns of the event loop. */
export async function wordsInTurns(texts: readonly string[]): Promise<string[]> {
  let words: Set<string> | undefined;
  let portion: string[] = [];
  for (const text of texts) {
    if (taken >= CHARACTERS_IN_A_TURN) {
      words = new Set([...(words ?? []), ...wordsOfAll(portion)]);
      portion = [];
      await yieldTurn();
      taken = 0;
    }
    portion.push(text);
    taken += text.length;
  }
  const last = wordsOfAll(portion);
  return words ? [...new Set([...words, ...last])] : last;
}
