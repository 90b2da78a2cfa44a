import { describe, expect, test } from '@jest/globals';
import type { WriteError } from 'mongodb';
import { verdictsOfAnswer } from '../../src/domain/log/verdicts.ts';

const refused = (index: number, code: number, errmsg = '') =>
  ({ index, code, errmsg }) as WriteError;
const kinds = (writeErrors: WriteError[], ordered: boolean, writeConcernError?: object) =>
  verdictsOfAnswer({ writeErrors, writeConcernError }, 3, ordered).map(({ kind }) => kind);

describe('the verdict on each row of an insert', () => {
  test.each([
    ['seq_taken', 11000, 'dup key: index: entry_seq'],
    ['seen', 11000, 'dup key: index: entry_client_id'],
    ['failed', 121, 'the document failed validation'],
    // A primary that steps down, a time limit, a shutdown: the row may be there by tomorrow.
    ['unknown', 10107, 'not primary'],
    ['unknown', 50, 'operation exceeded time limit'],
    ['unknown', 11600, 'interrupted at shutdown'],
  ])('is %s for the code %i', (kind, code, message) => {
    expect(kinds([refused(1, code, message)], false)).toEqual(['stored', kind, 'stored']);
    expect(kinds([refused(1, code, message)], true)).toEqual(['stored', kind, 'not_tried']);
  });

  test('is unknown for all of them while no majority has confirmed', () => {
    expect(kinds([refused(1, 11000, 'entry_seq')], false, { code: 64 })).toEqual(
      Array(3).fill('unknown'),
    );
  });
});
