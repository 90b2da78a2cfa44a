import { describe, expect, test } from '@jest/globals';
import { canonicalEmoji } from '../../src/contract/emoji.ts';
import { sizes } from '../../src/contract/limits.ts';

const read = (text: string) => canonicalEmoji(text, sizes.emoji);

describe('an emoji', () => {
  const emoji = ['👍', '👍🏽', '👨‍👩‍👧‍👦', '👩🏽‍❤️‍💋‍👨🏻', '🏳️‍🌈', '🇩🇪', '1️⃣', '🏴󠁧󠁢󠁥󠁮󠁧󠁿', '❤️', '👁️'];
  test.each(emoji)('%s is one, as it is', (text) => expect(read(text)).toBe(text));

  test('is the same with and without what makes it one', () => {
    expect(read('❤')).toBe('❤️');
    expect(read('1⃣')).toBe('1️⃣');
    expect(read('👍\uFE0F')).toBe('👍');
  });

  const others = [
    ['nothing', ''],
    ['a letter', 'a'],
    ['a digit', '1'],
    ['a name', ':tada:'],
    ['two', '👍👍'],
    ['an emoji and a letter', '👍a'],
    ['an emoji with marks piled on it', '👍\u0301\u0301'],
    ['an emoji with hidden text', '👍\u{E0061}\u{E007F}'],
    ['a joiner that joins nothing', '👍\u200D'],
    ['half a character', '\uD83D'],
    ['one longer than any', Array(9).fill('👍').join('\u200D')],
  ] as const;
  test.each(others)('%s is none', (_, text) => expect(read(text)).toBeUndefined());
});
