import type { AppContext } from '../../context.ts';
import type { EntryRow } from '../../models/entry.ts';
import { entryRows, majority, native, oid } from '../log/collections.ts';
import type { LogId, Stream } from '../log/entry.ts';

/** Entries of a log that are looked through for what was stored and not written down, at most. */
const LOOKED_THROUGH = 1000;
/** So many of those are from before the newest one that is written down: a bot can be killed twice. */
const BEFORE_THE_NEWEST = 100;
/** Of what is found, so many are dealt with at a time. */
const AT_A_TIME = 10;

/** A message of a channel, or of a thread under it, as one of its lives in a log. */
export interface Origin {
  /** Its snowflake. */
  id: string;
  /** How often it was taken back before. */
  lives: number;
  /** The channel or thread it stands in. */
  placeId: string;
}

/**
 * The idempotency key of a message from Discord: its snowflake, until it was taken back once. That of a note
 * names the place, too: one from a thread could not be asked for otherwise.
 */
export function keyOf({ id, lives, placeId }: Origin, stream: Stream): string {
  if (stream === 'internal') return `${id}:${lives}@${placeId}`;
  return lives === 0 ? id : `${id}:${lives}`;
}

/** A message that was stored, and of which no post says what it stands for. */
export interface Unrecorded {
  messageId: string;
  seq: number;
  id: string;
  lives: number;
  /** Of a note. */
  placeId: string | undefined;
}

const keys: Record<Stream, RegExp> = {
  public: /^(\d+)(?::(\d+))?$/,
  internal: /^(\d+):(\d+)@(\d+)$/,
};

/**
 * Messages from Discord in a log that are not written down: their bot was killed when it had stored them. One
 * alone as a rule, since a ticket's messages are taken in one after the other. Notes of earlier versions, which
 * do not say where they were written, are left out.
 * @returns the newest ones, newest first
 */
export async function listUnrecorded({ db, store }: AppContext, log: LogId): Promise<Unrecorded[]> {
  const ticket_id = oid(log.ticketId);
  const stream = log.stream === 'internal' ? 'internal' : { $ne: 'internal' };
  const posts = native(db.posts);
  const [newest] = await posts
    .find({ ticket_id, direction: 'in', stream } as never)
    .sort({ seq: -1 })
    .limit(1)
    .toArray();
  const head = (await store.readHead(log)).seq;
  const after = Math.max(0, head - LOOKED_THROUGH, (newest?.seq ?? 0) - BEFORE_THE_NEWEST);
  const which = { ticket_id, stream: log.stream, seq: { $gt: after } };
  const client_id = keys[log.stream];
  const rows = await entryRows(db)
    .find({ ...which, type: 'message', origin: 'discord', client_id } as never, {
      readConcern: majority,
      projection: { client_id: 1, seq: 1 },
    })
    .hint('entry_seq')
    .sort({ seq: -1 })
    .toArray();
  if (rows.length === 0) return [];
  const recorded = await posts
    .find({ message_id: { $in: rows.map(({ _id }) => _id) } } as never)
    .project({ message_id: 1 })
    .toArray();
  const known = new Set(recorded.map(({ message_id }) => String(message_id)));
  return rows
    .filter(({ _id }) => !known.has(String(_id)))
    .slice(0, AT_A_TIME)
    .map((row) => unrecordedOf(row as unknown as Stored, log.stream));
}

type Stored = Pick<EntryRow, '_id' | 'seq' | 'client_id'>;

function unrecordedOf({ _id, seq, client_id: key }: Stored, stream: Stream): Unrecorded {
  const [, id = '', lives = '0', placeId] = keys[stream].exec(key) ?? [];
  return { messageId: String(_id), seq, id, lives: Number(lives), placeId };
}

/** The same of one Discord message, in its last life in a log, of which nothing is written down any more. */
export async function findUnrecorded(
  { db, store }: AppContext,
  log: LogId,
  id: string,
): Promise<Unrecorded | undefined> {
  if (!/^\d+$/.test(id)) return undefined;
  const after = Math.max(0, (await store.readHead(log)).seq - LOOKED_THROUGH);
  const which = { ticket_id: oid(log.ticketId), stream: log.stream, seq: { $gt: after } };
  const client_id = new RegExp(`^${id}(?::|$)`);
  const [row] = await entryRows(db)
    .find({ ...which, type: 'message', origin: 'discord', client_id } as never, {
      readConcern: majority,
      projection: { client_id: 1, seq: 1 },
    })
    .hint('entry_seq')
    .sort({ seq: -1 })
    .limit(1)
    .toArray();
  return row && unrecordedOf(row as unknown as Stored, log.stream);
}
