import { describe, expect, test } from '@jest/globals';
import { sizes } from '../../src/contract/limits.ts';
import { PlainWords } from '../../src/domain/search/plain-words.ts';
import { wordsOfAll } from '../../src/domain/search/words.ts';

const numbered = (from: number, count: number) =>
  Array.from({ length: count }, (_, n) => `w${from + n}`).join(' ');

describe('the set of plain words', () => {
  test('keeps each once, in lower case, in the order of their coming', () => {
    const words = new PlainWords();
    expect(words.add('The parcel: THE order')).toBe(true);
    expect(words.add('order 66, the end')).toBe(true);
    expect(words.list()).toEqual(['the', 'parcel', 'order', '66', 'end']);
    words.clear();
    expect(words.list()).toEqual([]);
    expect(words.add('again')).toBe(true);
    expect(words.list()).toEqual(['again']);
  });

  test('takes words for one of which no more is kept than they have in common', () => {
    const words = new PlainWords();
    const long = 'x'.repeat(sizes.word);
    words.add(`${long} ${long}y ${long}z x`);
    expect(words.list()).toEqual([long, 'x']);
  });

  test.each([
    ['one letter that is not plain', 'a word and an é'],
    ['half of a surrogate pair', 'a word \ud83d'],
    ['more bytes than are looked at', 'x '.repeat(10_000)],
    ...[16381, 16382, 16383, 16384].flatMap((length) =>
      ['é', '漢', '\u{1f600}', '\ud83d'].map((end): [string, string] => [
        `${length} units, of which ${JSON.stringify(end)} is the last`,
        `é ${'a '.repeat(9000)}`.slice(0, length - end.length) + end,
      ]),
    ),
  ])('takes no text with %s', (_, text) => {
    expect(new PlainWords().add(text)).toBe(false);
  });

  test('is bounded: beyond its words it takes only those it has, and all are found all the same', () => {
    const words = new PlainWords();
    const texts = Array.from({ length: 20 }, (_, n) => numbered(n * 300, 300));
    const taken = texts.map((text) => words.add(text));
    expect(taken[0]).toBe(true);
    expect(taken.at(-1)).toBe(false);
    expect(words.add(texts[0] as string)).toBe(true);
    const all = new Set(texts.flatMap((text) => text.split(' ')));
    expect(all.size).toBeGreaterThan(4096);
    expect(new Set(wordsOfAll(texts))).toEqual(all);
  });

  test('does not look far for words of one hash: it leaves them to a hash nobody can foresee', () => {
    const slotOf = (word: string) => {
      let hash = 0;
      for (const char of word) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193);
      return hash >>> 19;
    };
    const alike: string[] = [];
    for (let n = 0; n < 36 ** 4; n++) {
      const word = n.toString(36);
      if (slotOf(word) === 4000) alike.push(word);
    }
    expect(alike.length).toBeGreaterThan(100);
    expect(new PlainWords().add(alike.slice(0, 20).join(' '))).toBe(true);
    expect(new PlainWords().add(alike.slice(0, 100).join(' '))).toBe(false);
    expect(new Set(wordsOfAll([alike.slice(0, 300).join(' ')]))).toEqual(
      new Set(alike.slice(0, 300)),
    );
  });
});
