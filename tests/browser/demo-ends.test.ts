import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { makeDataDir } from '../support/temp-dir.ts';
import { isRunning, startDemo } from './demo-process.ts';

let dataDir: string;
beforeAll(async () => {
  dataDir = await makeDataDir('demo-ends');
});
afterAll(() => rm(dataDir, { recursive: true, force: true }));

test.each(['SIGTERM', 'SIGINT', 'SIGKILL'] as const)(
  'the demo ended by %s leaves no process behind',
  async (signal) => {
    const demo = await startDemo(dataDir);
    const family = demo.descendants();
    expect(family.map(({ command }) => command).join('\n')).toMatch(
      /simulator[\s\S]*server-process[\s\S]*mongod/,
    );
    await demo.stop(signal);
    await eventually(() => expect(family.filter(({ pid }) => isRunning(pid))).toEqual([]), {
      timeout: 30_000,
    });
  },
  120_000,
);
