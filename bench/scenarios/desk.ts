import { setTimeout as sleep } from 'node:timers/promises';
import type { Db } from 'mongodb';
import { createConnection } from 'mongoose';
import { defineModels } from '../../src/models/database.ts';
import type { Metric } from '../report/results.ts';
import { percentile } from '../report/statistics.ts';
import { fillDesk } from '../subjects/desk.ts';
import { type Running, start } from '../subjects/subjects.ts';
import { mintToken } from '../subjects/tokens.ts';
import { createWorld, type World } from '../subjects/world.ts';
import { checkReports } from './desk-check.ts';
import { type Asker, askers, type DeskRequest, deskRequests } from './desk-requests.ts';
import type { Scenario, ScenarioRun } from './scenario.ts';

const metrics = {
  p50: { name: 'p50', unit: 'ms', better: 'lower' },
  search: { name: 'search p95', unit: 'ms', better: 'lower' },
  desk: { name: 'desk p95', unit: 'ms', better: 'lower' },
  keys: { name: 'keys examined', unit: '', better: 'lower' },
  rows: { name: 'documents examined', unit: '', better: 'lower' },
} satisfies Record<string, Metric>;

/** A worker has this long to make the statistics and to plan every ticket's service level. */
const SETTLING_MS = 10 * 60_000;

/** Asks a running server as one of the desk's people. */
export type Ask = (as: Asker, path: string) => Promise<string>;

function createAsk(port: number): Ask {
  const tokens = Object.fromEntries(
    Object.entries(askers).map(([as, [id, role]]) => [as, mintToken(id, role)]),
  ) as Record<Asker, string>;
  return async (as, path) => {
    const url = `http://127.0.0.1:${port}/api/v1${path}`;
    const answer = await fetch(url, { headers: { authorization: `Bearer ${tokens[as]}` } });
    const text = await answer.text();
    if (answer.status === 200) return text;
    throw new Error(`${path} was answered ${answer.status}: ${text.slice(0, 300)}`);
  };
}

/** Until the statistics are made, and every ticket's service level is planned. */
async function settle(db: Db, ask: Ask): Promise<void> {
  const until = Date.now() + SETTLING_MS;
  for (;;) {
    const plan = await db.collection('due').findOne({ kind: 'sla-replan' });
    const ready = await ask('admin', '/statistics/dashboard').catch(() => undefined);
    if (plan?.data?.done && !plan.data.walking && ready) return;
    if (Date.now() > until) throw new Error('the worker has not looked through the desk in time');
    await sleep(1000);
  }
}

/** What MongoDB looks at for one request, by its profiler; what workers do meanwhile may be among it. */
async function examine(db: Db, ask: () => Promise<unknown>) {
  await db.command({ profile: 2 });
  const from = new Date();
  await ask();
  await db.command({ profile: 0 });
  const rows = await db
    .collection('system.profile')
    .find({ ts: { $gte: from }, planSummary: { $ne: 'IXSCAN { stored: 1 }' } })
    .toArray();
  const sum = (name: string) => rows.reduce((all, row) => all + Number(row[name] ?? 0), 0);
  return { keys: sum('keysExamined'), rows: sum('docsExamined') };
}

/** Every request in turn, round by round, by a lone client. */
async function measure(run: ScenarioRun, ask: Ask, requests: readonly DeskRequest[], size: string) {
  const asked = run.effort.quick ? 5 : 20;
  // Round 0 warms.
  for (let round = 0; round <= run.effort.rounds; round++) {
    for (const { name, kind, as, path } of requests) {
      const times: number[] = [];
      for (let n = 0; n < asked; n++) {
        const begun = performance.now();
        await ask(as, path);
        times.push(performance.now() - begun);
      }
      if (round === 0) continue;
      const sorted = Float64Array.from(times).sort();
      run.record.add(name + size, 'deskcord', metrics.p50, percentile(sorted, 0.5));
      run.record.add(name + size, 'deskcord', metrics[kind], percentile(sorted, 0.95));
    }
    run.say(`round ${round} of ${run.effort.rounds}: ${requests.length} requests, ${asked} times`);
  }
}

async function measureExamined(
  run: ScenarioRun,
  db: Db,
  ask: Ask,
  requests: readonly DeskRequest[],
  size: string,
) {
  for (const { name, as, path } of requests) {
    const { keys, rows } = await examine(db, () => ask(as, path));
    run.record.add(name + size, 'deskcord', metrics.keys, keys);
    run.record.add(name + size, 'deskcord', metrics.rows, rows);
  }
}

/** A ticket with about as many messages as most have. */
async function findUsual(db: Db): Promise<string> {
  const [found] = await db
    .collection('entries')
    .find({ stream: 'public', seq: 20 })
    .project({ ticket_id: 1 })
    .limit(1)
    .toArray();
  return String(found?.ticket_id);
}

export async function measureDesk(
  run: ScenarioRun,
  world: World,
  database: string,
  running: Running,
) {
  const tickets = await world.client.db(database).collection('tickets').estimatedDocumentCount();
  const db = world.client.db(database);
  const ask = createAsk(running.port);
  run.say('the worker makes the statistics and plans the service levels');
  await settle(db, ask);
  const [longest] = await db
    .collection('entries')
    .find()
    .sort({ seq: -1 })
    .project({ ticket_id: 1 })
    .limit(1)
    .toArray();
  const requests = deskRequests({
    usual: await findUsual(db),
    longest: String(longest?.ticket_id),
  });
  const size = `, ${tickets} tickets`;
  await measure(run, ask, requests, size);
  await measureExamined(run, db, ask, requests, size);
  const connection = await createConnection(world.uri, { dbName: database }).asPromise();
  try {
    run.say('holding the reports against loops over the log');
    await checkReports(defineModels(connection), ask);
  } finally {
    await connection.close();
  }
}

export const deskScenario: Scenario = {
  name: 'desk',
  about: 'lists, search, views and reports over 10⁵ tickets and 10⁶ messages',
  async run(run) {
    const world = await createWorld(1);
    try {
      const database = world.freshDatabase();
      const tickets = run.effort.quick ? 2000 : 100_000;
      await fillDesk(world.uri, database, { tickets, say: run.say });
      const env = { ROLES: 'server,bot,worker' };
      const running = await start(world, 'deskcord', { database, env });
      try {
        await measureDesk(run, world, database, running);
      } finally {
        await running.stop();
      }
      return world.mongodVersion;
    } finally {
      await world.close();
    }
  },
};
