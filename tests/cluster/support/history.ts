import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from '@jest/globals';
import { type Db, ObjectId } from 'mongodb';
import { logKey, type Stream } from '../../../src/domain/log/entry.ts';
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
  stream: Stream;
  seq: number;
  type: 'message' | 'edit' | 'delete' | 'ticket_change';
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

/**
 * Every entry in the database, or those of one ticket, log by log; past all caches and servers. The
 * public log goes by the ticket's id, the internal one by its own key.
 */
export async function readLogs(db: Db, ticketId?: string): Promise<StoredLogs> {
  const logs: StoredLogs = {};
  const rows = db
    .collection<EntryDocument>('entries')
    .find(ticketId ? { ticket_id: new ObjectId(ticketId) } : {}, {
      readConcern: { level: 'majority' },
    });
  for await (const row of rows) {
    const id = logKey({ ticketId: row.ticket_id.toHexString(), stream: row.stream });
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

/** What the tests of this file are recording now. */
const recording = {
  recorders: new Set<Recorder>(),
  readers: new Set<{ records(): Reader[] }>(),
  clusters: new Set<{ readLogs(): Promise<StoredLogs> }>(),
};

/** Makes a reader's, or a cluster's, part of what is written down of a test that fails. */
export function keepReader(reader: { records(): Reader[] }): void {
  recording.readers.add(reader);
}
export function keepCluster(cluster: { readLogs(): Promise<StoredLogs> }): () => void {
  recording.clusters.add(cluster);
  return () => recording.clusters.delete(cluster);
}

function writeHistory(seed: number, record: object): string {
  const path = join(tmpdir(), `deskcord-history-${seed}-${Date.now()}.json`);
  writeFileSync(path, JSON.stringify({ seed, ...record }, undefined, 1));
  return path;
}

/** A test that fails before it comes to be judged leaves its history too. */
afterEach(async () => {
  const { recorders, readers, clusters } = recording;
  const unjudged = [...recorders].filter(({ judged, attempts }) => !judged && attempts.length > 0);
  recorders.clear();
  const records = [...readers].flatMap((reader) => reader.records());
  readers.clear();
  if (!(globalThis as { testHasFailed?: boolean }).testHasFailed) return;
  const stored = await Promise.allSettled([...clusters].map((cluster) => cluster.readLogs()));
  const all = Object.assign(
    {},
    ...stored.map((one) => (one.status === 'fulfilled' ? one.value : {})),
  );
  for (const { seed, attempts, surprises } of unjudged) {
    const ids = new Set(attempts.map(({ ticket_id }) => ticket_id));
    const logs = Object.fromEntries([...ids].map((id) => [id, all[id] ?? []]));
    const own = records.filter(({ ticket_id }) => ids.has(ticket_id));
    const history = { attempts, logs, readers: own };
    const path = writeHistory(seed, { others: surprises, history });
    console.error(`failed before it was judged (seed ${seed}); the history so far is in ${path}`);
  }
});

/** What a test writes down of all that was sent, answered and received. */
export class Recorder {
  readonly seed: number;
  readonly attempts: Attempt[] = [];
  /** Answers nobody should ever get: 500, or one that cannot be read. */
  readonly surprises: string[] = [];
  judged = false;

  constructor(seed: number) {
    this.seed = seed;
    recording.recorders.add(this);
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
    this.judged = true;
    const violations = judgeHistory({ attempts, logs, readers });
    const others = [...surprises, ...(context.more ?? [])];
    if (violations.length + others.length === 0) return;
    const path = writeHistory(seed, { violations, others, history: { attempts, logs, readers } });
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
