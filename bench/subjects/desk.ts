import { createConnection } from 'mongoose';
import { buildIndexes } from '../../src/domain/indexes.ts';
import { defineModels } from '../../src/models/database.ts';
import { type Desk, type DeskOptions, generateDesk } from '../generator/desk.ts';

/** Messages of a ticket, on average. */
const MESSAGES_PER_TICKET = 10;
const TOLD_EVERY = 10_000;

export interface FillOptions extends Pick<DeskOptions, 'seed' | 'until'> {
  tickets: number;
  /** Ten for each ticket where nothing else is said. */
  messages?: number;
  say(line: string): void;
}

/**
 * Makes a desk in an empty database, with its search index and every other index.
 * @throws an Error where the database has tickets already
 */
export async function fillDesk(
  uri: string,
  database: string,
  { tickets, messages = tickets * MESSAGES_PER_TICKET, say, ...options }: FillOptions,
): Promise<Desk> {
  const connection = await createConnection(uri, {
    dbName: database,
    autoIndex: false,
  }).asPromise();
  try {
    const db = defineModels(connection);
    if (await db.tickets.collection.findOne({}, { projection: { _id: 1 } })) {
      throw new Error(`the database ${database} has tickets already`);
    }
    const onProgress = (done: { tickets: number; messages: number }) => {
      if (done.tickets % TOLD_EVERY !== 0) return;
      say(`${done.tickets} of ${tickets} tickets, ${done.messages} messages`);
    };
    const desk = await generateDesk(db, {
      ...options,
      tickets,
      messages,
      search: true,
      onProgress,
    });
    say('building the indexes');
    const problems = await buildIndexes(db);
    if (problems.length > 0) throw new Error(problems.join('\n'));
    return desk;
  } finally {
    await connection.close();
  }
}
