import { expect, test } from '@jest/globals';
import type { MessageView } from '../../src/contract/messages.ts';
import { historyOf } from '../browser/promise-witness.ts';
import { judgeHistory } from '../support/history-checker.ts';

const written = [
  { author: 'ana', texts: ['a1', 'a2'] },
  { author: 'kim', texts: ['k1'] },
];
const findings = (stored: string[], seen: string[]) => {
  const messages = stored.map((content) => ({ content }) as MessageView);
  const found = { ticketId: 't', written, stored: messages, seen: { page: seen } };
  return judgeHistory(historyOf(found)).map(({ kind }) => kind);
};

test.each([
  ['right', ['a1', 'k1', 'a2'], ['a1', 'k1', 'a2'], []],
  ['lost', ['a1', 'k1'], ['a1', 'k1'], ['lost', 'writer-reordered']],
  ['stored twice', ['a1', 'a1', 'k1', 'a2'], ['a1', 'a1', 'k1', 'a2'], ['doubled']],
  ['stored in another order', ['a2', 'k1', 'a1'], ['a2', 'k1', 'a1'], ['writer-reordered']],
  ['not shown', ['a1', 'k1', 'a2'], ['a1', 'a2'], ['reader-missed']],
  ['shown twice', ['a1', 'k1', 'a2'], ['a1', 'k1', 'k1', 'a2'], ['reader-twice']],
  ['shown in another order', ['a1', 'k1', 'a2'], ['k1', 'a1', 'a2'], ['reader-reordered']],
  ['shown and never stored', ['a1', 'k1', 'a2'], ['a1', 'k1', 'a2', 'x'], ['reader-phantom']],
])('a page and a log with something %s is judged as that', (_, stored, seen, kinds) => {
  expect(findings(stored, seen)).toEqual(expect.arrayContaining(kinds));
  expect(findings(stored, seen).length > 0).toBe(kinds.length > 0);
});
