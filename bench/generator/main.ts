/** The load generator: a process of its own that gets one job over IPC, does it, and ends. */
import { runFanOut, runHold } from './crowd.ts';
import type { Job, JobResult } from './jobs.ts';
import { runCatchUp, runLoad } from './load.ts';
import { runPaced } from './paced.ts';

/** No job takes longer; a generator that lost its bench does not stay. */
const LONGEST_MS = 10 * 60_000;

function fail(error: Error): never {
  process.send?.({ failed: error.message }, () => process.exit(1));
  setTimeout(() => process.exit(1), 1000);
  throw error;
}

function run(job: Job, released: Promise<void>): Promise<JobResult> {
  switch (job.kind) {
    case 'load':
      return runLoad(job, fail);
    case 'paced':
      return runPaced(job, fail);
    case 'fan-out':
      return runFanOut(job, fail);
    case 'catch-up':
      return runCatchUp(job, fail);
    case 'hold':
      return runHold(job, (held) => process.send?.({ held }), released);
  }
}

setTimeout(() => process.exit(1), LONGEST_MS).unref();
process.on('disconnect', () => process.exit(1));
let release: () => void = () => undefined;
const released = new Promise<void>((resolve) => {
  release = resolve;
});
process.on('message', (message: { job?: Job; release?: true }) => {
  if (message.release) release();
  if (!message.job) return;
  run(message.job, released).then(
    (result) => process.send?.({ result }, () => process.exit(0)),
    (error: Error) => fail(error),
  );
});
