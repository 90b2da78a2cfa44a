import { describe, expect, test } from '@jest/globals';
import { redactUrl } from '../../src/infra/log.ts';

describe('an address in the log', () => {
  test.each([
    ['/x?token=abc&y=1', '/x?token=[redacted]&y=1'],
    ['/x?%74oken=abc', '/x?%74oken=[redacted]'],
    ['/x?access_token=abc#f', '/x?access_token=[redacted]#f'],
    ['/x?jwt=abc&JWT=def', '/x?jwt=[redacted]&JWT=[redacted]'],
    ['/x?exp=1&sig=abc', '/x?exp=1&sig=[redacted]'],
    ['/x?a=b;authorization=abc', '/x?a=b;authorization=[redacted]'],
    [
      '/socket.io/?EIO=4&transport=polling&sid=abc',
      '/socket.io/?EIO=4&transport=polling&sid=[redacted]',
    ],
    ['/x?%E0%token=abc', '/x?%E0%token=[redacted]'],
  ])('%s becomes %s', (url, shown) => {
    expect(redactUrl(url)).toBe(shown);
  });

  test('is otherwise as it came', () => {
    const url = '/api/v1/tickets?status=OPEN&limit=5&before=x#y';
    expect(redactUrl(url)).toBe(url);
  });
});
