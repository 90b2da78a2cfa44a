import { describe, expect, test } from '@jest/globals';
import { isInternalNote, typedCommand } from '../../bot/inbound/classify.ts';

describe('a note for the staff', () => {
  test.each([
    '// plain',
    '  \n\t// after white space',
    '\u00a0\ufeff// after other spaces',
    '\u200b// after a zero-width space',
    '\u2060\u200d// after a word joiner',
    '\u3164\u2800\ufe0f// after fillers',
    '\u202e// after a direction mark',
    '**// bold**',
    '__*// more*__',
    '~~// struck~~',
    '||// hidden||',
    '`// code`',
    '```\n// a block\n```',
    '> // quoted',
    '>>> // quoted to the end',
    '> what he wrote\n// is a lie',
    '> one\n> two\n\n// is a lie',
    '# // heading',
    '-# // small',
    '- // item',
    '\\// escaped',
    '<@123456789012345678> // look',
    '<@!123456789012345678>// look',
    '<@&123456789012345678> <#123456789012345678> // look',
    '<@123456789012345678>\n// look',
    '@here // look',
    '<:wave:123456789012345678> // look',
    '<t:1893456000:R> // look',
    '／／ full width',
  ])('is %j', (content) => {
    expect(isInternalNote(content)).toBe(true);
  });

  test.each([
    '',
    'hello // there',
    'https://example.com',
    '/ / apart',
    '/close',
    '> what you wrote\nis right',
    '> what you wrote once',
    'first\n// second',
    '```js\nconst a = 1; // a comment\n```',
    '**bold** // later',
  ])('is not %j', (content) => {
    expect(isInternalNote(content)).toBe(false);
  });
});

describe('a command that was typed as text', () => {
  const names = ['close', 'level', 'role'];
  test.each([
    ['/close', 'close'],
    ['/close solved', 'close'],
    [' /level CRITICAL', 'level'],
    ['/CLOSE', 'close'],
    ['/clsoe spam', 'close'],
    ['/cloes', 'close'],
    ['/clos', 'close'],
    ['/closee', 'close'],
    ['/rol', 'role'],
    ['\u200b/close', 'close'],
    ['**/close**', undefined],
    ['／close', 'close'],
    ['/close\nthe door', 'close'],
  ])('%j was meant to be %j', (content, wanted) => {
    expect(typedCommand(content, names)).toBe(wanted);
  });

  test.each([
    'close',
    'see /close',
    '/foo bar',
    '/usr/bin/close',
    '/c',
    '/',
    '// close',
    '/closed.html',
  ])('%j is none', (content) => expect(typedCommand(content, names)).toBeUndefined());
});
