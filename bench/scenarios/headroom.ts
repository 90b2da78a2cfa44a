import { join } from 'node:path';
import type { Transport } from '../generator/jobs.ts';
import type { Metric } from '../report/results.ts';
import { seedBareTickets } from '../subjects/bare.ts';
import { generate } from '../subjects/generator.ts';
import { startMeasured } from '../subjects/measured-process.ts';
import { createWorld } from '../subjects/world.ts';
import type { Scenario } from './scenario.ts';

const transports: readonly Transport[] = ['rest', 'socket'];
const driven: Metric = { name: 'accepted', unit: 'sends/s', better: 'higher' };

export const headroomScenario: Scenario = {
  name: 'headroom',
  about:
    'what the generator drives when the server does nothing: twice any result, or it counts for little',
  async run(run) {
    const world = await createWorld(1);
    try {
      const seats = await seedBareTickets(64);
      for (let round = 1; round <= run.effort.rounds; round++) {
        const log = join(world.directory, 'trivial.log');
        const server = await startMeasured('bench/baseline/trivial', {}, { log });
        for (const transport of transports) {
          const { warmUpMs, ms } = run.effort;
          const target = { transport, port: server.port, awaitAuthorized: false };
          const job = { kind: 'load', ...target, seats, warmUpMs, ms } as const;
          const { count, seconds } = await generate(job);
          run.record.add(`${transport} 64`, 'a server that does nothing', driven, count / seconds);
          run.say(`${transport}: ${Math.round(count / seconds)}/s`);
        }
        await server.stop();
      }
      return world.mongodVersion;
    } finally {
      await world.close();
    }
  },
};
