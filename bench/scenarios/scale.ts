import { setTimeout as sleep } from 'node:timers/promises';
import type { Seat } from '../generator/jobs.ts';
import type { Metric } from '../report/results.ts';
import { cpuSeconds } from '../subjects/cpu-seconds.ts';
import { generate, hold } from '../subjects/generator.ts';
import type { MeasuredProcess } from '../subjects/measured-process.ts';
import type { Running } from '../subjects/subjects.ts';
import type { World } from '../subjects/world.ts';
import { runRounds } from './rounds.ts';
import type { Scenario, ScenarioRun } from './scenario.ts';
import { warm } from './warm.ts';

const RATE = 1000;
const ACTIVE = 64;

const metrics = {
  memory: { name: 'memory', unit: 'KiB/socket', better: 'lower' },
  connect: { name: 'server CPU of a connect', unit: 'µs', better: 'lower' },
  connectDb: { name: 'mongod CPU of a connect', unit: 'µs', better: 'lower' },
  idle: { name: 'server CPU of an idle socket', unit: 'µs/s', better: 'lower' },
  own: { name: 'CPU of the node that takes a message', unit: 'µs/send', better: 'lower' },
  foreign: { name: 'CPU of another node that delivers it', unit: 'µs/send', better: 'lower' },
  redis: { name: 'Redis CPU', unit: 'µs/send', better: 'lower' },
  mongod: { name: 'mongod CPU', unit: 'µs/send', better: 'lower' },
  sweep: { name: 'mongod CPU of a sweep', unit: 'µs/recent entry', better: 'lower' },
  p99: { name: 'delivery p99', unit: 'ms', better: 'lower' },
} satisfies Record<string, Metric>;

/** Seconds of processor time, of everything there is. */
interface Used {
  nodes: number[];
  redis: number;
  mongod: number;
}

async function readUsed(running: Running, world: World): Promise<Used> {
  return {
    nodes: running.servers.map(({ pid }) => cpuSeconds(pid)),
    redis: cpuSeconds((await world.redis()).pid),
    mongod: world.mongoCpu(),
  };
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** Opens half of the sockets on each node; every one is a customer with an open ticket. */
async function measureSockets(run: ScenarioRun, running: Running, world: World, count: number) {
  const at = `${count} sockets on 2 nodes`;
  const seats = await running.tickets(count);
  const memory = async () => {
    const all = running.servers.map((server) => server.ask<{ rss: number }>('memory'));
    return sum((await Promise.all(all)).map(({ rss }) => rss));
  };
  const [memoryBefore, before] = [await memory(), await readUsed(running, world)];
  const half = count / 2;
  const open = running.servers.map(({ port }, index) =>
    hold({
      kind: 'hold',
      port,
      awaitAuthorized: true,
      burst: 50,
      seats: seats.slice(index * half, (index + 1) * half),
    }),
  );
  const held = await Promise.all(open);
  const after = await readUsed(running, world);
  const each = (from: number, to: number) => ((to - from) * 1e6) / count;
  run.record.add(at, 'deskcord', metrics.connect, each(sum(before.nodes), sum(after.nodes)));
  run.record.add(at, 'deskcord', metrics.connectDb, each(before.mongod, after.mongod));
  run.record.add(at, 'deskcord', metrics.memory, ((await memory()) - memoryBefore) / 1024 / count);
  const seconds = run.effort.quick ? 8 : 30;
  const idleFrom = await readUsed(running, world);
  await sleep(seconds * 1000);
  const idleTo = await readUsed(running, world);
  const idle = each(sum(idleFrom.nodes), sum(idleTo.nodes)) / seconds;
  run.record.add(at, 'deskcord', metrics.idle, idle);
  run.say(`${at}: open, ${idle.toFixed(1)} µs/s for each when idle`);
  return { at, seats, release: () => Promise.all(held.map(({ release }) => release())) };
}

/** Messages taken by the first node, for customers whose sockets are on the second. */
async function measureTraffic(
  run: ScenarioRun,
  running: Running,
  world: World,
  at: string,
  seats: Seat[],
): Promise<void> {
  const [first, second] = running.servers as [MeasuredProcess, MeasuredProcess];
  const { warmUpMs } = run.effort;
  const ms = run.effort.ms * 2;
  const ports = { port: first.port, listenPort: second.port, awaitAuthorized: true };
  const job = {
    kind: 'paced',
    transport: 'rest',
    ...ports,
    seats,
    rate: RATE,
    warmUpMs,
    ms,
  } as const;
  const before = await readUsed(running, world);
  const { latency } = await generate(job);
  const after = await readUsed(running, world);
  const sends = (RATE * (warmUpMs + ms)) / 1000;
  const each = (from = 0, to = 0) => ((to - from) * 1e6) / sends;
  const { record } = run;
  record.add(at, 'deskcord', metrics.own, each(before.nodes[0], after.nodes[0]));
  record.add(at, 'deskcord', metrics.foreign, each(before.nodes[1], after.nodes[1]));
  record.add(at, 'deskcord', metrics.redis, each(before.redis, after.redis));
  record.add(at, 'deskcord', metrics.mongod, each(before.mongod, after.mongod));
  record.add(at, 'deskcord', metrics.p99, latency?.p99 ?? Number.NaN);
  run.say(`${at}: p99 ${latency?.p99.toFixed(1)} ms from node to node`);
}

/** Two sweeps' worth of looking at a busy minute, against the same once it is settled. */
async function measureSweep(run: ScenarioRun, running: Running, world: World, at: string) {
  const seats = await running.tickets(ACTIVE);
  const [{ port }] = running.servers as [MeasuredProcess];
  const ms = run.effort.quick ? 1500 : 4000;
  const load = { kind: 'load', transport: 'rest', port, awaitAuthorized: true, seats } as const;
  const { count } = await generate({ ...load, warmUpMs: 0, ms });
  const used = async () => (await readUsed(running, world)).mongod;
  await sleep(500);
  const from = await used();
  await sleep(10_000);
  const busy = (await used()) - from;
  await sleep(20_000);
  const settledFrom = await used();
  await sleep(10_000);
  const settled = (await used()) - settledFrom;
  // Ten seconds hold two and a half sweeps of each of the two nodes.
  const looks = 2.5 * running.servers.length;
  const each = ((busy - settled) * 1e6) / (count * looks);
  run.record.add(at, 'deskcord', metrics.sweep, Math.max(0, each));
  run.say(`${at}: a sweep costs ${each.toFixed(2)} µs for each recent entry`);
}

export const scaleScenario: Scenario = {
  name: 'scale',
  about: '10⁴ sockets on two nodes: what a socket, a message and a sweep cost each part',
  run(run) {
    const count = run.effort.quick ? 2000 : 10_000;
    const entrants = [
      { label: 'deskcord', subject: 'deskcord', options: { processes: 2 } },
    ] as const;
    return runRounds(run, 1, entrants, async (running, _label, world) => {
      await warm(running, 'rest', run.effort.warmUpMs);
      const { at, seats, release } = await measureSockets(run, running, world, count);
      await measureTraffic(run, running, world, at, seats.slice(count / 2, count / 2 + ACTIVE));
      await measureSweep(run, running, world, at);
      await release();
    });
  },
};
