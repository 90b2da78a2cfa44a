import { parseArgs } from 'node:util';

/**
 * For programs that take nothing: whoever asks one for `--help`, or of one ticket, means something else than
 * what it does. Ends the process with 2.
 * @param usage how it is run, and what it does
 */
export function refuseArguments(usage: string): void {
  try {
    parseArgs({ options: {} });
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    process.exit(2);
  }
}
