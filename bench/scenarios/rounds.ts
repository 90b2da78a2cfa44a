import { type Running, type StartOptions, type SubjectName, start } from '../subjects/subjects.ts';
import { createWorld, type World } from '../subjects/world.ts';
import type { ScenarioRun } from './scenario.ts';

/** A program in a round: its name in the report, what it is, how it is started. */
export interface Entrant {
  label: string;
  subject: SubjectName;
  options?: StartOptions;
}

export const bareAndOurs: readonly Entrant[] = [
  { label: 'bare', subject: 'bare' },
  { label: 'deskcord', subject: 'deskcord' },
];

/**
 * Alternating rounds: each entrant in turn, each on a fresh database and in fresh processes, so that
 * what changes about the machine meanwhile changes for all of them.
 * @returns the version of MongoDB
 */
export async function runRounds(
  { effort, say }: ScenarioRun,
  nodes: 1 | 3,
  entrants: readonly Entrant[],
  measure: (running: Running, label: string, world: World) => Promise<void>,
): Promise<string> {
  const world = await createWorld(nodes);
  try {
    for (let round = 1; round <= effort.rounds; round++) {
      say(`round ${round} of ${effort.rounds}, ${nodes}-node set`);
      for (const { label, subject, options } of entrants) {
        const running = await start(world, subject, options);
        try {
          await measure(running, label, world);
        } finally {
          await running.stop();
        }
      }
    }
    return world.mongodVersion;
  } finally {
    await world.close();
  }
}
