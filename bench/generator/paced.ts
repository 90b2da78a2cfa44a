import { setTimeout as sleep } from 'node:timers/promises';
import { describe } from '../report/statistics.ts';
import { listenAtGateway } from './gateway.ts';
import type { JobResult, PacedJob } from './jobs.ts';
import { ownCpuSince } from './own-cpu.ts';
import { contentOf, numberIn, numberInPost, openSenders, type Sender } from './senders.ts';
import { openSockets } from './socket.ts';

/** How long the last messages may take to arrive, in milliseconds: at a socket, and in Discord. */
const PATIENCE_MS = { socket: 3000, gateway: 30_000 } as const;
/** How long Discord may take to have a channel for every ticket. */
const CHANNELS_MS = 60_000;

/** Messages that wait for their sender; the time they wait is part of their latency. */
function createQueue(sender: Sender, run: string, onRefused: () => void, onDone: OnDone) {
  const waiting: number[] = [];
  let busy = false;
  const next = () => {
    const number = waiting.shift();
    busy = number !== undefined;
    if (number === undefined) return;
    sender.send(contentOf(number), `${run}-${number}`, (accepted) => {
      if (accepted) onDone(number);
      else onRefused();
      next();
    });
  };
  return (number: number) => {
    waiting.push(number);
    if (!busy) next();
  };
}

type OnDone = (number: number) => void;

/** Hears where the messages come out; undefined where the sender's own answer is what counts. */
async function listen(job: PacedJob, note: OnDone, fail: (error: Error) => void) {
  const { gateway, listenPort, seats } = job;
  if (gateway) return listenAtGateway(gateway, (payload) => note(numberInPost(payload)), fail);
  if (listenPort === undefined) return undefined;
  const listeners = await openSockets({ ...job, port: listenPort }, seats, 50);
  for (const listener of listeners) listener.onEvent = (packet) => note(numberIn(packet));
  return {
    close() {
      for (const listener of listeners) listener.close();
    },
  };
}

async function haveArrived(arrived: Float64Array, patienceMs: number): Promise<void> {
  const until = performance.now() + patienceMs;
  while (arrived.includes(0) && performance.now() < until) await sleep(20);
}

/**
 * Sends by the clock and takes every latency from the moment a message was *due*, so that a server
 * that stalls is charged for all it delayed, not only for the one request it was asked meanwhile.
 */
export async function runPaced(job: PacedJob, fail: (error: Error) => void): Promise<JobResult> {
  const { rate, warmUpMs, ms } = job;
  const total = Math.floor((rate * (warmUpMs + ms)) / 1000);
  const first = Math.floor((rate * warmUpMs) / 1000);
  // Of a bridge each ticket's first message, which opens its channel, is not measured.
  const opening = job.gateway ? job.seats.length : 0;
  const arrived = new Float64Array(total + opening);
  let refused = 0;
  const note: OnDone = (number) => {
    if (arrived[number] === 0) arrived[number] = performance.now();
  };
  const senders = await openSenders(job.transport, job, job.seats, fail);
  const hearing = await listen(job, note, fail);
  const run = Date.now().toString(36);
  const onDone = hearing ? () => undefined : note;
  const queues = senders.map((sender) => createQueue(sender, run, () => refused++, onDone));
  for (let nth = 0; nth < opening; nth++) queues[nth]?.(total + nth);
  await haveArrived(arrived.subarray(total), CHANNELS_MS);

  const start = performance.now() + 50;
  const dueAt = (number: number) => start + (number * 1000) / rate;
  let cpu = process.cpuUsage();
  let next = 0;
  while (next < total) {
    const now = performance.now();
    for (; next < total && dueAt(next) <= now; next++) {
      if (next === first) cpu = process.cpuUsage();
      queues[next % queues.length]?.(next);
    }
    await sleep(1);
  }
  const ownCpu = ownCpuSince(cpu, ms / 1000);
  await haveArrived(arrived, PATIENCE_MS[job.gateway ? 'gateway' : 'socket']);
  const latencies: number[] = [];
  for (let number = first; number < total; number++) {
    const at = arrived[number] as number;
    if (at > 0) latencies.push(at - dueAt(number));
  }
  for (const sender of senders) sender.close();
  hearing?.close();
  const lost = total - first - latencies.length;
  const latency = describe(latencies);
  return { count: latencies.length, seconds: ms / 1000, refused, latency, lost, ownCpu };
}
