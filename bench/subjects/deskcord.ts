import { type Db, ObjectId, Timestamp } from 'mongodb';
import type { MessageRow } from '../../src/models/entry.ts';
import { newTicketFields, type TicketRow } from '../../src/models/ticket.ts';
import type { Seat } from '../generator/jobs.ts';
import { contentOf } from '../generator/senders.ts';
import { insertAll } from './insert-all.ts';
import { mintToken, secret } from './tokens.ts';

/** The limits count as always, at a factor that nobody reaches. */
const RATE_LIMIT_FACTOR = '1000000';

export function deskcordEnvironment(
  uri: string,
  database: string,
  redisUrl: string | undefined,
): Record<string, string> {
  return {
    SERVER_MODE: 'PRODUCTION',
    NODE_ENV: 'production',
    MONGO_URI: uri,
    DB_NAME: database,
    JWT_SECRET_KEY: secret,
    WEB_SERVER_PORT: '0',
    HOST: '127.0.0.1',
    RATE_LIMIT_FACTOR,
    MAX_OPEN_TICKETS_PER_USER: '1000000',
    ...(redisUrl ? { ROLES: 'server', REDIS_URL: redisUrl } : { ROLES: 'server,bot' }),
  };
}

/** A row as `createTicket` writes it. */
export function ticketRow(owner: string, number: number, overrides: Partial<TicketRow> = {}) {
  const now = Date.now();
  const row: TicketRow = {
    ...newTicketFields({
      issue_level: 'NORMAL',
      created_at: now,
      status: 'OPEN',
      status_seq: 0,
      closed_at: null,
      ...overrides,
    }),
    _id: new ObjectId() as unknown as TicketRow['_id'],
    number,
    stored: new Timestamp({ t: 0, i: 0 }),
    owner,
    partner: null,
    user_id: owner,
    username: 'Ana',
    email: `${owner}@example.com`,
    user_role: 'TEMP_USER',
    topic: 'A parcel',
    description: 'It has not come.',
    status: 'OPEN',
    support_role: 'GENERAL',
    issue_level: 'NORMAL',
    assigned_to: null,
    created_at: now,
    updated_at: now,
    status_seq: 0,
    closed_at: null,
    close_reason: null,
    client_id: `seed-${number}`,
    ...overrides,
  };
  return row;
}

let customers = 0;
const HOUR_MS = 3_600_000;

/**
 * Open tickets, each of a customer of its own: 10⁵ of them over REST would be most of the bench's time.
 * They were made an hour ago; thousands that are seconds old are what no desk has.
 */
export async function seedTickets(db: Db, count: number): Promise<Seat[]> {
  const number = await db.collection('tickets').countDocuments();
  const t = Math.floor((Date.now() - HOUR_MS) / 1000);
  const seats: Seat[] = [];
  await insertAll(db.collection('tickets'), count, (index) => {
    const id = `customer-${++customers}`;
    const stored = new Timestamp({ t, i: number + index + 1 });
    const row = ticketRow(id, number + index + 1, { stored });
    seats.push({ ticket: row._id.toHexString(), token: mintToken(id, 'TEMP_USER') });
    return row;
  });
  return seats;
}

export function seedStaff(count: number): Seat[] {
  return Array.from({ length: count }, (_, index) => ({
    ticket: '',
    token: mintToken(`agent-${index}`, 'AGENT'),
  }));
}

let fills = 0;

/** Message entries as `sendMessage` writes them, made an hour ago. */
export async function seedMessages(db: Db, seat: Seat, count: number): Promise<void> {
  const ticketId = ObjectId.createFromHexString(seat.ticket);
  const ticket = await db.collection('tickets').findOne({ _id: ticketId });
  const owner = String(ticket?.owner);
  const from = Date.now() - HOUR_MS;
  // Settled long ago for every sweep; unique, as MongoDB would make it.
  const stored = { t: Math.floor(from / 1000), i: ++fills };
  await insertAll(db.collection('entries'), count, (index) => {
    const row: Omit<MessageRow, '_id' | 'ticket_id'> = {
      stream: 'public',
      seq: index + 1,
      stored: new Timestamp(stored),
      type: 'message',
      at: from + index,
      owner,
      author: { key: owner, id: owner, name: 'Ana', role: 'TEMP_USER' },
      client_id: `seed-${index}`,
      origin: 'web',
      content: contentOf(index),
    };
    return { _id: new ObjectId(), ticket_id: ticketId, ...row };
  });
}
