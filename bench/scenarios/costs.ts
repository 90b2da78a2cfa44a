import { setTimeout as sleep } from 'node:timers/promises';
import { type CostCase, restCases } from '../costs/rest-cases.ts';
import { enterSite, fillSite, type Site } from '../costs/site.ts';
import { socketCases } from '../costs/socket-cases.ts';
import type { Metric } from '../report/results.ts';
import { median } from '../report/statistics.ts';
import { createWorld } from '../subjects/world.ts';
import type { Scenario, ScenarioRun } from './scenario.ts';

const metrics = {
  time: { name: 'p50', unit: 'ms', better: 'lower' },
  rows: { name: 'rows', unit: 'rows', better: 'lower' },
  unmarked: { name: 'first read without marks', unit: 'ms', better: 'lower' },
  bytes: { name: 'stored, with indexes', unit: 'bytes/message', better: 'lower' },
} satisfies Record<string, Metric>;

/** Rows of a list, messages of a `sync`, cursors of an `authorize`; 1 for anything else. */
function countRows(body: string): number {
  const parsed = JSON.parse(body);
  const answer = body.startsWith('[{"ok"') ? parsed[0] : parsed;
  const rows = answer.messages ?? answer.cursors ?? answer;
  if (Array.isArray(rows)) return rows.length;
  return rows === answer ? 1 : Object.keys(rows).length;
}

interface Timed {
  site: Site;
  cases: CostCase[];
  /** Milliseconds by case, of the round under way. */
  times: Map<string, number[]>;
  rows: Map<string, number>;
}

/** Every case once, in the databases of all sizes one after the other. */
async function sweep(timed: readonly Timed[], nth: number, isWarming: boolean): Promise<void> {
  const count = timed[0]?.cases.length ?? 0;
  for (let index = 0; index < count; index++) {
    for (const { cases, times, rows } of timed) {
      const { name, prepare, run } = cases[index] as CostCase;
      await prepare?.(nth);
      const start = performance.now();
      const body = await run(nth);
      const took = performance.now() - start;
      if (isWarming) continue;
      rows.set(name, countRows(body));
      const known = times.get(name);
      if (known) known.push(took);
      else times.set(name, [took]);
    }
  }
}

/** What a page costs a log whose marks are all lost, once; reading it sets them again. */
async function measureUnmarked({ record, say }: ScenarioRun, site: Site): Promise<void> {
  const { visibility } = site.db;
  for (const { kind, ticket } of site.histories) {
    for (const query of ['after=0&limit=1', 'limit=1']) {
      await visibility.collection.deleteMany({ '_id.ticket': { $type: 'objectId' } });
      const start = performance.now();
      await site.call('GET', `/tickets/${ticket}/messages?${query}`, site.customer);
      const took = performance.now() - start;
      record.add(
        `GET messages?${query}, ${kind} @ ${site.size}`,
        'deskcord',
        metrics.unmarked,
        took,
      );
      say(`${site.size}: GET messages?${query}, ${kind}, no marks: ${took.toFixed(1)} ms`);
      // The marks it sets are written behind its answer.
      await sleep(300);
    }
  }
}

/** How often everything is asked. */
interface Sweeps {
  warming: number;
  inARound: number;
}

async function measureAll(run: ScenarioRun, sites: readonly Site[], sweeps: Sweeps): Promise<void> {
  const timed = sites.map((site): Timed => {
    const cases = [...restCases(site), ...socketCases(site)];
    return { site, cases, times: new Map(), rows: new Map() };
  });
  let nth = 0;
  for (; nth < sweeps.warming; nth++) await sweep(timed, nth, true);
  for (let round = 1; round <= run.effort.rounds; round++) {
    for (let n = 0; n < sweeps.inARound; n++) await sweep(timed, nth++, false);
    for (const { site, times, rows } of timed) {
      for (const [name, values] of times) {
        const at = `${name} @ ${site.size}`;
        run.record.add(at, 'deskcord', metrics.time, median(values));
        if (round === 1) run.record.add(at, 'deskcord', metrics.rows, rows.get(name) ?? 1);
      }
      times.clear();
    }
    run.say(`round ${round} of ${run.effort.rounds}, ${timed[0]?.cases.length} costs`);
  }
}

export const costsScenario: Scenario = {
  name: 'costs',
  about:
    'every endpoint and event after 10, 10³ and 10⁵ entries, edits, deletions, changes, tickets',
  async run(run) {
    const { quick, rounds } = run.effort;
    const sizes = quick ? [10, 1000, 10_000] : [10, 1000, 100_000];
    const sweeps = quick ? { warming: 1, inARound: 3 } : { warming: 3, inARound: 11 };
    const count = sweeps.warming + rounds * sweeps.inARound;
    const world = await createWorld(1);
    const sites: Site[] = [];
    try {
      const seeded: Awaited<ReturnType<typeof fillSite>>[] = [];
      for (const size of sizes) {
        seeded.push(await fillSite(world, size, count));
        run.say(`filled a database with tickets and histories of ${size}`);
      }
      for (const each of seeded) sites.push(await enterSite(each));
      const biggest = sites.at(-1) as Site;
      const bytes = await biggest.running.bytesPerMessage();
      run.record.add('all histories', 'deskcord', metrics.bytes, bytes);
      await measureAll(run, sites, sweeps);
      for (const site of sites) await measureUnmarked(run, site);
      return world.mongodVersion;
    } finally {
      for (const site of sites) await site.close();
      await world.close();
    }
  },
};
