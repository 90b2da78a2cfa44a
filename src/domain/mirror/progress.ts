import type { AppContext } from '../../context.ts';
import type { Database } from '../../models/database.ts';
import type { MirrorRow } from '../../models/mirror.ts';
import { createBatchLoader } from '../log/batch-loader.ts';
import { oid, readAtOnce } from '../log/collections.ts';
import { oncePer } from '../once-per.ts';

/** How far a ticket has come in Discord, as a page of its messages shows it. */
export type Progress = Pick<
  MirrorRow,
  '_id' | 'state' | 'seq' | 'internal_seq' | 'delivered' | 'steps'
>;

const projection = { state: 1, seq: 1, internal_seq: 1, delivered: 1, steps: 1 };

const readerOf = oncePer((db: Database) =>
  createBatchLoader<string, Progress>(async (ids) => {
    const query = {
      find: db.mirrors.collection.collectionName,
      filter: { _id: { $in: ids.map(oid) } },
    };
    const rows = await readAtOnce<Progress>(db, query, { projection }, ids.length);
    return new Map(rows.map((row) => [row._id.toHexString(), row]));
  }),
);

/**
 * How far a ticket has come; undefined for one that no bridge has met. Every page of messages asks for
 * it: those of clients that come back at once are read together.
 */
export function readProgress(
  { db }: Pick<AppContext, 'db'>,
  ticketId: string,
): Promise<Progress | undefined> {
  return readerOf(db)(ticketId);
}
