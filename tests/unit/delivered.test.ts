import { describe, expect, test } from '@jest/globals';
import { saysItIsPartial } from '../../bot/format.ts';
import { isHint } from '../../src/domain/hints.ts';
import type { Entry } from '../../src/domain/log/entry.ts';
import { deliveredAfter, deliveredOf } from '../../src/domain/mirror/delivered.ts';

const entry = (seq: number, role = 'CUSTOMER', more: object = {}) =>
  ({ seq, type: 'message', origin: 'web', author: { role }, ...more }) as Entry;

describe('how far a ticket is delivered', () => {
  test.each([
    ['as it is written down', { delivered: 2, seq: 5, steps: [] }, 2],
    ['nothing before the description', { delivered: null, seq: 0, steps: [] }, null],
    ['in a row from before, up to its offset', { seq: 5, steps: [] }, 5],
    ['in one, the description alone', { seq: 0, steps: ['described'] }, 0],
    ['in one, nothing yet', { seq: 0, steps: [] }, null],
  ])('%s', (_, row, wanted) => {
    expect(deliveredOf(row)).toBe(wanted);
  });

  test.each([
    ['goes on with each entry', 4, entry(5), true, 5],
    ['with a change of the ticket, too', 4, entry(5, 'AGENT', { type: 'ticket_change' }), true, 5],
    ['stays below what is not whole', 4, entry(5), false, 4],
    ['and below all behind it', 4, entry(6), true, 4],
    ['whatever the server itself says', 4, entry(6, 'AGENT', { origin: 'system' }), true, 4],
    ['until staff write', 4, entry(7, 'AGENT'), true, 7],
    ['stays unknown behind a description that is not', null, entry(1), true, null],
  ])('%s', (_, before, next, isWhole, wanted) => {
    expect(deliveredAfter(before, next, isWhole)).toBe(wanted);
  });
});

test.each([
  ['**Ana**: hello', false],
  ['**Ana**: *(Discord does not take this text; it is attached)*', false],
  ['**Ana**: *(Discord does not take this message; the ticket has it)*', true],
  ['**Ana**: look\n-# Not shown here: a.txt (too large for Discord). The ticket has it.', true],
  ['**Ana**: look\n\\-# Not shown here: a.txt', false],
  ['**Ana**: \\*(Discord does not take this message; the ticket has it)\\*', false],
])('%j says itself that it does not show all: %s', (content, wanted) => {
  expect(saysItIsPartial(content)).toBe(wanted);
});

test.each([
  [{ ticket_id: 'a'.repeat(24), owner: 'ana', seq: 0 }, true],
  [{ ticket_id: 'a'.repeat(24), owner: 'ana', seq: -1 }, false],
  [{ ticket_id: 'a'.repeat(24), owner: 'ana' }, false],
  [{ ticket_id: 'a'.repeat(24), seq: 1 }, false],
  [{ ticket_id: 'x', owner: 'ana', seq: 1 }, false],
])('of what comes over the bus, %j is a hint: %s', (fields, wanted) => {
  expect(isHint({ kind: 'delivered', ...fields })).toBe(wanted);
});
