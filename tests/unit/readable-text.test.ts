import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fileNameOf } from '../../bot/inbound/incoming.ts';
import { readableText } from '../../bot/inbound/readable-text.ts';

const known = '123456789012345678';
const gone = '999999999999999999';
const names = {
  user: (id: string) => (id === known ? 'Robin' : undefined),
  role: (id: string) => (id === known ? 'Developer' : undefined),
  channel: (id: string) => (id === known ? 'ticket-0001' : undefined),
};

test.each([
  [`ask <@${known}> or <@!${known}>`, 'ask @Robin or @Robin'],
  [`<@&${known}> in <#${known}>`, '@Developer in #ticket-0001'],
  [`<@${gone}> <@&${gone}> <#${gone}>`, '@unknown-user @deleted-role #deleted-channel'],
  ['Call <t:1893456000:F>', 'Call 2030-01-01 00:00 UTC'],
  ['<t:1893456000> <t:1893456000:R>', '2030-01-01 00:00 UTC 2030-01-01 00:00 UTC'],
  ['on <t:1893456000:D>', 'on 2030-01-01'],
  ['at <t:1893456001:T>', 'at 2030-01-01 00:00:01 UTC'],
  ['<t:-1:f>', '1969-12-31 23:59 UTC'],
  ['<t:99999999999999999:f>', '<t:99999999999999999:f>'],
  ['<id:customize> <id:browse> <id:guide>', '#Channels & Roles #Browse Channels #Server Guide'],
  [`</close:${known}> </ticket new:${known}>`, '/close /ticket new'],
  [`<:wave:${known}> <a:dance:${known}>`, ':wave: :dance:'],
  ['<https://example.com> a < b > c', '<https://example.com> a < b > c'],
])('%j reads %j', (given, wanted) => {
  expect(readableText(given, names)).toBe(wanted);
});

test('whatever is written, no id of a mention is left', () => {
  const piece = fc.oneof(
    fc.constantFrom(`<@${gone}>`, `<@&${gone}>`, `<#${gone}>`, `<t:5:R>`, `<:a:${gone}>`, '<', '>'),
    fc.string({ maxLength: 5 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      expect(readableText(pieces.join(' '), names)).not.toMatch(/<(@[!&]?|#)\d{17,}>/);
    }),
  );
});

test.each([
  ['rsum___1.txt', 'résumé – 文書 №1', 'résumé – 文書 №1.txt'],
  ['a.txt', 'a.txt', 'a.txt'],
  ['.png', '😀', '😀.png'],
  ['bill.pdf', null, 'bill.pdf'],
  ['README', 'Ünï', 'Ünï'],
])('the file %j with the title %j is called %j', (name, title, wanted) => {
  expect(fileNameOf({ name, title })).toBe(wanted);
});
