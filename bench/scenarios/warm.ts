import type { Transport } from '../generator/jobs.ts';
import { generate } from '../subjects/generator.ts';
import type { Running } from '../subjects/subjects.ts';

/** A server in its first seconds is still being compiled; every program gets the same warming. */
export async function warm(running: Running, transport: Transport, ms: number): Promise<void> {
  const seats = await running.tickets(64);
  for (const { port } of running.servers) {
    const { awaitAuthorized } = running;
    await generate({ kind: 'load', transport, port, awaitAuthorized, seats, warmUpMs: ms, ms: 10 });
  }
}
