import type { Transport } from '../generator/jobs.ts';
import type { Metric } from '../report/results.ts';
import { generate, hold } from '../subjects/generator.ts';
import type { Running } from '../subjects/subjects.ts';
import { bareAndOurs, runRounds } from './rounds.ts';
import type { Scenario, ScenarioRun } from './scenario.ts';
import { warm } from './warm.ts';

const SEATS = 64;
const LOAD = 0.7;
const PEAK_SENDERS = [64, 256] as const;
const transports: readonly Transport[] = ['rest', 'socket'];

const metrics = {
  p50: { name: 'delivery p50', unit: 'ms', better: 'lower' },
  p99: { name: 'delivery p99', unit: 'ms', better: 'lower' },
  max: { name: 'delivery max', unit: 'ms', better: 'lower' },
  lost: { name: 'lost', unit: 'messages', better: 'lower' },
  rate: { name: 'rate', unit: 'sends/s', better: 'higher' },
  loop: { name: 'event loop delay p99', unit: 'ms', better: 'lower' },
} satisfies Record<string, Metric>;

interface Delays {
  p50: number;
  p99: number;
  max: number;
}

/** Sends by the clock while the server's event loop is watched from within. */
async function measurePaced(
  run: ScenarioRun,
  running: Running,
  label: string,
  at: string,
  transport: Transport,
  rate: number,
): Promise<void> {
  const seats = await running.tickets(SEATS);
  const [first, second = first] = running.servers;
  if (!first || !second) throw new Error('nothing to measure');
  const { awaitAuthorized } = running;
  const { warmUpMs, ms } = run.effort;
  const ports = { port: first.port, listenPort: second.port };
  await first.ask('delays-start');
  const job = { kind: 'paced', transport, ...ports, awaitAuthorized, seats, rate } as const;
  const { latency, lost, refused } = await generate({ ...job, warmUpMs, ms });
  const delays = await first.ask<Delays>('delays-stop');
  if (!latency || refused > 0) throw new Error(`${label} refused ${refused} of its sends`);
  run.record.add(at, label, metrics.p50, latency.p50);
  run.record.add(at, label, metrics.p99, latency.p99);
  run.record.add(at, label, metrics.max, latency.max);
  run.record.add(at, label, metrics.lost, lost ?? 0);
  run.record.add(at, label, metrics.rate, rate);
  run.record.add(at, label, metrics.loop, delays.p99);
  const text = `p50 ${latency.p50.toFixed(1)} p99 ${latency.p99.toFixed(1)} ms`;
  run.say(`${at}: ${label} at ${rate}/s ${text}, loop p99 ${delays.p99.toFixed(1)} ms`);
}

/**
 * The most that bare accepts while every ticket has a listener, in this run: what is delivered costs it
 * too, and yesterday's machine was another one.
 */
async function measurePeaks(run: ScenarioRun): Promise<Map<Transport, number>> {
  const peaks = new Map<Transport, number>();
  const bare = [{ label: 'bare', subject: 'bare' }] as const;
  const once = { ...run, effort: { ...run.effort, rounds: 1 } };
  await runRounds(once, 1, bare, async (running, label) => {
    const { port, awaitAuthorized } = running;
    const { warmUpMs, ms } = run.effort;
    for (const transport of transports) {
      await warm(running, transport, warmUpMs);
      const rates: number[] = [];
      for (const senders of PEAK_SENDERS) {
        const seats = await running.tickets(senders);
        const target = { port, awaitAuthorized, seats };
        const { release } = await hold({ kind: 'hold', ...target, burst: 50 });
        const load = { kind: 'load', transport, ...target, warmUpMs, ms } as const;
        const { count, seconds } = await generate(load);
        await release();
        rates.push(count / seconds);
      }
      const peak = Math.max(...rates);
      peaks.set(transport, peak);
      run.record.add(`${transport}, peak with listeners`, label, metrics.rate, peak);
      run.say(`${transport}: bare accepts ${Math.round(peak)}/s at most`);
    }
  });
  return peaks;
}

export const latencyScenario: Scenario = {
  name: 'latency',
  about: 'from a send (REST, socket) to another socket of the ticket, at 70 % of bare’s peak',
  async run(run) {
    const peaks = await measurePeaks(run);
    return runRounds(run, 1, bareAndOurs, async (running, label) => {
      for (const transport of transports) {
        const rate = Math.round((peaks.get(transport) as number) * LOAD);
        await warm(running, transport, run.effort.warmUpMs);
        await measurePaced(
          run,
          running,
          label,
          `${transport}, 70 % of bare's peak`,
          transport,
          rate,
        );
      }
    });
  },
};

/** Two processes in both cases, which differ in where the listeners are: the way between them is all. */
const nodes = { processes: 2, sameCore: true } as const;
const hereAndThere = [
  { label: 'within a node', subject: 'deskcord', options: nodes },
  { label: 'from node to node', subject: 'deskcord', options: nodes },
] as const;

/** Slow enough that two servers, MongoDB, Redis and the generator fit on two cores. */
const TWO_NODES_RATE = 400;

export const twoNodesScenario: Scenario = {
  name: 'two-nodes',
  about: 'delivery from one node to a socket of another, over Redis, against within one node',
  run(run) {
    const longer = { ...run, effort: { ...run.effort, ms: run.effort.ms * 3 } };
    return runRounds(longer, 1, hereAndThere, async (running, label) => {
      const [first] = running.servers;
      await warm(running, 'rest', run.effort.warmUpMs);
      const at = `rest, ${TWO_NODES_RATE}/s`;
      const subject =
        label === 'within a node' && first ? { ...running, servers: [first] } : running;
      await measurePaced(longer, subject, label, at, 'rest', TWO_NODES_RATE);
    });
  },
};
