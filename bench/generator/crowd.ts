import { setTimeout as sleep } from 'node:timers/promises';
import { cpuSeconds } from '../subjects/cpu-seconds.ts';
import type { FanOutJob, HoldJob, JobResult } from './jobs.ts';
import { ownCpuSince } from './own-cpu.ts';
import { contentOf, openSenders } from './senders.ts';
import { type LightSocket, openSockets } from './socket.ts';

function ask(socket: LightSocket, event: string, argument: object): Promise<string> {
  return new Promise((resolve, reject) => {
    socket.ask(event, JSON.stringify(argument), (packet) =>
      packet.includes('"ok":true') ? resolve(packet) : reject(new Error(packet.slice(0, 300))),
    );
  });
}

/** Many listeners of one ticket; what is counted is deliveries. */
export async function runFanOut(job: FanOutJob, fail: (error: Error) => void): Promise<JobResult> {
  const listeners = await openSockets(job, job.listeners, 50);
  if (job.subscribe) {
    const wanted = { ticket_id: job.seat.ticket };
    await Promise.all(listeners.map((socket) => ask(socket, 'subscribe', wanted)));
  }
  let deliveries = 0;
  for (const socket of listeners) socket.onEvent = () => deliveries++;
  const seats = new Array(job.senders).fill(job.seat);
  const senders = await openSenders('rest', job, seats, fail);
  let refused = 0;
  let number = 0;
  let running = true;
  const run = Date.now().toString(36);
  // The next message leaves when the last one has been heard by all, or the queue would only grow.
  const heard = async (upTo: number) => {
    while (running && deliveries < upTo) await sleep(1);
  };
  const chain = (sender: (typeof senders)[number]) => {
    number++;
    const upTo = (number - job.senders) * listeners.length;
    sender.send(contentOf(number), `${run}-${number}`, (accepted) => {
      if (!accepted) refused++;
      void heard(upTo).then(() => running && chain(sender));
    });
  };
  for (const sender of senders) chain(sender);
  await sleep(job.warmUpMs);
  const cpu = process.cpuUsage();
  const serverBefore = cpuSeconds(job.serverPid);
  const before = deliveries;
  const from = performance.now();
  await sleep(job.ms);
  const count = deliveries - before;
  const seconds = (performance.now() - from) / 1000;
  const serverCpu = cpuSeconds(job.serverPid) - serverBefore;
  running = false;
  const ownCpu = ownCpuSince(cpu, seconds);
  await sleep(300);
  for (const each of [...senders, ...listeners]) each.close();
  return { count, seconds, refused, ownCpu, serverCpu };
}

/** Opens sockets, catches up where asked to, says so, and keeps them until `released`. */
export async function runHold(
  job: HoldJob,
  onHeld: (result: JobResult) => void,
  released: Promise<void>,
): Promise<JobResult> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  const { syncAfter } = job;
  const sockets = await openSockets(job, job.seats, job.burst);
  if (syncAfter !== undefined) {
    await Promise.all(
      sockets.map((socket, index) =>
        ask(socket, 'sync', { ticket_id: job.seats[index]?.ticket, after: syncAfter }),
      ),
    );
  }
  const seconds = (performance.now() - start) / 1000;
  const ownCpu = ownCpuSince(cpu, seconds);
  const result = { count: sockets.length, seconds, refused: 0, ownCpu };
  onHeld(result);
  await released;
  for (const socket of sockets) socket.close();
  return result;
}
