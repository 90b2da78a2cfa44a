import { setTimeout as sleep } from 'node:timers/promises';
import type { Seat } from '../generator/jobs.ts';
import type { Metric } from '../report/results.ts';
import { cpuSeconds } from '../subjects/cpu-seconds.ts';
import { generate } from '../subjects/generator.ts';
import type { Running } from '../subjects/subjects.ts';
import type { World } from '../subjects/world.ts';
import { type Entrant, runRounds } from './rounds.ts';
import type { Scenario, ScenarioRun } from './scenario.ts';
import { warm } from './warm.ts';

const ours: readonly Entrant[] = [{ label: 'deskcord', subject: 'deskcord' }];
const ACTIVE = 64;
const RATE = 500;

const metrics = {
  message: { name: 'CPU, server and mongod', unit: 'µs/send', better: 'lower' },
  p50: { name: 'accept p50', unit: 'ms', better: 'lower' },
  idle: { name: 'CPU of an idle node and its mongod', unit: 'ms/s', better: 'lower' },
} satisfies Record<string, Metric>;

function cpuOf(running: Running, world: World): number {
  return running.servers.reduce((sum, { pid }) => sum + cpuSeconds(pid), world.mongoCpu());
}

/** Processor time for each message at a steady rate, whatever else there is in the database. */
async function measureCost(
  run: ScenarioRun,
  running: Running,
  world: World,
  at: string,
  seats: Seat[],
): Promise<void> {
  const { port, awaitAuthorized } = running;
  const { warmUpMs, ms } = run.effort;
  const job = { kind: 'paced', transport: 'rest', port, awaitAuthorized, seats } as const;
  const before = cpuOf(running, world);
  const paced = { ...job, listenPort: undefined, rate: RATE, warmUpMs, ms };
  const { latency } = await generate(paced);
  const sends = (RATE * (warmUpMs + ms)) / 1000;
  const cost = ((cpuOf(running, world) - before) * 1e6) / sends;
  run.record.add(at, 'deskcord', metrics.message, cost);
  run.record.add(at, 'deskcord', metrics.p50, latency?.p50 ?? Number.NaN);
  run.say(`${at}: ${cost.toFixed(0)} µs of processor time a message`);
}

async function measureIdle(run: ScenarioRun, running: Running, world: World, at: string) {
  // Past the window in which the sweep still looks at what was just written.
  await sleep(run.effort.quick ? 2000 : 20_000);
  const seconds = run.effort.quick ? 5 : 15;
  const before = cpuOf(running, world);
  await sleep(seconds * 1000);
  const cost = ((cpuOf(running, world) - before) * 1000) / seconds;
  run.record.add(at, 'deskcord', metrics.idle, cost);
  run.say(`${at}: ${cost.toFixed(1)} ms of processor time a second when idle`);
}

/** The same 64 tickets talk while ever more others stand open. */
async function runTickets(run: ScenarioRun): Promise<string> {
  const counts = run.effort.quick ? [100, 10_000] : [100, 10_000, 100_000];
  return runRounds(run, 1, ours, async (running, _label, world) => {
    await warm(running, 'rest', run.effort.warmUpMs);
    const seats = await running.tickets(ACTIVE);
    let open = ACTIVE;
    for (const count of counts) {
      const others = await running.tickets(count - open);
      open = count;
      await measureIdle(run, running, world, `${count} open tickets`);
      await measureCost(run, running, world, `${count} open tickets`, seats);
      if (count < 10_000) continue;
      // Every message goes to a ticket this process has never heard of.
      const sends = (RATE * (run.effort.warmUpMs + run.effort.ms)) / 1000;
      const cold = others.slice(0, Math.min(sends, others.length));
      await measureCost(run, running, world, `${count} open tickets, all cold`, cold);
    }
  });
}

export const ticketsScenario: Scenario = {
  name: 'tickets',
  about: 'cost of a message and of an idle node with 10² to 10⁵ open tickets',
  run: runTickets,
};
