import { describe, expect, test } from '@jest/globals';
import { checkText, displayName, isBlank } from '../../src/contract/text.ts';

describe('what is blank', () => {
  test.each([
    ['nothing', ''],
    ['spaces and line ends', ' \t\r\n'],
    ['other spaces', '\u00a0\u2003\u3000\u1680'],
    ['U+0000', '\u0000'],
    ['U+0085', '\u0085'],
    ['a soft hyphen', '\u00ad'],
    ['a zero-width space', '\u200b'],
    ['joiners', '\u200c\u200d'],
    ['direction marks', '\u200e\u202e\u2066\u2069\u061c'],
    ['a word joiner', '\u2060'],
    ['a byte order mark', '\ufeff'],
    ['fillers', '\u3164\u115f\u1160\uffa0'],
    ['variation selectors', '\ufe0f\u{e0100}'],
    ['tags', '\u{e0041}\u{e007f}'],
    ['the empty Braille pattern', '\u2800'],
    ['separators of lines and paragraphs', '\u2028\u2029'],
    ['a lone surrogate', '\ud800'],
    ['noncharacters', '\ufffe\u{1ffff}'],
  ])('%s', (_what, text) => {
    expect(isBlank(text)).toBe(true);
    expect(isBlank(`${text}x${text}`)).toBe(false);
  });

  test.each(['.', '😀', '👨‍👩‍👧', '❤️', '1️⃣', 'ا', '中', '\u0301', '\ufffc'])('not %s', (text) => {
    expect(isBlank(text)).toBe(false);
  });
});

describe('the rule of every text', () => {
  test.each([
    ['', 'too_short'],
    [' ', 'blank'],
    ['\u200b', 'blank'],
    ['a\ud800', 'lone_surrogate'],
    ['12345', 'too_long'],
    ['😀😀😀😀😀', 'too_long'],
    ['😀😀😀😀', undefined],
  ])('%j of at most 4: %s', (text, type) => {
    expect(checkText(text, { max: 4 })?.type).toBe(type);
  });

  test('a text that may be empty may still not be blank', () => {
    expect(checkText('', { max: 4, empty: true })).toBeUndefined();
    expect(checkText('\u200b', { max: 4, empty: true })?.type).toBe('blank');
  });
});

describe('display names', () => {
  test.each([
    ['Ana', 'Ana'],
    ['  Ana   María ', 'Ana María'],
    ['\u202eanA', 'anA'],
    ['A\u2066n\u2069a\u200b\u2060\u00ad', 'Ana'],
    ['Ana\u0000\u0085', 'Ana'],
    ['می\u200cخواهم', 'می\u200cخواهم'],
    ['👨\u200d👩\u200d👧', '👨\u200d👩\u200d👧'],
    ['Ana (Shop)', 'Ana (Shop)'],
    ['Kim (staff)', 'Kim [staff]'],
    ['Kim ( STAFF )', 'Kim [ STAFF ]'],
    ['Kim (st\u200daff)', 'Kim [staff]'],
    ['Kim (s\u200btaff)', 'Kim [staff]'],
    ['Kim （staff）', 'Kim [staff]'],
    ['Bot (system)', 'Bot [system]'],
    ['Kim (senior staff, on call)', 'Kim [senior staff, on call]'],
    ['Kim (staffing)', 'Kim (staffing)'],
  ])('a customer named %j is shown as %j', (name, shown) => {
    expect(displayName(name, 'customer')).toBe(shown);
  });

  test('what is left of staff keeps its tags, and a name of nothing gets a word', () => {
    expect(displayName('Kim (staff)\u202e', 'staff')).toBe('Kim (staff)');
    expect(displayName('\u200b', 'staff')).toBe('staff');
    expect(displayName('\u200b', 'customer')).toBe('customer');
  });
});
