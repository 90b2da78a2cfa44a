import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type RunningApp, startApp } from '../support/app.ts';
import { eventually } from '../support/eventually.ts';
import { freshDatabaseName } from '../support/mongo.ts';
import { newPerson, personAt } from '../support/people.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';

let redis: TestRedis;
let one: RunningApp;
let two: RunningApp;
beforeAll(async () => {
  redis = await startRedis();
  const env = {
    REDIS_URL: redis.url,
    DB_NAME: freshDatabaseName(),
    RATE_LIMIT_FACTOR: '1',
    LOG_LEVEL: 'silent',
  };
  [one, two] = await Promise.all([startApp(env), startApp(env)]);
  await eventually(() => expect(one.ctx.bus.healthy() && two.ctx.bus.healthy()).toBe(true));
});
afterAll(async () => {
  await one.stop();
  await two.stop();
  await redis.close();
});

/** Lists tickets on both servers in turn; the statuses. */
async function alternate(count: number): Promise<number[]> {
  const ana = newPerson(one.url);
  const there = personAt(two.url, ana.token);
  const statuses: number[] = [];
  for (let i = 0; i < count; i++) {
    statuses.push((await (i % 2 ? there : ana).call('GET', '/tickets')).status);
  }
  return statuses;
}

const outcome = (passed: number, refused: number) => [
  ...Array(passed).fill(200),
  ...Array(refused).fill(429),
];

test('two servers share one minute', async () => {
  expect(await alternate(34)).toEqual(outcome(30, 4));
});

test('at once, no more than the limit get through', async () => {
  const ana = newPerson(one.url);
  const there = personAt(two.url, ana.token);
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, i) => (i % 2 ? there : ana).call('GET', '/tickets')),
  );
  expect(answers.map(({ status }) => status).toSorted()).toEqual(outcome(30, 10));
});

test('while Redis hangs or is away each server counts for itself, and nobody is refused a service', async () => {
  redis.pause();
  expect(await alternate(4)).toEqual(outcome(4, 0));
  redis.resume();
  await redis.kill();
  const statuses = await alternate(62);
  expect(statuses.slice(0, 60)).toEqual(outcome(60, 0));
  expect(statuses.slice(60)).toEqual(outcome(0, 2));
  await redis.restart();
  await eventually(async () => expect(await alternate(31)).toEqual(outcome(30, 1)), { every: 200 });
});
