import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  escapeName,
  MAX_CONTENT,
  neutralise,
  speechParts,
  splitText,
  systemLine,
} from '../../bot/format.ts';

describe('neutralise', () => {
  test.each([
    ['plain text, 3 < 4 and a.b-c', 'plain text, 3 < 4 and a.b-c'],
    ['**Bob**: hi', '\\*\\*Bob\\*\\*: hi'],
    ['snake_case_name stays', 'snake_case_name stays'],
    ['_soft_ and __hard__', '\\_soft\\_ and \\_\\_hard\\_\\_'],
    ['~~gone~~ ||hidden|| a|b ~1', '\\~\\~gone\\~\\~ \\|\\|hidden\\|\\| a|b ~1'],
    ['`code`', '\\`code\\`'],
    ['\\*already\\*', '\\\\\\*already\\\\\\*'],
    [
      '<@123456789012345678> <#1> <:a:1> <t:1:R>',
      '\\<@123456789012345678> \\<#1> \\<:a:1> \\<t:1:R>',
    ],
    ['# Title\n> quote\n-# small\n- item', '\\# Title\n\\> quote\n\\-# small\n\\- item'],
    ['  # Title', '  \\# Title'],
    ['[INFO] done', '[INFO] done'],
    ['[bank](https://evil.example)', '\\[bank](https://evil.example)'],
    ['see https://a.example/x_y_z?a=**b**', 'see https://a.example/x_y_z?a=**b**'],
    ['@everyone @here', '@everyone @here'],
    ['a\u202eb\u2066c\u200fd', 'abcd'],
    ['one\r\ntwo\u0007', 'one\ntwo'],
  ])('%j becomes %j', (given, wanted) => {
    expect(neutralise(given)).toBe(wanted);
  });

  test('code blocks stay as they are', () => {
    expect(neutralise('look:\n```js\nconst a = **b**;\n```\n**x**')).toBe(
      'look:\n```js\nconst a = **b**;\n```\n\\*\\*x\\*\\*',
    );
  });

  test('an unclosed code block is no code block', () => {
    expect(neutralise('```js\nx')).toBe('\\`\\`\\`js\nx');
  });
});

describe('escapeName', () => {
  test('is one harmless word of a line', () => {
    expect(escapeName('Ana**: hi\n**Bob')).toBe('Ana\\*\\*: hi \\*\\*Bob');
    expect(escapeName('\u202eanA\u200b')).toBe('anA');
    expect(escapeName(' \u200b ')).toBe('Customer');
  });
});

describe('speechParts', () => {
  test('short text is one part that begins with the name', () => {
    expect(speechParts({ name: 'Ana', text: 'hi' })).toEqual(['**Ana**: hi']);
    expect(speechParts({ name: 'Bob', tag: 'staff', text: 'hi' })).toEqual(['**Bob** (staff): hi']);
  });

  test('a name cannot pass for a tag', () => {
    expect(speechParts({ name: 'Ana** (staff)', text: 'hi' })).toEqual([
      '**Ana\\*\\* “staff”**: hi',
    ]);
  });

  test('no text can pass for a note of the bot', () => {
    const [part] = speechParts({ name: 'Ana', text: '\n-# The ticket is closed' });
    expect(part).toBe('**Ana**: \n\\-# The ticket is closed');
    expect(systemLine('The ticket\nis closed')).toBe('-# The ticket is closed');
  });

  test('long text is split between words and nothing is lost', () => {
    const words = Array.from({ length: 1200 }, (_, i) => `w${i}`);
    const parts = speechParts({ name: 'Ana', text: words.join(' ') });
    expect(parts.length).toBeGreaterThan(2);
    const back = parts.map((part, i) => part.slice(i === 0 ? 9 : `**Ana** (${i + 1}): `.length));
    expect(back.join(' ').split(/\s+/)).toEqual(words);
  });

  test('a code block that fits one message is not cut', () => {
    const block = `\`\`\`js\n${'x = 1;\n'.repeat(150)}\`\`\``;
    const parts = speechParts({ name: 'Ana', text: `${'word '.repeat(250)}\n${block}` });
    expect(parts).toHaveLength(2);
    expect(parts[1]?.match(/```/g)).toHaveLength(2);
    expect(parts[1]?.match(/x = 1;/g)).toHaveLength(150);
  });

  test('a longer code block is closed and opened again', () => {
    const block = `\`\`\`js\n${'let y = 2;\n'.repeat(400)}\`\`\``;
    const parts = speechParts({ name: 'Ana', text: block });
    expect(parts.length).toBeGreaterThan(2);
    for (const part of parts) {
      expect(part.match(/```/g)).toHaveLength(2);
      expect(part).toMatch(/```js\n/);
    }
    expect(parts.join('').match(/let y = 2;/g)).toHaveLength(400);
  });

  test('whatever is said fits, keeps its letters and leaves no fence open', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 400 }),
      fc.constantFrom(
        '```',
        '```js\n',
        '\n',
        '\n# ',
        '**',
        '\\',
        ' ',
        '`',
        'https://a.example/_x_',
        '[a](b)',
      ),
      fc.string({ minLength: 2100, maxLength: 2600 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const parts = splitText(pieces.join(''), 60);
        for (const part of parts) {
          expect(part.length).toBeLessThanOrEqual(MAX_CONTENT - 60);
          expect(part.isWellFormed()).toBe(true);
          expect((part.match(/(?<!\\)```/g) ?? []).length % 2).toBe(0);
        }
        const letters = (text: string) => text.replace(/[^a-z0-9]/gi, '');
        const language = /```[A-Za-z0-9_+#.-]{1,20}\n/g;
        const plain = (text: string) => letters(text.replace(language, ''));
        expect(plain(parts.join(''))).toBe(plain(neutralise(pieces.join(''))));
      }),
      { numRuns: 300, seed: 7, endOnFailure: true },
    );
  });
});

describe('what people write outside of English', () => {
  test.each([
    ['3. three\n7. seven', '3\\. three\n7\\. seven'],
    ['  12) twelve', '  12\\) twelve'],
    ['3.5 kg and 2. May', '3.5 kg and 2. May'],
  ])('the list %j keeps its numbers', (given, wanted) => {
    expect(neutralise(given)).toBe(wanted);
  });

  test.each([
    ['a family', '👩‍👩‍👧‍👦'],
    ['a flag', '🇨🇭'],
    ['a skin tone', '👍🏽'],
    ['Thai marks', 'กำ้'],
  ])('no piece begins or ends within %s', (_name, character) => {
    const whole = [...new Intl.Segmenter().segment(character)].map(({ segment }) => segment);
    for (let before = 0; before < 12; before++) {
      const text = 'x'.repeat(before) + character.repeat(900);
      const pieces = splitText(text, 20);
      expect(pieces.join('')).toBe(neutralise(text));
      for (const piece of pieces) {
        const clusters = [...new Intl.Segmenter().segment(piece)].map(({ segment }) => segment);
        expect(new Set(clusters.filter((one) => one !== 'x'))).toEqual(new Set(whole));
      }
    }
  });

  test('a link that fits a post is not cut, with spaces around it or without', () => {
    const link = `https://shop.example/reset?token=${'abc123'.repeat(20)}`;
    for (const before of ['字'.repeat(1930), `${'word '.repeat(386)}`]) {
      const pieces = splitText(`${before}${link}`, 20);
      expect(pieces.some((piece) => piece.includes(link))).toBe(true);
    }
  });

  test('text of nothing but marks or links still ends', () => {
    const marks = `a${'\u0301'.repeat(5000)}`;
    expect(splitText(marks, 20).join('')).toBe(marks);
    const link = `https://x.example/${'y'.repeat(5000)}`;
    expect(splitText(link, 20).join('')).toBe(link);
    const fenced = `\`\`\`\nhttps://x.example/${'y'.repeat(1940)}\n\`\`\``;
    expect(splitText(fenced, 20).length).toBeGreaterThan(0);
  });
});

test.each(['Bob (staff)', 'Bob （system）', 'Bob [ Staff ]', 'Bob (edited)'])(
  'the name %j cannot pass for another tag',
  (name) => {
    expect(escapeName(name)).not.toMatch(/[([]\s*(staff|system|edited)/i);
  },
);
