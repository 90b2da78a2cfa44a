import { expect, test } from '@jest/globals';
import { avatarUrl } from '../../bot/outbound/personas/persona-avatar.ts';
import { avatarTemplateProblem } from '../../src/variables/avatar-template.ts';

const template = 'https://partner.example/avatars/{id}.png';

test.each([
  ['ana', 'https://partner.example/avatars/ana.png'],
  ['a b', 'https://partner.example/avatars/a%20b.png'],
  ['../../admin', 'https://partner.example/avatars/..%2F..%2Fadmin.png'],
  ['x?y=1#z', 'https://partner.example/avatars/x%3Fy%3D1%23z.png'],
  ['a\\b\r\nc', 'https://partner.example/avatars/a%5Cb%0D%0Ac.png'],
  ['$&{id}', 'https://partner.example/avatars/%24%26%7Bid%7D.png'],
  ['50%', 'https://partner.example/avatars/50%25.png'],
  ['søren', 'https://partner.example/avatars/s%C3%B8ren.png'],
  // Half a character.
  ['\ud83d', 'https://partner.example/avatars/%EF%BF%BD.png'],
])('the picture of %j is at %s', (id, url) => {
  expect(avatarUrl(template, id)).toBe(url);
  expect(new URL(url).href).toBe(url);
});

test.each([[''], ['.'], ['..'], ['x'.repeat(2048)], ['é'.repeat(400)]])('%j has none', (id) => {
  expect(avatarUrl(template, id)).toBeUndefined();
});

test('nobody has one where no address is set', () => {
  expect(avatarUrl(undefined, 'ana')).toBeUndefined();
});

test('the id may stand in the query, and more than once', () => {
  const both = 'https://partner.example/{id}?of={id}';
  expect(avatarTemplateProblem(both)).toBeUndefined();
  expect(avatarUrl(both, 'a&b')).toBe('https://partner.example/a%26b?of=a%26b');
});

test.each([
  ['https://partner.example/avatar.png', 'it lacks {id}'],
  ['http://partner.example/{id}.png', 'it does not begin with https://'],
  ['javascript:alert({id})', 'it does not begin with https://'],
  ['partner.example/{id}.png', 'it is no address'],
  ['https://', 'it lacks {id}'],
  ['https:// {id}', 'it has a blank or a backslash in it'],
  ['https://partner.example/a b/{id}', 'it has a blank or a backslash in it'],
  ['https://partner.example/\n{id}', 'it has a blank or a backslash in it'],
  ['https:\\\\partner.example\\{id}', 'it has a blank or a backslash in it'],
  ['https:partner.example/{id}', 'it does not begin with https://'],
  ['https:///partner.example/{id}', 'it does not begin with https://'],
  ['https://{id}.partner.example/a.png', '{id} belongs into its path or its query'],
  ['https://partner.example:{id}/a.png', 'it is no address'],
  ['https://{id}@partner.example/{id}.png', 'it has a user name or a password in it'],
  ['https://partner.example/a.png#{id}', '{id} belongs into its path or its query'],
])('%s is refused: %s', (given, why) => {
  expect(avatarTemplateProblem(given)).toContain(why);
});
