import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Db, ObjectId } from 'mongodb';
import {
  type Attempt,
  judgeHistory,
  type Reader,
  type StoredEntry,
  type Violation,
} from '../../support/history-checker.ts';

export type StoredLogs = Record<string, StoredEntry[]>;

interface EntryDocument {
  _id: ObjectId;
  ticket_id: ObjectId;
  stream: string;
  seq: number;
  type: 'message' | 'edit' | 'delete' | 'status';
  author: { id: string };
  client_id: string;
  content?: string;
  of?: { id: ObjectId };
}

/** What an edit or a deletion is known by: nobody chooses a client id for it over REST. */
export function changeKey(messageId: string, content?: string): string {
  return content === undefined ? `deletion of ${messageId}` : `edit of ${messageId}: ${content}`;
}

function clientIdOf({ type, client_id, content, of }: EntryDocument): string | null {
  if (type === 'message') return client_id;
  const id = of?.id.toHexString() ?? '';
  if (type === 'edit') return changeKey(id, content);
  return type === 'delete' ? changeKey(id) : null;
}

/** Every public entry in the database, or those of one ticket; past all caches and servers. */
export async function readLogs(db: Db, ticketId?: string): Promise<StoredLogs> {
  const logs: StoredLogs = {};
  const rows = db
    .collection<EntryDocument>('entries')
    .find(
      { ...(ticketId && { ticket_id: new ObjectId(ticketId) }), stream: 'public' },
      { readConcern: { level: 'majority' } },
    );
  for await (const row of rows) {
    const id = row.ticket_id.toHexString();
    logs[id] ??= [];
    const message = row.type === 'message' ? row._id : row.of?.id;
    logs[id].push({
      seq: row.seq,
      author_id: row.author.id,
      client_id: clientIdOf(row),
      ...(message && { id: message.toHexString() }),
    });
  }
  return logs;
}

/** True for the long tests of `npm run test:faults`. */
export const long = process.env.DESKCORD_FAULTS === 'long';

/** `DESKCORD_SEED` where it is set; else a new one for each long run and always the same otherwise. */
export function chooseSeed(fixed: number): number {
  const given = process.env.DESKCORD_SEED;
  const seed = given ? Number(given) : long ? Math.floor(Math.random() * 2 ** 31) : fixed;
  if (long) console.log(`seed ${seed}: DESKCORD_SEED=${seed} replays it`);
  return seed;
}

/** What a test writes down of all that was sent, answered and received. */
export class Recorder {
  readonly seed: number;
  readonly attempts: Attempt[] = [];
  /** Answers nobody should ever get: 500, or one that cannot be read. */
  readonly surprises: string[] = [];

  constructor(seed: number) {
    this.seed = seed;
  }

  /**
   * Judges everything, and fails with the findings. The history is written to a file whose path is
   * part of the failure.
   */
  judge(
    logs: StoredLogs,
    readers: readonly Reader[],
    context: { logTails?: () => string; more?: readonly string[] } = {},
  ): void {
    const { attempts, surprises, seed } = this;
    const violations = judgeHistory({ attempts, logs, readers });
    const others = [...surprises, ...(context.more ?? [])];
    if (violations.length + others.length === 0) return;
    const path = join(tmpdir(), `deskcord-history-${seed}-${Date.now()}.json`);
    const record = { seed, violations, others, history: { attempts, logs, readers } };
    writeFileSync(path, JSON.stringify(record, undefined, 1));
    throw new Error(
      [
        `the promise is broken (seed ${seed}); the whole history is in ${path}`,
        ...violations.slice(0, 20).map(describe),
        ...others.slice(0, 20),
        context.logTails?.() ?? '',
      ].join('\n'),
    );
  }
}

function describe({ kind, ticket_id, detail }: Violation): string {
  return `${kind} in ${ticket_id}: ${detail}`;
}
