import { describe, expect, test } from '@jest/globals';
import {
  focused,
  offersFor,
  readCommandLine,
} from '../../widget/demo/page/discord/command-line.ts';
import type { Command } from '../../widget/demo/page/discord/shapes.ts';

const text = (name: string, more: object = {}) => ({ type: 3, name, description: name, ...more });
const commands: Command[] = [
  {
    id: '1',
    name: 'close',
    description: 'Close it',
    options: [text('reason'), text('in'), { type: 5, name: 'silent', description: 'silent' }],
  },
  {
    id: '2',
    name: 'canned',
    description: 'Replies',
    options: [
      {
        type: 1,
        name: 'send',
        description: 'Send',
        options: [text('name', { autocomplete: true })],
      },
      { type: 1, name: 'list', description: 'List' },
    ],
  },
  {
    id: '3',
    name: 'level',
    description: 'Level',
    options: [text('level', { choices: [{ name: 'Urgent', value: 'URGENT' }] })],
  },
];
const optionsOf = (line: string) => readCommandLine(line, commands)?.options;
const offered = (line: string, completed: { name: string; value: string }[] = []) =>
  offersFor(line, commands, completed).map((offer) => offer.text);

describe('a line', () => {
  test.each([
    ['/close', []],
    ['/close it is done', [{ type: 3, name: 'reason', value: 'it is done' }]],
    [
      '/close reason:it is done in:2h silent:yes',
      [
        { type: 3, name: 'reason', value: 'it is done' },
        { type: 3, name: 'in', value: '2h' },
        { type: 5, name: 'silent', value: true },
      ],
    ],
    ['/canned list', [{ type: 1, name: 'list', options: [] }]],
    [
      '/canned send name:hello',
      [{ type: 1, name: 'send', options: [{ type: 3, name: 'name', value: 'hello' }] }],
    ],
  ])('%s', (line, options) => {
    expect(optionsOf(line)).toEqual(options);
  });

  test.each(['hello', '/unknown', '/ close'])('"%s" is no command', (line) => {
    expect(readCommandLine(line, commands)).toBeUndefined();
  });

  test('marks the option that is being written', () => {
    const line = readCommandLine('/canned send name:he', commands);
    expect(line && focused(line)).toEqual([
      { type: 1, name: 'send', options: [{ type: 3, name: 'name', value: 'he', focused: true }] },
    ]);
  });
});

describe('offers', () => {
  test.each([
    ['/', ['/close ', '/canned ', '/level ']],
    ['/ca', ['/canned ']],
    ['/canned ', ['/canned send ', '/canned list ']],
    ['/close ', ['/close reason:', '/close in:', '/close silent:']],
    ['/close reason:done ', ['/close reason:done in:', '/close reason:done silent:']],
    ['/level level:', ['/level level:URGENT ']],
    ['hello', []],
  ])('after "%s"', (line, expected) => {
    expect(offered(line)).toEqual(expected);
  });

  test('what the bot completes stands in place of what was begun', () => {
    const completed = [{ name: 'Hello', value: 'hello' }];
    expect(offered('/canned send name:he', completed)).toEqual(['/canned send name:hello ']);
  });
});
