import { setTimeout as sleep } from 'node:timers/promises';
import { HttpConnection, writeRequest } from '../generator/http-connection.ts';
import type { Seat } from '../generator/jobs.ts';
import type { Metric } from '../report/results.ts';
import { median, percentile } from '../report/statistics.ts';
import { generate } from '../subjects/generator.ts';
import type { Running } from '../subjects/subjects.ts';
import { mintToken } from '../subjects/tokens.ts';
import { type Entrant, runRounds } from './rounds.ts';
import type { Scenario, ScenarioRun } from './scenario.ts';
import { warm } from './warm.ts';

const metrics = {
  rate: { name: 'accepted', unit: 'sends/s', better: 'higher' },
  p99: { name: 'accept p99', unit: 'ms', better: 'lower' },
  p50: { name: 'findable p50', unit: 's', better: 'lower' },
  p95: { name: 'findable p95', unit: 's', better: 'lower' },
  max: { name: 'findable max', unit: 's', better: 'lower' },
} satisfies Record<string, Metric>;

const SENDERS = 64;
const WITH = 'with the worker';
/** How many times as long as other scenarios measure: the worker works in waves of some seconds. */
const LONGER = 3;

const serves: Record<string, string> = { ROLES: 'server,bot' };
const entrants: readonly Entrant[] = [
  { label: 'without', subject: 'deskcord', options: { env: serves } },
  { label: WITH, subject: 'deskcord', options: { env: { ROLES: 'server,bot,worker' } } },
  {
    label: 'with the worker in a process of its own',
    subject: 'deskcord',
    options: { env: serves, redis: true, besides: [{ ROLES: 'worker' }] },
  },
];

/** Alternating rounds of a server with a worker beside its work and one without. */
function measureSends(run: ScenarioRun): Promise<string> {
  const { warmUpMs, ms } = run.effort;
  return runRounds(run, 1, entrants, async (running, label) => {
    await warm(running, 'rest', warmUpMs);
    const { port, awaitAuthorized } = running;
    const seats = await running.tickets(SENDERS);
    const job = { kind: 'load', transport: 'rest', port, awaitAuthorized, seats } as const;
    const { count, seconds, latency } = await generate({ ...job, warmUpMs, ms: ms * LONGER });
    run.record.add(`rest ${SENDERS}`, label, metrics.rate, count / seconds);
    run.record.add(`rest ${SENDERS}`, label, metrics.p99, latency?.p99 ?? Number.NaN);
    run.say(`${label}: ${Math.round(count / seconds)}/s, p99 ${latency?.p99.toFixed(1)} ms`);
  });
}

/** What senders send there, of what they reach with the worker in the server's process. */
const SHARE = 0.3;
const WORDS = { quick: 40, otherwise: 200 } as const;
/** Rounds of it at most: each has its two hundred words. */
const ROUNDS = 3;
/** A word is written so often, and asked for so often until it is found, in milliseconds. */
const WORD_EVERY_MS = 100;
const ASK_EVERY_MS = 100;
const PATIENCE_MS = 60_000;

const staff = mintToken('agent-1', 'AGENT');

function ask(http: HttpConnection, request: string, wanted: number): Promise<string> {
  return new Promise((resolve, reject) => {
    http.send(request, (status, body) => {
      if (status === wanted) resolve(body.toString());
      else reject(new Error(`a request was answered ${status}: ${body.toString().slice(0, 300)}`));
    });
  });
}

/** Writes a word that nobody has written before. @returns seconds from its acceptance until it is found */
async function timeWord(port: number, { ticket, token }: Seat, word: string): Promise<number> {
  let broken: ((error: Error) => void) | undefined;
  const breaks = new Promise<never>((_, reject) => {
    broken = reject;
  });
  const http = new HttpConnection(port, (error) => broken?.(error));
  const find = async () => {
    const path = `/api/v1/tickets/${ticket}/messages`;
    const body = `{"content":"a customer writes ${word}","client_id":"${word}"}`;
    await ask(http, writeRequest('POST', path, token, body), 201);
    const from = performance.now();
    for (;;) {
      const found = await ask(http, writeRequest('GET', `/api/v1/tickets?q=${word}`, staff), 200);
      const ms = performance.now() - from;
      if (found.includes(ticket)) return ms / 1000;
      if (ms > PATIENCE_MS) throw new Error('a word was not found within a minute');
      await sleep(ASK_EVERY_MS);
    }
  };
  try {
    return await Promise.race([find(), breaks]);
  } finally {
    http.close();
  }
}

/** Words that are written by the clock into the tickets that the senders write to. */
async function timeWords(running: Running, seats: readonly Seat[], round: number, count: number) {
  const times: Promise<number>[] = [];
  for (let nth = 0; nth < count; nth++) {
    const seat = seats[nth % seats.length] as Seat;
    const time = timeWord(running.port, seat, `word${round}x${nth}`);
    // Seen below; until then it is nobody's.
    time.catch(() => undefined);
    times.push(time);
    await sleep(WORD_EVERY_MS);
  }
  return Promise.all(times);
}

/** How long after its writing a word is found, while others send at three tenths of what was reached. */
async function measureFindable(run: ScenarioRun): Promise<void> {
  const reached = run.record.measures.find(
    ({ subject, metric }) => subject === WITH && metric === metrics.rate.name,
  );
  const rate = Math.max(1, Math.round(median(reached?.rounds ?? []) * SHARE));
  const { quick, warmUpMs, rounds } = run.effort;
  const count = quick ? WORDS.quick : WORDS.otherwise;
  const few = { ...run, effort: { ...run.effort, rounds: Math.min(rounds, ROUNDS) } };
  const fed = entrants.filter(({ label }) => label !== 'without');
  let round = 0;
  await runRounds(few, 1, fed, async (running, label) => {
    await warm(running, 'rest', warmUpMs);
    const { port, awaitAuthorized } = running;
    const seats = await running.tickets(SENDERS);
    const ms = warmUpMs + count * WORD_EVERY_MS + 5000;
    const target = { port, awaitAuthorized, seats, listenPort: undefined } as const;
    const sending = generate({ kind: 'paced', transport: 'rest', ...target, rate, warmUpMs, ms });
    sending.catch(() => undefined);
    await sleep(warmUpMs * 2);
    const times = Float64Array.from(await timeWords(running, seats, ++round, count)).sort();
    const { refused } = await sending;
    if (refused > 0) throw new Error(`${refused} sends were refused`);
    const at = `rest ${SENDERS}, at 30 %`;
    for (const [name, share] of [
      ['p50', 0.5],
      ['p95', 0.95],
      ['max', 1],
    ] as const) {
      run.record.add(at, label, metrics[name], percentile(times, share));
    }
    run.record.add(at, label, metrics.rate, rate);
    const [p95, max] = [0.95, 1].map((share) => percentile(times, share).toFixed(2));
    run.say(`${label}, ${rate}/s: of ${count} words found, p95 ${p95} s, the last after ${max} s`);
  });
}

export const workerScenario: Scenario = {
  name: 'worker',
  about: 'sends with the worker and without; how soon a word is found at 30 % of that',
  async run(run) {
    const mongod = await measureSends(run);
    await measureFindable(run);
    return mongod;
  },
};
