import { setTimeout as sleep } from 'node:timers/promises';
import { describe } from '../report/statistics.ts';
import { HttpConnection, writeRequest } from './http-connection.ts';
import type { CatchUpJob, JobResult, LoadJob } from './jobs.ts';
import { ownCpuSince } from './own-cpu.ts';
import { contentOf, openSenders } from './senders.ts';

type Step = (done: (good: boolean) => void) => void;

/** Runs steps back to back, one chain for each, and counts those that end within the window. */
async function runChains(
  steps: Step[],
  warmUpMs: number,
  ms: number,
): Promise<Omit<JobResult, 'count'> & { good: number }> {
  const latencies: number[] = [];
  let refused = 0;
  let measuring = false;
  let running = true;
  const chain = (step: Step) => {
    const start = performance.now();
    step((good) => {
      if (measuring && good) latencies.push(performance.now() - start);
      if (!good) refused++;
      if (running) chain(step);
    });
  };
  for (const step of steps) chain(step);
  await sleep(warmUpMs);
  measuring = true;
  const cpu = process.cpuUsage();
  const from = performance.now();
  await sleep(ms);
  measuring = false;
  const seconds = (performance.now() - from) / 1000;
  const ownCpu = ownCpuSince(cpu, seconds);
  running = false;
  await sleep(100);
  const latency = describe(latencies);
  return { good: latencies.length, seconds, refused, latency, ownCpu };
}

export async function runLoad(job: LoadJob, fail: (error: Error) => void): Promise<JobResult> {
  const senders = await openSenders(job.transport, job, job.seats, fail);
  let number = 0;
  const run = Date.now().toString(36);
  const steps = senders.map(
    (sender): Step =>
      (done) => {
        number++;
        sender.send(contentOf(number), `${run}-${number}`, done);
      },
  );
  const { good, ...rest } = await runChains(steps, job.warmUpMs, job.ms);
  for (const sender of senders) sender.close();
  return { count: good, ...rest };
}

export async function runCatchUp(
  job: CatchUpJob,
  fail: (error: Error) => void,
): Promise<JobResult> {
  const connections: HttpConnection[] = [];
  const steps = job.seats.map(({ ticket, token }): Step => {
    const connection = new HttpConnection(job.port, fail);
    connections.push(connection);
    const path = `/api/v1/tickets/${ticket}/messages${job.query}`;
    const request = writeRequest('GET', path, token);
    return (done) => connection.send(request, (status) => done(status === 200));
  });
  const { good, ...rest } = await runChains(steps, job.warmUpMs, job.ms);
  for (const connection of connections) connection.close();
  return { count: good * job.rowsPerPage, ...rest };
}
