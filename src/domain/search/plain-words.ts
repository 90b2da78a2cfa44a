import { sizes } from '../../contract/limits.ts';

/** Bytes of a text that is looked at, different words kept, and bytes of these. */
const TEXT_BYTES = 16 * 1024;
const MOST_WORDS = 4096;
const WORD_BYTES = 64 * 1024;
/** Twice the words, so that few meet in one slot. */
const SLOT_BITS = 13;
/** Words that are passed on the way to a free slot: more are no accident. */
const MOST_PROBES = 32;

/** The letter or digit of each byte, in lower case; 0 for what stands between words. */
const letters = Uint8Array.from({ length: 256 }, (_, code) => {
  const char = String.fromCharCode(code).toLowerCase();
  return /[a-z0-9]/.test(char) ? char.charCodeAt(0) : 0;
});

/**
 * Hash set of the words of plain texts, those of ASCII alone. It works on bytes, as most words of a text
 * are known already, and a string for each of them would be made only to be thrown away.
 */
export class PlainWords {
  /** With room for a character more: a text that is cut has more bytes than it had characters, too. */
  readonly #text = Buffer.alloc(TEXT_BYTES + 4);
  readonly #bytes = Buffer.alloc(WORD_BYTES);
  readonly #starts = new Int32Array(MOST_WORDS + 1);
  readonly #hashes = new Int32Array(MOST_WORDS);
  /** Open addressing, linear probing: the number of a word from 1, or 0 for a free slot. */
  readonly #slots = new Int32Array(1 << SLOT_BITS);
  #count = 0;

  clear(): void {
    this.#slots.fill(0);
    this.#count = 0;
  }

  /**
   * Adds the words of a text, of each as much as is kept, until there are `limit`.
   * @returns false where it takes no more: the text is not plain, it is too long, or there are too many
   *   words or too many of one hash. Some of its words may have been added.
   */
  add(text: string, limit = Number.POSITIVE_INFINITY): boolean {
    const length = text.length;
    // As many bytes as characters: only ASCII.
    if (length > TEXT_BYTES || this.#text.write(text, 'utf8') !== length) return false;
    const bytes = this.#text;
    let start = -1;
    let hash = 0;
    for (let at = 0; at <= length; at++) {
      const letter = at < length ? (letters[bytes[at] as number] as number) : 0;
      if (letter !== 0) {
        if (start < 0) {
          start = at;
          hash = 0;
        }
        bytes[at] = letter;
        if (at - start < sizes.word) hash = Math.imul(hash ^ letter, 0x01000193);
      } else if (start >= 0) {
        if (!this.#addWord(start, Math.min(at - start, sizes.word), hash)) return false;
        if (this.#count >= limit) return true;
        start = -1;
      }
    }
    return true;
  }

  /** All words so far, in the order in which they first came. */
  list(): string[] {
    const starts = this.#starts;
    const all = this.#bytes.toString('latin1', 0, starts[this.#count]);
    const words: string[] = [];
    for (let nth = 0; nth < this.#count; nth++) words.push(all.slice(starts[nth], starts[nth + 1]));
    return words;
  }

  #addWord(from: number, length: number, hash: number): boolean {
    const slots = this.#slots;
    let slot = hash >>> (32 - SLOT_BITS);
    for (let probes = 0; probes < MOST_PROBES; probes++) {
      const nth = (slots[slot] as number) - 1;
      if (nth < 0) return this.#keep(slot, from, length, hash);
      if (this.#hashes[nth] === hash && this.#isWord(nth, from, length)) return true;
      slot = (slot + 1) & (slots.length - 1);
    }
    return false;
  }

  #isWord(nth: number, from: number, length: number): boolean {
    const bytes = this.#bytes;
    const text = this.#text;
    const start = this.#starts[nth] as number;
    if ((this.#starts[nth + 1] as number) - start !== length) return false;
    for (let at = 0; at < length; at++) if (bytes[start + at] !== text[from + at]) return false;
    return true;
  }

  #keep(slot: number, from: number, length: number, hash: number): boolean {
    const bytes = this.#bytes;
    const text = this.#text;
    const start = this.#starts[this.#count] as number;
    if (this.#count === MOST_WORDS || start + length > WORD_BYTES) return false;
    for (let at = 0; at < length; at++) bytes[start + at] = text[from + at] as number;
    this.#hashes[this.#count] = hash;
    this.#slots[slot] = ++this.#count;
    this.#starts[this.#count] = start + length;
    return true;
  }
}
