import { rarestRank, wordOfRank } from '../generator/desk-text.ts';
import { HttpConnection, writeRequest } from '../generator/http-connection.ts';
import type { Metric } from '../report/results.ts';
import { percentile } from '../report/statistics.ts';
import { fillDesk } from '../subjects/desk.ts';
import { start } from '../subjects/subjects.ts';
import { mintToken } from '../subjects/tokens.ts';
import { createWorld, type World } from '../subjects/world.ts';
import type { Scenario, ScenarioRun } from './scenario.ts';

const metrics = {
  p95: { name: 'search p95', unit: 'ms', better: 'lower' },
} satisfies Record<string, Metric>;

const words = (...ranks: number[]) => ranks.map(wordOfRank).join('+');
const rare = rarestRank - 1000;
const queries: readonly { name: string; who: 'AGENT' | 'TEMP_USER'; query: string }[] = [
  { name: 'the commonest word', who: 'AGENT', query: `q=${words(0)}` },
  { name: 'a rare word', who: 'AGENT', query: `q=${words(rare)}` },
  { name: 'two common words', who: 'AGENT', query: `q=${words(0, 1)}` },
  { name: 'two words that seldom meet', who: 'AGENT', query: `q=${words(3000, 3001)}` },
  { name: 'a common and a rare word', who: 'AGENT', query: `q=${words(0, rare)}` },
  { name: 'the commonest word, filtered', who: 'AGENT', query: `q=${words(0)}&status=OPEN` },
  { name: 'a customer, the commonest word', who: 'TEMP_USER', query: `q=${words(0)}` },
];

function get(http: HttpConnection, path: string, token: string): Promise<void> {
  return new Promise((resolve, reject) => {
    http.send(writeRequest('GET', path, token), (status, body) => {
      if (status === 200) resolve();
      else reject(new Error(`${path} was answered ${status}: ${body.toString().slice(0, 300)}`));
    });
  });
}

/** Every query in turn, round by round, by a lone client. */
async function measureQueries(run: ScenarioRun, world: World): Promise<void> {
  const tickets = run.effort.quick ? 2000 : 100_000;
  const database = world.freshDatabase();
  await fillDesk(world.uri, database, { tickets, say: run.say });
  const running = await start(world, 'deskcord', { database });
  const http = new HttpConnection(running.port, (error) => run.say(error.message));
  const tokens = {
    AGENT: mintToken('agent-1', 'AGENT'),
    TEMP_USER: mintToken('customer-0', 'TEMP_USER'),
  };
  try {
    const asked = run.effort.quick ? 20 : 100;
    // Round 0 warms.
    for (let round = 0; round <= run.effort.rounds; round++) {
      const times = queries.map((): number[] => []);
      for (let n = 0; n < asked; n++) {
        for (const [nth, { who, query }] of queries.entries()) {
          const begun = performance.now();
          await get(http, `/api/v1/tickets?${query}`, tokens[who]);
          times[nth]?.push(performance.now() - begun);
        }
      }
      if (round === 0) continue;
      for (const [nth, { name }] of queries.entries()) {
        const p95 = percentile(Float64Array.from(times[nth] ?? []).sort(), 0.95);
        run.record.add(`${name}, ${tickets} tickets`, 'deskcord', metrics.p95, p95);
        run.say(`${name}: p95 ${p95.toFixed(1)} ms`);
      }
    }
  } finally {
    http.close();
    await running.stop();
  }
}

export const searchScenario: Scenario = {
  name: 'search',
  about: 'q over 10⁵ tickets and 10⁶ messages',
  async run(run) {
    const world = await createWorld(1);
    try {
      await measureQueries(run, world);
      return world.mongodVersion;
    } finally {
      await world.close();
    }
  },
};
