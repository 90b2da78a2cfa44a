import { expect, test } from '@jest/globals';
import { personaName } from '../../bot/outbound/personas/persona-name.ts';

test.each([
  ['Ana', 'Ana'],
  ['Discord Fan', 'D·iscord Fan'],
  ['my clyde', 'my c·lyde'],
  ['@everyone', 'everyone (customer)'],
  ['Here', 'Here (customer)'],
  ['a#b:c```d', 'abcd'],
  ['D\u200bISCORD', 'D·ISCORD'],
  ['dis#cord', 'd·iscord'],
  ['\uff24iscord', 'D·iscord'],
  ['deskcord', 'deskcord (customer)'],
  ['  two\nlines  ', 'two lines'],
  ['@#:', 'Customer'],
  ['x'.repeat(100), `${'x'.repeat(79)}…`],
])('the name %j stands as %j', (name, shown) => {
  expect(personaName(name, ['Deskcord'])).toBe(shown);
});
