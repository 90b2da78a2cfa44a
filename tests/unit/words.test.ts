import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { sizes } from '../../src/contract/limits.ts';
import { fold, wordsInTurns, wordsOf, wordsOfAll } from '../../src/domain/search/words.ts';

describe('the words of a text', () => {
  test.each([
    ['lower case, each once, in order', 'The Parcel, the parcel!', ['the', 'parcel']],
    [
      'divided at what is no letter or digit',
      'AB-1234 a.b@example.com',
      ['ab', '1234', 'a', 'b', 'example', 'com'],
    ],
    ['accents folded', 'Café naïve Ångström Đà Łódź', ['cafe', 'naive', 'angstrom', 'da', 'lodz']],
    ['composed and decomposed alike', 'é e\u0301 \ufb01n', ['e', 'fin']],
    [
      'letters that stand for one another',
      'Straße STRASSE Œuvre smørrebrød',
      ['strasse', 'oeuvre', 'smorrebrod'],
    ],
    ['Turkish with and without dots', 'İADE ıade iade', ['iade']],
    ['Greek with its two sigmas', 'ΟΔΟΣ οδος οδός', ['οδοσ']],
    ['Vietnamese', 'Tiếng Việt', ['tieng', 'viet']],
    ['Japanese by a dictionary', '東京の倉庫から荷物', ['東京', 'の', '倉庫', 'から', '荷物']],
    ['Japanese voicing kept, widths folded', 'ｶﾞﾗｽ ガラス カラス', ['ガラス', 'カラス']],
    ['Chinese', '我的订单没有到', ['我的', '订单', '没有', '到']],
    ['Thai', 'พัสดุยังไม่มาถึง', ['พัสดุ', 'ยัง', 'ไม่', 'มา', 'ถึง']],
    ['Korean', '배송이 늦어요', ['배송이', '늦어요']],
    ['Hindi with its vowels', 'पार्सल नहीं', ['पार्सल', 'नहीं']],
    ['Arabic without tatweel and harakat', 'الطَّـلَبُ', ['الطلب']],
    [
      'Arabic alef forms, ends and digits',
      'أحمد إحمد آحمد ٱحمد مدرسة مدرسه ١٢٣',
      ['احمد', 'مدرسه', '123'],
    ],
    ['Hebrew without points', 'שָׁלוֹם', ['שלום']],
    ['emoji and signs are none', '👍🏽 — … 🇯🇵 ★', []],
    ['capitals of mathematics', '𝐏𝐀𝐑𝐂𝐄𝐋', ['parcel']],
    ['a mixture', 'iPhone15の充電器', ['iphone15', 'の', '充電器']],
  ])('%s', (_, text, words) => {
    expect(wordsOf(text)).toEqual(words);
  });

  test('are bounded: a long word is cut by code points, the words after the last one are left out', () => {
    const long = '\u{20000}'.repeat(2) + 'x'.repeat(200);
    const [word] = wordsOf('x'.repeat(4000));
    expect(word).toBe('x'.repeat(sizes.word));
    expect(wordsOf('𝒳'.repeat(300))).toEqual(['x'.repeat(sizes.word)]);
    for (const each of wordsOf(long)) expect([...each].length).toBeLessThanOrEqual(sizes.word);
    const many = Array.from({ length: 3000 }, (_, n) => n.toString(36)).join(' ');
    expect(wordsOf(many)).toHaveLength(sizes.wordsPerText);
    expect(wordsOf('a b c', 2)).toEqual(['a', 'b']);
  });

  test('of a plain text are those that the rule for all scripts finds in it', () => {
    const plain = fc.string({ unit: 'binary-ascii', maxLength: 200 });
    fc.assert(
      fc.property(plain, (text) => {
        // A letter that is not plain has the whole text read by the other rule.
        const [first, ...others] = wordsOf(`ж ${text}`);
        expect(first).toBe('ж');
        expect(wordsOf(text)).toEqual(others);
      }),
    );
  });

  test('of several texts are those of each', () => {
    const texts = fc.array(
      fc.oneof(
        fc.string({ unit: 'binary', maxLength: 60 }),
        fc.string({ unit: 'binary-ascii', maxLength: 60 }),
        fc.constantFrom('one é two', 'one\u200btwo three', 'İone 東京 two', 'x '.repeat(3000)),
      ),
      { maxLength: 4 },
    );
    fc.assert(
      fc.property(texts, (some) => {
        const words = wordsOfAll(some);
        const each = new Set(some.flatMap((text) => wordsOf(text)));
        expect(words).toHaveLength(each.size);
        expect(new Set(words)).toEqual(each);
      }),
    );
  });

  /** How often the event loop goes round until it is done. */
  async function countTurns(work: Promise<unknown>): Promise<number> {
    let turns = 0;
    let next = setImmediate(function count() {
      turns++;
      next = setImmediate(count);
    });
    await work;
    clearImmediate(next);
    return turns;
  }
  const longTexts = (from: number, count: number) =>
    Array.from({ length: count }, (_, n) => `start${from + n} ${'㌖'.repeat(4000)} end${from + n}`);

  test('of long texts are found in turns, so that nobody waits for all of them', async () => {
    const texts = longTexts(0, 32);
    const words = wordsInTurns(texts);
    expect(await countTurns(words)).toBeGreaterThanOrEqual(7);
    expect(await words).toEqual([...new Set(texts.flatMap((text) => wordsOf(text)))]);
    expect(await words).toContain('start31');
    expect(await wordsInTurns(['a b', 'b c'])).toEqual(['a', 'b', 'c']);
    expect(await wordsInTurns([])).toEqual([]);
  });

  test('of long texts that many ask for at once, too, and each gets its own', async () => {
    const asked = Array.from({ length: 8 }, (_, n) => longTexts(4 * n, 4));
    const found = Promise.all(asked.map(wordsInTurns));
    expect(await countTurns(found)).toBeGreaterThanOrEqual(7);
    for (const [n, words] of (await found).entries()) {
      expect(new Set(words)).toEqual(new Set(asked[n]?.flatMap((text) => wordsOf(text))));
    }
  });

  test('of a text that grows as it is folded are those of its beginning', () => {
    expect(wordsOf(`㌖ ${'ﷺ '.repeat(10)} last`)).toContain('last');
    expect(wordsOf(`${'ﷺ '.repeat(3000)} last`)).not.toContain('last');
  });

  test('are those of the folded text, so that what is folded already stays as it is', () => {
    for (const text of ['Straße', 'الطَّـلَبُ', 'ｶﾞﾗｽ', 'İADE', '①②㍿ﷺ', 'Ǆ']) {
      expect(fold(fold(text))).toBe(fold(text));
    }
  });
});
