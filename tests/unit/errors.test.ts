import { createRequire } from 'node:module';
import { expect, test } from '@jest/globals';
import { isTransient } from '../../bot/rest/discord-errors.ts';
import { AppError, toAppError } from '../../src/errors.ts';

type ErrorClass = new (pool: object, message?: string) => Error;

const require = createRequire(import.meta.url);
const pools = require('mongodb/lib/cmap/errors.js') as Record<string, ErrorClass>;
const pool = { address: 'localhost:27017', serverError: new Error('gone') };

test.each(Object.keys(pools))(
  'MongoDB’s %s is an outage, to whoever asks and to the bot',
  (name) => {
    const Thrown = pools[name] as ErrorClass;
    const error = new Thrown(pool, 'gone');
    expect(toAppError(error).code).toBe('SERVICE_UNAVAILABLE');
    expect(isTransient(error)).toBe(true);
  },
);

test('a bug is none, and a refusal stays what it is', () => {
  expect(toAppError(new TypeError('x is undefined')).code).toBe('INTERNAL_SERVER_ERROR');
  const refusal = new AppError('CONFLICT', 'closed');
  expect(toAppError(refusal)).toBe(refusal);
});
