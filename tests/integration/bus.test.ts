import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { createBus } from '../../src/infra/bus.ts';
import type { Bus } from '../../src/infra/bus-local.ts';
import { eventually } from '../support/eventually.ts';
import { startRedis } from '../support/redis.ts';

const log = pino({ level: 'silent' });
type Hint = { n: number };
const isHint = (value: unknown): value is Hint => typeof (value as Hint | null)?.n === 'number';

describe('the bus over Redis', () => {
  let redis: Awaited<ReturnType<typeof startRedis>>;
  let one: Bus<Hint>;
  let two: Bus<Hint>;
  const heard: number[] = [];

  beforeAll(async () => {
    redis = await startRedis();
    const config = { redisUrl: redis.url, dbName: 'bus' };
    one = createBus(config, isHint, log, () => undefined);
    two = createBus(config, isHint, log, () => undefined);
    two.subscribe(({ n }) => heard.push(n));
    await eventually(() => expect([one.healthy(), two.healthy()]).toEqual([true, true]));
  });
  afterAll(async () => {
    await one.close();
    await two.close();
    await redis.close();
  });

  test('when one process publishes, then the others hear it in order and it hears itself at once', async () => {
    const own: number[] = [];
    const stop = one.subscribe(({ n }) => own.push(n));
    for (let n = 1; n <= 100; n++) one.publish({ n });
    expect(own).toHaveLength(100);
    await eventually(() => expect(heard).toEqual(own));
    stop();
  });

  test('when Redis is killed and comes back, then publishing never throws and the bus says that it recovered', async () => {
    const rejections: unknown[] = [];
    const onRejection = (reason: unknown) => rejections.push(reason);
    process.on('unhandledRejection', onRejection);
    let recovered = 0;
    two.onRecovered(() => recovered++);
    const own: number[] = [];
    one.subscribe(({ n }) => own.push(n));
    await redis.kill();
    for (let n = 200; n < 220; n++) one.publish({ n });
    expect(own).toHaveLength(20);
    await eventually(() => expect(one.healthy()).toBe(false));
    await redis.restart();
    await eventually(() => expect(recovered).toBeGreaterThan(0));
    await eventually(() => {
      one.publish({ n: 300 });
      expect(heard).toContain(300);
    });
    process.off('unhandledRejection', onRejection);
    expect(rejections).toEqual([]);
  });
});

test('a bus that is closed while Redis was never there leaves no rejection behind', async () => {
  const rejections: unknown[] = [];
  const onRejection = (reason: unknown) => rejections.push(reason);
  process.on('unhandledRejection', onRejection);
  for (const wait of [0, 50, 150, 300]) {
    const config = { redisUrl: 'redis://127.0.0.1:1', dbName: 'away' };
    const bus = createBus(config, isHint, log, () => undefined);
    await sleep(wait);
    await bus.close();
  }
  await sleep(200);
  process.off('unhandledRejection', onRejection);
  expect(rejections).toEqual([]);
});
