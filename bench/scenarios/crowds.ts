import type { Metric } from '../report/results.ts';
import { generate, hold } from '../subjects/generator.ts';
import type { MeasuredProcess } from '../subjects/measured-process.ts';
import type { Running } from '../subjects/subjects.ts';
import { bareAndOurs, runRounds } from './rounds.ts';
import type { Scenario, ScenarioRun } from './scenario.ts';
import { warm } from './warm.ts';

const metrics = {
  deliveries: { name: 'deliveries', unit: '/s', better: 'higher' },
  delivery: { name: 'server CPU', unit: 'µs/delivery', better: 'lower' },
  generator: { name: 'generator CPU', unit: 'core', better: 'lower' },
  memory: { name: 'memory', unit: 'KiB/socket', better: 'lower' },
  idle: { name: 'memory of an empty server', unit: 'MiB', better: 'lower' },
  connects: { name: 'connects', unit: '/s', better: 'higher' },
  back: { name: 'all back', unit: 's', better: 'lower' },
} satisfies Record<string, Metric>;

const LISTENERS = 1000;
const FAN_OUT_SENDERS = 4;

async function measureFanOut(run: ScenarioRun, running: Running, label: string): Promise<void> {
  const { port, awaitAuthorized } = running;
  await warm(running, 'rest', run.effort.warmUpMs);
  const [seat] = await running.tickets(1);
  if (!seat) return;
  const listeners = running.listenersOf(seat, LISTENERS);
  const subscribe = running.name === 'deskcord';
  const server = running.servers[0] as MeasuredProcess;
  const { warmUpMs, ms } = run.effort;
  const job = { kind: 'fan-out', port, awaitAuthorized, seat, listeners, subscribe } as const;
  const load = { senders: FAN_OUT_SENDERS, serverPid: server.pid, warmUpMs, ms };
  const result = await generate({ ...job, ...load });
  const at = `${LISTENERS} listeners`;
  const rate = result.count / result.seconds;
  run.record.add(at, label, metrics.deliveries, rate);
  const used = result.serverCpu ?? Number.NaN;
  run.record.add(at, label, metrics.delivery, (used * 1e6) / result.count);
  run.record.add(at, label, metrics.generator, result.ownCpu);
  run.say(
    `${at}: ${label} ${Math.round(rate)} deliveries/s, generator ${result.ownCpu.toFixed(2)}`,
  );
}

export const fanOutScenario: Scenario = {
  name: 'fan-out',
  about: 'one ticket with 1,000 listeners',
  run: (run) =>
    runRounds(run, 1, bareAndOurs, (running, label) => measureFanOut(run, running, label)),
};

async function measureMemory(run: ScenarioRun, running: Running, label: string): Promise<void> {
  const { port, awaitAuthorized } = running;
  const count = run.effort.quick ? 2000 : 10_000;
  const server = running.servers[0] as MeasuredProcess;
  const memory = async () => (await server.ask<{ rss: number }>('memory')).rss;
  const seats = await running.tickets(count + 100);
  const job = { kind: 'hold', port, awaitAuthorized, burst: 50 } as const;
  // The first connections pay for code and caches, not for themselves.
  const first = await hold({ ...job, seats: seats.slice(count) });
  const before = await memory();
  const { held, release } = await hold({ ...job, seats: seats.slice(0, count) });
  await new Promise((resolve) => setTimeout(resolve, run.effort.ms));
  const after = await memory();
  await release();
  await first.release();
  const at = `${count} sockets`;
  const each = (after - before) / 1024 / count;
  run.record.add(at, label, metrics.memory, each);
  run.record.add(at, label, metrics.idle, before / 2 ** 20);
  run.record.add(at, label, metrics.connects, count / held.seconds);
  run.say(
    `${at}: ${label} ${each.toFixed(1)} KiB each, ${Math.round(count / held.seconds)} connects/s`,
  );
}

export const memoryScenario: Scenario = {
  name: 'memory',
  about: 'resident memory for each of 10,000 sockets, each of a customer with an open ticket',
  run: (run) =>
    runRounds(run, 1, bareAndOurs, (running, label) => measureMemory(run, running, label)),
};

const WARMING_CROWDS = 4;

async function measureConnects(run: ScenarioRun, running: Running, label: string): Promise<void> {
  const { port, awaitAuthorized } = running;
  const job = { kind: 'hold', port, awaitAuthorized, burst: 50 } as const;
  const [warming, count] = run.effort.quick ? [500, 1000] : [1500, 4000];
  for (let crowd = 0; crowd < WARMING_CROWDS; crowd++) {
    const others = await hold({ ...job, seats: await running.tickets(warming) });
    await others.release();
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  // Customers of their own again, whose tokens nobody has seen.
  const { held, release } = await hold({ ...job, seats: await running.tickets(count) });
  await release();
  const rate = count / held.seconds;
  run.record.add(`${count} sockets`, label, metrics.connects, rate);
  run.say(`${count} sockets: ${label} ${Math.round(rate)} connects/s`);
}

export const connectsScenario: Scenario = {
  name: 'connects',
  about: 'connects of customers never seen before to a server that has been at work, 50 at a time',
  run: (run) =>
    runRounds(run, 1, bareAndOurs, (running, label) => measureConnects(run, running, label)),
};

const STORM = 1000;
const MISSED = 10;
const WARMING_STORMS = 3;

async function measureStorm(run: ScenarioRun, running: Running, label: string): Promise<void> {
  const { port, awaitAuthorized } = running;
  const seats = await running.tickets(STORM);
  if (awaitAuthorized) for (const seat of seats) await running.fill(seat, MISSED);
  const job = { kind: 'hold', port, awaitAuthorized, seats, burst: STORM } as const;
  const syncAfter = awaitAuthorized ? { syncAfter: 0 } : {};
  // Clients come back to a server that has been at work for long, not to one that is being compiled.
  for (let storm = 0; storm < WARMING_STORMS; storm++) {
    const warming = await hold({ ...job, ...syncAfter });
    await warming.release();
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  const { held, release } = await hold({ ...job, ...syncAfter });
  await release();
  run.record.add(`${STORM} at once`, label, metrics.back, held.seconds);
  run.say(`${STORM} at once: ${label} in ${held.seconds.toFixed(2)} s`);
}

export const stormScenario: Scenario = {
  name: 'storm',
  about: '1,000 clients reconnect at once: bare connects, Deskcord authorises and catches up',
  run: (run) =>
    runRounds(run, 1, bareAndOurs, (running, label) => measureStorm(run, running, label)),
};
