import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { commands } from '../../bot/commands/registry.ts';
import type { RunningSimulator } from '../../simulator/server.ts';
import { startDiscord } from '../support/discord.ts';
import { commandsKnown } from '../support/interactions.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { type Cluster, startCluster } from './support/cluster.ts';
import { collectDay } from './support/day/collect.ts';
import { Day } from './support/day/day.ts';
import type { DayEvidence } from './support/day/evidence.ts';
import { type Finding, judgeDay } from './support/day/judge.ts';
import { workThrough } from './support/day/shift.ts';
import { summaryOf } from './support/day/summary.ts';
import { beginDay } from './support/day/troubles.ts';
import { chooseSeed, long } from './support/history.ts';

const size = long
  ? {
      ...{ tickets: 400, ofCustomers: 8, ofStaff: 80, pauseMs: 15_000, arriveMs: 120_000 },
      ...{ isLong: true, ms: 1_800_000 },
    }
  : {
      ...{ tickets: 24, ofCustomers: 5, ofStaff: 8, pauseMs: 200, arriveMs: 0 },
      ...{ isLong: false, ms: 120_000 },
    };
/** On a long day so many tickets are there that idle ones are parked, after half a minute. */
const env: Record<string, string> = long ? { PARK_BELOW: '150', PARK_IDLE_HOURS: '0.01' } : {};
const SETTLE_MS = long ? 600_000 : 60_000;

/** A day of the whole desk, customers and staff, with everything going wrong, drawn from a seed. */
describe('a support day', () => {
  let sim: RunningSimulator;
  let redis: TestRedis;
  let cluster: Cluster;

  beforeAll(async () => {
    [sim, redis] = await Promise.all([startDiscord(), startRedis()]);
    cluster = await startCluster({ nodes: 1, redis: redis.url, env: { ROLES: 'server,worker' } });
  });
  afterAll(async () => {
    await cluster?.close();
    await redis?.close();
    await sim?.close();
  });

  /** Until nothing is wrong any more, and stays so. */
  async function settle(day: Day, seed: number): Promise<void> {
    let right = 0;
    for (const until = Date.now() + SETTLE_MS; ; ) {
      const evidence = await collectDay(day);
      const findings = judgeDay(evidence);
      right = findings.length === 0 ? right + 1 : 0;
      if (right >= 3) return;
      if (Date.now() > until) fail(day, seed, evidence, findings);
      await sleep(500);
    }
  }

  function fail(
    day: Day,
    seed: number,
    evidence: DayEvidence,
    findings: Finding[],
    why = '',
  ): never {
    const path = join(tmpdir(), `deskcord-day-${seed}-${Date.now()}.json`);
    const whole = { seed, findings, diary: day.diary, ...evidence };
    writeFileSync(path, JSON.stringify(whole, undefined, 1));
    const lines = findings
      .slice(0, 30)
      .map((one) => `${one.kind} in #${one.ticket}: ${one.detail}`);
    const head = `the promise is broken (seed ${seed}); the whole day is in ${path}`;
    throw new Error([head, why, ...lines, cluster.logTails()].join('\n'));
  }

  test(
    'when everybody works and everything fails, then all have the same story',
    async () => {
      const seed = chooseSeed(2100);
      const day = await Day.begin({ cluster, sim, seed, env });
      try {
        await beginDay(day);
        void day.watchMachine();
        await commandsKnown(sim);
        await workThrough(day, size).catch(async (error) => {
          fail(day, seed, await collectDay(day), [], error.stack);
        });
        await settle(day, seed);
        console.log(summaryOf(await collectDay(day)));
        const used = new Set(day.uses.map(({ what }) => /^\/([\w-]+)/.exec(what)?.[1]));
        expect([...commands.keys()].filter((name) => !used.has(name))).toEqual([]);
      } finally {
        day.end();
      }
    },
    size.ms + SETTLE_MS + 120_000,
  );
});
