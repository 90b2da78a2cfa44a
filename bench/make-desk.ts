import { parseArgs } from 'node:util';
import { fillDesk } from './subjects/desk.ts';

/** `npm run desk`: fills an empty database with a desk, to look at a large one. */

const usage = `npm run desk -- --uri mongodb://… --database NAME [--tickets N] [--messages N] [--seed N]

  --uri        the address of MongoDB
  --database   an empty database, or one that is not there yet
  --tickets    100000
  --messages   ten for each ticket
  --seed       1; the same seed makes the same desk`;

/** @throws an Error fit to be shown */
function readArgs(argv: string[]) {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: argv,
    options: { uri: text, database: text, tickets: text, messages: text, seed: text },
  });
  const { uri, database } = values;
  if (!uri || !database) throw new Error('--uri and --database are missing');
  const numberOf = (name: 'tickets' | 'messages' | 'seed', otherwise: number) => {
    const value = Number(values[name] ?? otherwise);
    if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} wants a number from 1`);
    return value;
  };
  const tickets = numberOf('tickets', 100_000);
  const messages = numberOf('messages', tickets * 10);
  return { uri, database, tickets, messages, seed: numberOf('seed', 1) };
}

async function main(): Promise<number> {
  let args: ReturnType<typeof readArgs>;
  try {
    args = readArgs(process.argv.slice(2));
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    return 2;
  }
  const { uri, database, ...options } = args;
  try {
    const desk = await fillDesk(uri, database, { ...options, say: console.error });
    console.error(`${desk.tickets} tickets, ${desk.messages} messages, ${desk.notes} notes`);
    return 0;
  } catch (error) {
    console.error(`The desk cannot be made: ${(error as Error).message}`);
    return 1;
  }
}

process.exit(await main());
