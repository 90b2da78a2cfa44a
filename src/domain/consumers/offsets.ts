import type { AppContext } from '../../context.ts';
import { unavailable } from '../../errors.ts';
import type { OffsetRow } from '../../models/consumer.ts';
import { createBatchLoader } from '../log/batch-loader.ts';
import { majority, native, oid, readAtOnce, runCommand } from '../log/collections.ts';
import { type LogId, logKey, type Stream } from '../log/entry.ts';
import { DUPLICATE_KEY, isDuplicateKey } from '../mongo-errors.ts';
import { LeaseLost } from './lease.ts';

/**
 * Where a consumer keeps how far it has come, as discovery needs it. Most keep it in the collection
 * `offsets`; one that commits it together with fields of its own brings its own store.
 */
export interface OffsetStore {
  /** Logs that are not caught up with, or may not be. */
  listLagging(): AsyncIterable<LogId>;
  /** Makes `listLagging` name these logs until they are caught up with. @throws LeaseLost */
  markLagging(logs: readonly LogId[]): Promise<void>;
  /** Logs from before the consumer that it is to begin with, in the order of their tickets' ids. */
  listFirst(after: string | undefined): AsyncIterable<LogId>;
}

/** Rows written by one command, and read by one. */
const ROWS_AT_ONCE = 500;

const writeConcern = { w: 'majority', j: true, wtimeout: 10_000 } as const;

interface UpdateAnswer {
  writeErrors?: readonly { code: number; errmsg: string }[];
  writeConcernError?: { errmsg: string };
}

/** How far a consumer has come in a log. */
export interface Position {
  log: LogId;
  seq: number;
  /** True where the row is to go on saying that there is more, should it say so. */
  isOpen: boolean;
}

function isFenced(error: unknown): boolean {
  return isDuplicateKey(error) || (error as { code?: unknown }).code === DUPLICATE_KEY;
}

/** The offsets of one consumer in the collection `offsets`, under a fencing token. */
export function createOffsets(ctx: AppContext, consumer: string, fence: number) {
  const rows = () => native(ctx.db.offsets);
  const idOf = (log: LogId) => `${consumer} ${logKey(log)}`;
  const placeOf = ({ ticketId, stream }: LogId) => ({
    consumer,
    ticket_id: oid(ticketId),
    stream,
  });
  const stored = createBatchLoader<string, OffsetRow>(
    async (ids) => {
      const query = {
        find: ctx.db.offsets.collection.collectionName,
        filter: { _id: { $in: ids } },
      };
      const options = { projection: { seq: 1, lagging: 1, fence: 1 } };
      const found = await readAtOnce<OffsetRow>(ctx.db, query, options, ids.length);
      return new Map(found.map((row) => [row._id, row]));
    },
    { most: ROWS_AT_ONCE, slots: 1 },
  );
  return {
    /**
     * The offset of a log; undefined for one that was never met. Many are read together.
     * @throws LeaseLost where a newer lease has written it
     */
    async read(log: LogId): Promise<{ seq: number; lagging: boolean } | undefined> {
      const row = await stored(idOf(log));
      if (row && row.fence > fence) throw new LeaseLost();
      return row && row.seq >= 0 ? row : undefined;
    },

    /**
     * Writes down how far several logs have come; an offset never goes back. Of one that a newer lease has
     * written nothing changes.
     * @throws LeaseLost where there was such a one; the others are written
     */
    async commit(positions: readonly Position[]): Promise<void> {
      let refused = false;
      for (let from = 0; from < positions.length; from += ROWS_AT_ONCE) {
        const updates = positions.slice(from, from + ROWS_AT_ONCE).map(({ log, seq, isOpen }) => ({
          q: { _id: idOf(log), fence: { $lte: fence } },
          u: {
            $max: { seq },
            $set: { fence, ...(!isOpen && { lagging: false }) },
            $setOnInsert: { ...placeOf(log), ...(isOpen && { lagging: false }) },
          },
          upsert: true,
        }));
        // The command itself: the driver would check and measure every one of these first.
        const update = ctx.db.offsets.collection.collectionName;
        const command = { update, updates, ordered: false, writeConcern };
        const answer = await runCommand<UpdateAnswer>(ctx.db, command);
        const errors = answer.writeErrors ?? [];
        const other = errors.find(({ code }) => code !== DUPLICATE_KEY) ?? answer.writeConcernError;
        if (other) throw unavailable(other.errmsg);
        if (errors.length > 0) refused = true;
      }
      if (refused) throw new LeaseLost();
    },

    async *listLagging(): AsyncGenerator<LogId> {
      const found = rows()
        .find({ consumer, lagging: true }, { readConcern: majority })
        .sort({ ticket_id: 1 });
      for await (const { ticket_id, stream } of found) {
        yield { ticketId: ticket_id.toHexString(), stream };
      }
    },

    async markLagging(logs: readonly LogId[]): Promise<void> {
      if (logs.length === 0) return;
      const writes = logs.map((log) => ({
        updateOne: {
          filter: { _id: idOf(log), fence: { $lte: fence } },
          // A log that was never met has no offset yet.
          update: {
            $set: { lagging: true, fence },
            $setOnInsert: { ...placeOf(log), seq: -1 },
          },
          upsert: true,
        },
      }));
      await rows()
        .bulkWrite(writes as never, { ordered: false })
        .catch((error: unknown) => {
          throw isFenced(error) ? new LeaseLost() : error;
        });
    },
  };
}

const TICKETS_AT_ONCE = 200;

/** The logs of all tickets, in the order of their ids; those without entries too. */
export async function* listAllLogs(
  ctx: AppContext,
  streams: readonly Stream[],
  after: string | undefined,
): AsyncGenerator<LogId> {
  for (let from = after; ; ) {
    const tickets = await native(ctx.db.tickets)
      .find(from ? { _id: { $gt: oid(from) } } : {}, {
        readConcern: majority,
        projection: { _id: 1 },
      })
      .sort({ _id: 1 })
      .limit(TICKETS_AT_ONCE)
      .toArray();
    for (const { _id } of tickets) {
      for (const stream of streams) yield { ticketId: _id.toHexString(), stream };
    }
    if (tickets.length < TICKETS_AT_ONCE) return;
    from = tickets.at(-1)?._id.toHexString();
  }
}
