import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { drawLife } from '../../docs/generate-life.ts';
import { renderProtocol } from '../../docs/generate-protocol.ts';

test('when the contract changes, then docs/PROTOCOL.md has been generated anew', () => {
  const document = readFileSync(new URL('../../docs/PROTOCOL.md', import.meta.url), 'utf8');
  expect(document).toContain('POST /api/v1/tickets');
  expect(document === renderProtocol(document) ? '' : 'run: npm run docs').toBe('');
});

test('when the status table changes, then the picture of a ticket’s life has been drawn anew', () => {
  const picture = readFileSync(
    new URL('../../docs/images/ticket-life.svg', import.meta.url),
    'utf8',
  );
  expect(picture === drawLife() ? '' : 'run: npm run docs').toBe('');
});
