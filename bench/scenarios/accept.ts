import type { Transport } from '../generator/jobs.ts';
import type { Metric } from '../report/results.ts';
import { generate } from '../subjects/generator.ts';
import { cpuSeconds } from '../subjects/measured-process.ts';
import { type Running, type SubjectName, start } from '../subjects/subjects.ts';
import { createWorld, type World } from '../subjects/world.ts';
import type { Scenario, ScenarioRun } from './scenario.ts';

const senderCounts = [1, 64, 256] as const;
const transports: readonly Transport[] = ['rest', 'socket'];
const subjects: readonly SubjectName[] = ['bare', 'deskcord', 'bare, no storage'];

const metrics = {
  rate: { name: 'accepted', unit: 'sends/s', better: 'higher' },
  p50: { name: 'accept p50', unit: 'ms', better: 'lower' },
  p99: { name: 'accept p99', unit: 'ms', better: 'lower' },
  server: { name: 'server CPU', unit: 'µs/send', better: 'lower' },
  mongod: { name: 'mongod CPU', unit: 'µs/send', better: 'lower' },
  generator: { name: 'generator CPU', unit: 'core', better: 'lower' },
} satisfies Record<string, Metric>;

/** A server in its first seconds is still being compiled; every program gets the same warming. */
async function warm(running: Running, transport: Transport, ms: number): Promise<void> {
  const { port, awaitAuthorized } = running;
  const seats = await running.tickets(64);
  await generate({ kind: 'load', transport, port, awaitAuthorized, seats, warmUpMs: ms, ms: 10 });
}

async function measure(
  { record, effort, say }: ScenarioRun,
  world: World,
  running: Running,
  transport: Transport,
  senders: number,
): Promise<void> {
  const { port, awaitAuthorized } = running;
  const seats = await running.tickets(senders);
  const pid = running.servers[0]?.pid as number;
  const before = { server: cpuSeconds(pid), mongod: world.mongoCpu() };
  const { warmUpMs, ms } = effort;
  const job = { kind: 'load', transport, port, awaitAuthorized, seats, warmUpMs, ms } as const;
  const { count, seconds, latency, refused, ownCpu } = await generate(job);
  if (refused > 0) throw new Error(`${running.name} refused ${refused} of its sends`);
  // The processor's time is taken over the warm-up as well, so the count is scaled to it.
  const sends = (count * (warmUpMs + ms)) / ms;
  const at = `${transport} ${senders} on ${world.nodes} node${world.nodes > 1 ? 's' : ''}`;
  record.add(at, running.name, metrics.rate, count / seconds);
  record.add(at, running.name, metrics.p50, latency?.p50 ?? Number.NaN);
  record.add(at, running.name, metrics.p99, latency?.p99 ?? Number.NaN);
  record.add(at, running.name, metrics.server, ((cpuSeconds(pid) - before.server) * 1e6) / sends);
  record.add(at, running.name, metrics.mongod, ((world.mongoCpu() - before.mongod) * 1e6) / sends);
  record.add(at, running.name, metrics.generator, ownCpu);
  say(`${at}: ${running.name} ${Math.round(count / seconds)}/s, p99 ${latency?.p99.toFixed(1)} ms`);
}

async function runOn(nodes: 1 | 3, run: ScenarioRun): Promise<string> {
  const world = await createWorld(nodes);
  try {
    for (let round = 1; round <= run.effort.rounds; round++) {
      run.say(`round ${round} of ${run.effort.rounds}, ${nodes}-node set`);
      for (const transport of transports) {
        for (const name of subjects) {
          if (nodes === 3 && name === 'bare, no storage') continue;
          const running = await start(world, name);
          try {
            await warm(running, transport, run.effort.warmUpMs);
            for (const senders of senderCounts) {
              await measure(run, world, running, transport, senders);
            }
          } finally {
            await running.stop();
          }
        }
      }
    }
    return world.mongodVersion;
  } finally {
    await world.close();
  }
}

export const acceptScenarios: readonly Scenario[] = [
  {
    name: 'accept',
    about: 'accepted sends a second, one-node set, 1, 64 and 256 senders, REST and sockets',
    run: (run) => runOn(1, run),
  },
  {
    name: 'accept-3',
    about: 'the same on a three-node set',
    run: (run) => runOn(3, run),
  },
];
