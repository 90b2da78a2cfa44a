/**
 * Loaded before a measured server (`node --import`), the same for all: answers the bench over IPC
 * with what only the process itself can know. Measures nothing until it is asked to.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const RESOLUTION_MS = 2;
let delays;

const answers = {
  'delays-start': () => {
    delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    delays.enable();
    return {};
  },
  /** Milliseconds beyond the timer's own interval. */
  'delays-stop': () => {
    delays.disable();
    const ms = (share) => Math.max(0, delays.percentile(share) / 1e6 - RESOLUTION_MS);
    return { p50: ms(50), p99: ms(99), max: ms(100) };
  },
  /** Resident bytes once garbage is gone. */
  memory: () => {
    setFlagsFromString('--expose-gc');
    const gc = runInNewContext('gc');
    for (let times = 0; times < 3; times++) gc();
    return { rss: process.memoryUsage.rss() };
  },
};

if (process.send) {
  process.on('message', (message) => {
    const answer = answers[message?.probe];
    if (answer) process.send({ probe: message.probe, id: message.id, answer: answer() });
  });
  process.channel.unref();
}
