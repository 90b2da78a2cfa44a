import { type Db, ObjectId } from 'mongodb';
import type { Seat } from '../generator/jobs.ts';
import { contentOf } from '../generator/senders.ts';
import { insertAll } from './insert-all.ts';
import { mintToken } from './tokens.ts';

export function bareEnvironment(
  uri: string,
  database: string,
  storage: boolean,
): Record<string, string> {
  return {
    MONGO_URI: uri,
    DB_NAME: database,
    STORAGE: storage ? 'mongo' : 'none',
    NODE_ENV: 'production',
  };
}

/** The bare program has no tickets; its requests carry a token of the same length all the same. */
export async function seedBareTickets(count: number): Promise<Seat[]> {
  return Array.from({ length: count }, (_, index) => ({
    ticket: new ObjectId().toHexString(),
    token: mintToken(`customer-${index}`, 'TEMP_USER'),
  }));
}

export function seedBareMessages(db: Db, seat: Seat, count: number): Promise<void> {
  const from = Date.now() - count;
  return insertAll(db.collection('messages'), count, (index) => ({
    _id: new ObjectId(),
    ticket_id: seat.ticket,
    author_id: 'user',
    author_name: 'Ana',
    author_role: 'TEMP_USER',
    content: contentOf(index),
    client_id: `seed-${index}`,
    attachments: [],
    created_at: from + index,
    updated_at: from + index,
  }));
}
