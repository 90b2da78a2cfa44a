import type { Transport } from '../generator/jobs.ts';
import type { Metric } from '../report/results.ts';
import { cpuSeconds } from '../subjects/cpu-seconds.ts';
import { generate } from '../subjects/generator.ts';
import type { Running, SubjectName } from '../subjects/subjects.ts';
import type { World } from '../subjects/world.ts';
import { runRounds } from './rounds.ts';
import type { Scenario, ScenarioRun } from './scenario.ts';
import { warm } from './warm.ts';

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
  const entrants = subjects
    .filter((name) => nodes === 1 || name !== 'bare, no storage')
    .map((name) => ({ label: name, subject: name }));
  // A process each for the two transports, so that neither profits from the other's warmth.
  const turns = transports.flatMap((transport) =>
    entrants.map((entrant) => ({ ...entrant, label: transport })),
  );
  return runRounds(run, nodes, turns, async (running, label, world) => {
    const transport = label as Transport;
    await warm(running, transport, run.effort.warmUpMs);
    for (const senders of senderCounts) await measure(run, world, running, transport, senders);
  });
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
