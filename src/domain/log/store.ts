import { sizes } from '../../contract/limits.ts';
import { notFound } from '../../errors.ts';
import type { Database } from '../../models/database.ts';
import type { EntryRow, Stream } from '../../models/entry.ts';
import type { TicketRow } from '../../models/ticket.ts';
import { createBatchLoader, READ_SLOT_MS } from './batch-loader.ts';
import {
  entryRows,
  linearizable,
  majority,
  native,
  oid,
  readAtOnce,
  runCommand,
} from './collections.ts';
import { boundCommit } from './commit-bound.ts';
import {
  type Entry,
  type LogId,
  type TicketChangeEntry,
  type TicketState,
  toEntry,
  toRow,
  toTicket,
} from './entry.ts';
import { emptyHead, type Head, listOpenHeads, OWNERS_IN_A_QUERY, readHeads } from './heads.ts';
import {
  type InsertAnswer,
  type InsertResult,
  resultOfTransaction,
  resultsOfAnswer,
  resultsOfError,
} from './insert-results.ts';
import { createPages } from './pages.ts';

/** Accepted means: on the disks of a majority. `wtimeout` makes a lost majority an unknown outcome. */
const accepted = { w: 'majority', j: true, wtimeoutMS: 4000 } as const;

/** Timeout of an insert that another's open transaction holds up. */
const INSERT_TIMEOUT_MS = 2500;

/** However large they are, so many fit into one answer of MongoDB's. */
const TICKETS_IN_A_QUERY = { most: 100, slotMs: READ_SLOT_MS };

/** The log in MongoDB, as the writer needs it. */
export function createLogStore(db: Database) {
  const headsOf = (stream: Stream) =>
    createBatchLoader((ids: string[]) => readHeads(db, stream, ids.map(oid)), {
      slotMs: READ_SLOT_MS,
    });
  const heads = { public: headsOf('public'), internal: headsOf('internal') };
  const tickets = createBatchLoader(async (ids: string[]) => {
    const query = {
      find: db.tickets.collection.collectionName,
      filter: { _id: { $in: ids.map(oid) } },
    };
    const rows = await readAtOnce<TicketRow>(db, query, { readConcern: majority }, ids.length);
    return new Map(rows.map((row) => [row._id.toHexString(), row]));
  }, TICKETS_IN_A_QUERY);
  /**
   * After a failover a majority read of the new primary can lag: an absence is confirmed with a
   * linearizable read.
   */
  const findAtLast = async (id: string): Promise<TicketRow | undefined> => {
    const options = { readConcern: linearizable, maxTimeMS: INSERT_TIMEOUT_MS };
    return (await native(db.tickets).findOne({ _id: oid(id) }, options)) ?? undefined;
  };
  // Clients come back all at once, and a query of many costs little more than one of few.
  const openHeads = createBatchLoader(
    (owners: string[]) => listOpenHeads(db, owners, sizes.cursorsAtAuthorize),
    { slots: 1, most: OWNERS_IN_A_QUERY, gatherMs: 10, slotMs: READ_SLOT_MS },
  );
  return {
    /** A page of a ticket's log, read together with others'. */
    readPage: createPages(db),

    async insert(rows: EntryRow[], ordered: boolean): Promise<InsertResult[]> {
      // The command itself instead of `insertMany`: the driver would measure every row before it
      // serialises it, and its own retry is not wanted, since an unknown outcome is looked up.
      const writeConcern = { w: 'majority', j: true, wtimeout: accepted.wtimeoutMS };
      try {
        const answer = await runCommand<InsertAnswer>(db, {
          insert: db.entries.collection.collectionName,
          documents: rows,
          ordered,
          writeConcern,
          maxTimeMS: INSERT_TIMEOUT_MS,
        });
        return resultsOfAnswer(answer, rows.length, ordered);
      } catch (error) {
        return resultsOfError(error, rows.length);
      }
    },

    /**
     * Writes a change of the ticket and the ticket in one transaction; the log decides, so the
     * transaction fails when the seq is taken. Only the fields that have changed are written: those of
     * the other stream are not this one's to set.
     */
    async insertTicketChange(entry: TicketChangeEntry): Promise<InsertResult> {
      const { id, updated_at, status_seq, ending_seq, moved_seq } = entry.ticket;
      const changed = Object.entries(entry.changes).map(([name, [, to]]) => [name, to]);
      const moved = entry.changes.status && { moved_seq };
      const place =
        entry.stream === 'public' ? { updated_at, status_seq, ending_seq, ...moved } : {};
      const fields = { ...Object.fromEntries(changed), ...place };
      const session = db.connection.getClient().startSession();
      const requireSoon = boundCommit();
      try {
        session.startTransaction({ writeConcern: accepted });
        await entryRows(db).insertOne(toRow(entry), { session });
        if (Object.keys(fields).length > 0) {
          await native(db.tickets).updateOne({ _id: oid(id) }, { $set: fields }, { session });
        }
        requireSoon();
        await session.commitTransaction();
        return { kind: 'stored' };
      } catch (error) {
        if (session.inTransaction()) await session.abortTransaction().catch(() => undefined);
        return resultOfTransaction(error);
      } finally {
        await session.endSession();
      }
    },

    /**
     * Head first, ticket second: a ticket newer than the head is refused by the index, an older one
     * would not be. Both with majority concern, since what can be rolled back must not be built on.
     * @throws AppError NOT_FOUND
     */
    async loadState({ ticketId, stream }: LogId): Promise<TicketState> {
      const head = await heads[stream](ticketId);
      const row = await tickets(ticketId);
      if (!row) throw notFound('ticket');
      return { head: head?.seq ?? 0, ticket: toTicket(row) };
    },

    /** The newest entry of a log that a majority has; seq 0 for an empty log. */
    readHead: async ({ ticketId, stream }: LogId): Promise<Head> =>
      (await heads[stream](ticketId)) ?? emptyHead,

    /** A ticket's row as a majority has it; right after a failover one may be missing that is there. */
    readTicketRow: tickets,

    /** The same by a linearizable read: undefined only where there is none. */
    confirmTicketRow: findAtLast,

    /** Public heads of the newest open tickets of a customer, by ticket id. */
    readOpenHeads: async (owner: string): Promise<Map<string, Head>> =>
      (await openHeads(owner)) ?? new Map(),

    /** An entry by its author's idempotency key, once a majority has it. */
    async findByClientId(
      { ticketId, stream }: LogId,
      authorKey: string,
      clientId: string,
    ): Promise<Entry | undefined> {
      const place = { ticket_id: oid(ticketId), stream };
      const filter = { ...place, 'author.key': authorKey, client_id: clientId };
      const row = await entryRows(db).findOne(filter, { readConcern: majority });
      return row ? toEntry(row as unknown as EntryRow) : undefined;
    },
  };
}

export type LogStore = ReturnType<typeof createLogStore>;
