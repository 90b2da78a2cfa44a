import type { AppContext } from '../../context.ts';
import { majority, native, oid } from '../log/collections.ts';
import { type LogId, logKey, type Stream } from '../log/entry.ts';
import { isDuplicateKey } from '../mongo-errors.ts';
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

/** Of a log that a consumer meets: after which entry it begins. */
type FirstSeq = (log: LogId) => Promise<number>;

/** The offsets of one consumer in the collection `offsets`, under a fencing token. */
export function createOffsets(ctx: AppContext, consumer: string, fence: number) {
  const rows = () => native(ctx.db.offsets);
  const idOf = (log: LogId) => `${consumer} ${logKey(log)}`;
  const placeOf = ({ ticketId, stream }: LogId) => ({
    consumer,
    ticket_id: oid(ticketId),
    stream,
  });
  return {
    /**
     * The offset of a log, taken over by this lease.
     * @throws LeaseLost where a newer lease has written it
     */
    async claim(log: LogId, firstSeq: FirstSeq): Promise<number> {
      const filter = { _id: idOf(log), fence: { $lte: fence } };
      const known = await rows().findOneAndUpdate(filter, { $set: { fence } });
      if (known && known.seq >= 0) return known.seq;
      const seq = await firstSeq(log);
      try {
        await rows().updateOne(
          filter,
          { $set: { fence, seq, lagging: true }, $setOnInsert: placeOf(log) },
          { upsert: true },
        );
        return seq;
      } catch (error) {
        if (isDuplicateKey(error)) throw new LeaseLost();
        throw error;
      }
    },

    /** @throws LeaseLost where a newer lease has written it */
    async commit(log: LogId, seq: number, lagging: boolean): Promise<void> {
      const filter = { _id: idOf(log), fence: { $lte: fence } };
      const { matchedCount } = await rows().updateOne(filter, { $set: { seq, lagging, fence } });
      if (matchedCount === 0) throw new LeaseLost();
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
          if (isDuplicateKey(error) || (error as { code?: unknown }).code === 11000) {
            throw new LeaseLost();
          }
          throw error;
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
