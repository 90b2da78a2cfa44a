import type { Metric } from '../report/results.ts';
import { startBenchDiscord } from '../subjects/discord.ts';
import { generate } from '../subjects/generator.ts';
import { start } from '../subjects/subjects.ts';
import { createWorld, type World } from '../subjects/world.ts';
import type { Scenario, ScenarioRun } from './scenario.ts';

const metrics = {
  p50: { name: 'post p50', unit: 'ms', better: 'lower' },
  p99: { name: 'post p99', unit: 'ms', better: 'lower' },
} satisfies Record<string, Metric>;

/**
 * Below what Discord lets a bot do in all, 50 requests a second; with 64 tickets also below what it
 * lets it do in one channel, 5 messages in 5 s. One ticket alone could have a message a second, of
 * which no p99 can be had in a reasonable time.
 */
const loads = [
  { tickets: 64, rate: 40, longer: 5 },
  { tickets: 1, rate: 10, longer: 15 },
] as const;

/**
 * What both have carried before anything is measured, at the higher of these rates: a bridge has been at
 * work for days. One that has just been started is compiled while it posts, and V8 first collects all of its
 * heap when that has filled up once, after that every few seconds: bare's after 40 s, ours after 25.
 */
const WARM_UP_MS = { quick: 3000, otherwise: 60_000 } as const;

async function measure(run: ScenarioRun, world: World, subject: 'bare' | 'deskcord') {
  const { record, effort, say } = run;
  const discord = await startBenchDiscord();
  try {
    const running = await start(world, subject, { env: discord.env });
    try {
      const { port, awaitAuthorized } = running;
      // At such rates a p99 takes longer than where thousands are sent.
      for (const [nth, { tickets, rate, longer }] of loads.entries()) {
        const seats = await running.tickets(tickets);
        const target = { port, listenPort: undefined, gateway: discord.gateway, awaitAuthorized };
        const first = WARM_UP_MS[effort.quick ? 'quick' : 'otherwise'];
        const warmUpMs = nth === 0 ? first : effort.warmUpMs * 2;
        const pace = { rate, warmUpMs, ms: effort.ms * longer };
        const job = { kind: 'paced', transport: 'rest', seats, ...target, ...pace } as const;
        const { latency, lost, refused } = await generate(job);
        if (!latency || refused > 0) throw new Error(`${subject} refused ${refused} of its sends`);
        const at = `${tickets} ticket${tickets > 1 ? 's' : ''}, ${rate}/s`;
        record.add(at, subject, metrics.p50, latency.p50);
        record.add(at, subject, metrics.p99, latency.p99);
        // Left out, the slowest would flatter the rest.
        if (lost) throw new Error(`${subject} has not posted ${lost} of its messages`);
        const figures = `p50 ${latency.p50.toFixed(1)} p99 ${latency.p99.toFixed(1)} ms`;
        say(`${at}: ${subject} ${figures}`);
      }
    } finally {
      await running.stop();
    }
  } finally {
    await discord.stop();
  }
}

export const bridgeScenario: Scenario = {
  name: 'bridge',
  about: 'from a customer’s send to the post in simulated Discord, against a naive discord.js bot',
  async run(run) {
    const world = await createWorld(1);
    try {
      for (let round = 1; round <= run.effort.rounds; round++) {
        run.say(`round ${round} of ${run.effort.rounds}`);
        for (const subject of ['bare', 'deskcord'] as const) await measure(run, world, subject);
      }
      return world.mongodVersion;
    } finally {
      await world.close();
    }
  },
};
