import { describe, expect, test } from '@jest/globals';
import type { WriteError } from 'mongodb';
import { resultsOfAnswer } from '../../src/domain/log/insert-results.ts';

const refused = (index: number, code: number, errmsg = '', ...keys: string[]) => {
  const keyPattern = Object.fromEntries(keys.map((key) => [key, 1]));
  return { index, code, errmsg, keyPattern } as unknown as WriteError;
};
const kinds = (writeErrors: WriteError[], ordered: boolean, writeConcernError?: object) =>
  resultsOfAnswer({ writeErrors, writeConcernError }, 3, ordered).map(({ kind }) => kind);

describe('the result on each row of an insert', () => {
  test.each<[kind: string, code: number, message: string, ...keys: string[]]>([
    ['seq_taken', 11000, 'dup key', 'ticket_id', 'stream', 'seq'],
    [
      'duplicate_key',
      11000,
      'dup key: { client_id: "entry_seq" }',
      'ticket_id',
      'author.key',
      'client_id',
    ],
    ['failed', 121, 'the document failed validation'],
    // A primary that steps down, a time limit, a shutdown: the row may be there by tomorrow.
    ['unknown', 10107, 'not primary'],
    ['unknown', 50, 'operation exceeded time limit'],
    ['unknown', 11600, 'interrupted at shutdown'],
  ])('is %s for the code %i', (kind, code, message, ...keys) => {
    expect(kinds([refused(1, code, message, ...keys)], false)).toEqual(['stored', kind, 'stored']);
    expect(kinds([refused(1, code, message, ...keys)], true)).toEqual(['stored', kind, 'skipped']);
  });

  test('is unknown for all of them while no majority has confirmed', () => {
    expect(kinds([refused(1, 11000, 'dup key', 'seq')], false, { code: 64 })).toEqual(
      Array(3).fill('unknown'),
    );
  });
});
