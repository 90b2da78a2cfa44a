import { setTimeout as sleep } from 'node:timers/promises';
import { sizes } from '../../contract/limits.ts';
import { notFound, unavailable } from '../../errors.ts';
import type { Database } from '../../models/database.ts';
import type { EntryRow } from '../../models/entry.ts';
import type { TicketRow } from '../../models/ticket.ts';
import { createBatchLoader } from './batch-loader.ts';
import { linearizable, majority, native, oid, runCommand } from './collections.ts';
import { type Entry, type TicketState, toEntry, toRow, toTicket } from './entry.ts';
import { type Head, listOpenHeads, readHeads } from './heads.ts';
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

/** How long an insert may be held up by another's open transaction before it is given up. */
const PATIENCE_MS = 2500;
const COMMIT_WITHIN_MS = 5000;

/** The log in MongoDB, as the writer needs it. */
export function createLogStore(db: Database) {
  const heads = createBatchLoader((ids: string[]) => readHeads(db, ids.map(oid)));
  const tickets = createBatchLoader(async (ids: string[]) => {
    const rows = await native(db.tickets)
      .find({ _id: { $in: ids.map(oid) } }, { readConcern: majority })
      .toArray();
    return new Map(rows.map((row) => [row._id.toHexString(), row as TicketRow]));
  });
  /** A new primary may not know yet that a majority has a ticket: missing is what it says when it must know. */
  const findTicket = async (id: string): Promise<TicketRow | undefined> => {
    const options = { readConcern: linearizable, maxTimeMS: PATIENCE_MS };
    return (
      (await tickets(id)) ??
      (await native(db.tickets).findOne({ _id: oid(id) }, options)) ??
      undefined
    );
  };
  const openHeads = createBatchLoader((owners: string[]) =>
    listOpenHeads(db, owners, sizes.cursorsAtAuthorize),
  );
  const findStored = async (
    ticketId: string,
    authorKey: string,
    clientId: string,
  ): Promise<Entry | undefined> => {
    const filter = { ticket_id: oid(ticketId), 'author.key': authorKey, client_id: clientId };
    const row = await native(db.entries).findOne(filter, { readConcern: majority });
    return row ? toEntry(row) : undefined;
  };
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
          maxTimeMS: PATIENCE_MS,
        });
        return resultsOfAnswer(answer, rows.length, ordered);
      } catch (error) {
        return resultsOfError(error, rows.length);
      }
    },

    /**
     * Writes a status entry and the ticket it changes in one transaction; the log decides, so the
     * transaction fails when the seq is taken.
     */
    async insertStatus(entry: Entry): Promise<InsertResult> {
      const { id, ...fields } = entry.ticket as NonNullable<Entry['ticket']>;
      const session = db.connection.getClient().startSession();
      const start = Date.now();
      try {
        session.startTransaction({ writeConcern: accepted });
        await native(db.entries).insertOne(toRow(entry), { session });
        await native(db.tickets).updateOne({ _id: oid(id) }, { $set: fields }, { session });
        // The entry has its time already: committed much later, a reconciliation poll would look past it.
        if (Date.now() - start > COMMIT_WITHIN_MS)
          throw unavailable('the transaction took too long');
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
    async loadState(ticketId: string): Promise<TicketState> {
      const head = await heads(ticketId);
      const row = await findTicket(ticketId);
      if (!row) throw notFound('ticket');
      return { head: head?.seq ?? 0, ticket: toTicket(row) };
    },

    /** The newest entry of a ticket's public log that a majority has; seq 0 for an empty log. */
    readHead: async (ticketId: string): Promise<Head> =>
      (await heads(ticketId)) ?? { seq: 0, at: 0 },

    /** A ticket's row as a majority has it; undefined only where there is none. */
    readTicketRow: findTicket,

    /** Heads of the newest open tickets of a customer, by ticket id. */
    readOpenHeads: async (owner: string): Promise<Map<string, Head>> =>
      (await openHeads(owner)) ?? new Map(),

    /** An entry by its author's client id, if a majority has it by now; asked once. */
    findStored,

    /** The same where one is known to exist, such as after a duplicate key: each miss rests a little. */
    async findByClientId(
      ticketId: string,
      authorKey: string,
      clientId: string,
    ): Promise<Entry | undefined> {
      const found = await findStored(ticketId, authorKey, clientId);
      // Refused as a duplicate, yet not visible: the first copy is not a majority's yet.
      if (!found) await sleep(5);
      return found;
    },
  };
}

export type LogStore = ReturnType<typeof createLogStore>;
