import { type ChildProcess, fork } from 'node:child_process';
import type { Job, JobResult } from '../generator/jobs.ts';
import { compiled } from './paths.ts';
import { pin, placement } from './placement.ts';

interface Message {
  result?: JobResult;
  held?: JobResult;
  failed?: string;
}

function forkGenerator(job: Job, onMessage: (message: Message) => void): ChildProcess {
  const child = fork(compiled('bench/generator/main'), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const end = () => child.kill('SIGKILL');
  process.once('exit', end);
  child.once('exit', () => process.off('exit', end));
  pin(child.pid as number, placement.others);
  child.on('message', onMessage);
  child.once('exit', (code) => onMessage({ failed: `the generator ended with ${code}` }));
  child.send({ job });
  return child;
}

/** Does one job in a generator process of its own. */
export function generate(job: Exclude<Job, { kind: 'hold' }>): Promise<JobResult> {
  return new Promise((resolve, reject) => {
    forkGenerator(job, ({ result, failed }) => {
      if (result) resolve(result);
      else if (failed) reject(new Error(failed));
    });
  });
}

/** Opens the sockets of a job and keeps them until `release`. */
export function hold(job: Extract<Job, { kind: 'hold' }>): Promise<{
  held: JobResult;
  release(): Promise<void>;
}> {
  return new Promise((resolve, reject) => {
    const child = forkGenerator(job, ({ held, failed }) => {
      if (held) resolve({ held, release });
      else if (failed) reject(new Error(failed));
    });
    const gone = new Promise<void>((done) => child.once('exit', () => done()));
    const release = () => {
      child.send({ release: true });
      return gone;
    };
  });
}
