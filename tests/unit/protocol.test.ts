import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { drawLife } from '../../docs/generate-life.ts';
import { renderProtocol } from '../../docs/generate-protocol.ts';
import { type EndpointRow, endpoints } from '../../src/contract/endpoints.ts';

test('when the contract changes, then docs/PROTOCOL.md has been generated anew', () => {
  const document = readFileSync(new URL('../../docs/PROTOCOL.md', import.meta.url), 'utf8');
  expect(document).toContain('POST /api/v1/tickets');
  expect(document === renderProtocol(document) ? '' : 'run: npm run docs').toBe('');
});

test('every call in its tables is written with the path it has, and once', () => {
  const document = readFileSync(new URL('../../docs/PROTOCOL.md', import.meta.url), 'utf8');
  const calls = [...document.matchAll(/^\| `([A-Z]+ \/\S*)`/gm)].map(([, call]) => call);
  const rows: readonly EndpointRow[] = Object.values(endpoints);
  expect(calls.toSorted()).toEqual(rows.map(({ method, path }) => `${method} ${path}`).toSorted());
});

test('when the status table changes, then the picture of a ticket’s life has been drawn anew', () => {
  const picture = readFileSync(
    new URL('../../docs/images/ticket-life.svg', import.meta.url),
    'utf8',
  );
  expect(picture === drawLife() ? '' : 'run: npm run docs').toBe('');
});
