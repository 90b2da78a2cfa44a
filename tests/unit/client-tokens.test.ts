import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { createDeskClient } from '../../client/index.ts';
import { Tokens } from '../../client/tokens.ts';

const silence = () => new Promise<string>(() => {});

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

/** How it has ended so far. */
function watch(work: Promise<unknown>): { end: unknown } {
  const watched: { end: unknown } = { end: 'waits' };
  work.then(
    (value) => (watched.end = value),
    (error: Error) => (watched.end = error.message),
  );
  return watched;
}

test('when a site gives no token for 30 s, then whoever waits is told, and the next asks anew', async () => {
  const answers = [silence(), Promise.resolve('a token')];
  const tokens = new Tokens(() => answers.shift() as Promise<string>);
  const waiting = [watch(tokens.get()), watch(tokens.get())];
  await jest.advanceTimersByTimeAsync(29_900);
  expect(waiting).toEqual([{ end: 'waits' }, { end: 'waits' }]);
  await jest.advanceTimersByTimeAsync(200);
  const end = 'the site gave no token in time';
  expect(waiting).toEqual([{ end }, { end }]);
  expect(await tokens.get()).toBe('a token');
  expect(jest.getTimerCount()).toBe(0);
});

test('when a site gives no token, then a client is offline and says so, and asks again', async () => {
  let asked = 0;
  const codes: string[] = [];
  const client = createDeskClient({
    url: 'http://127.0.0.1:1',
    getToken: () => {
      asked++;
      return silence();
    },
    onError: ({ code }) => codes.push(code),
  });
  client.connect();
  await jest.advanceTimersByTimeAsync(30_010);
  expect(client.connection).toMatchObject({ state: 'offline', reason: 'no token' });
  expect(codes).toEqual(['TOKEN']);
  await jest.advanceTimersByTimeAsync(2000);
  expect(asked).toBe(2);
  client.close();
});
