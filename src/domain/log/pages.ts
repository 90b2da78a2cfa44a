import type { Database } from '../../models/database.ts';
import type { EntryRow } from '../../models/entry.ts';
import { createBatchLoader, READ_SLOT_MS } from './batch-loader.ts';
import { ENTRIES_IN_AN_ANSWER, majority, oid, readAtOnce } from './collections.ts';
import { type LogId, logKey } from './entry.ts';

/** A stretch of a log: the entries in (`after`, `upTo`]. */
export interface Page {
  log: LogId;
  after: number;
  upTo: number;
}

/** The rows of a page in order of `seq`, as a majority has them, without what no reader is shown. */
export type ReadPage = (page: Page) => Promise<EntryRow[]>;

/** Pages up to this length are read together with others'; a longer one has a command of its own. */
const SHORT = 20;
const PAGES_IN_A_QUERY = ENTRIES_IN_AN_ANSWER / SHORT;

const projection = { owner: 0, stored: 0, request: 0 } as const;

const filterOf = ({ log, after, upTo }: Page) => ({
  ticket_id: oid(log.ticketId),
  stream: log.stream,
  seq: { $gt: after, $lte: upTo },
});

/** One page as one command; 500 of the largest entries have 11 MB, and an answer 16. */
function readAlone(db: Database, page: Page): Promise<EntryRow[]> {
  const query = { find: db.entries.collection.collectionName, filter: filterOf(page) };
  const options = { projection, sort: { seq: 1 }, readConcern: majority };
  return readAtOnce(db, query, options, page.upTo - page.after);
}

/** Several short pages as one query. The hint spares MongoDB a plan for each of them. */
async function readTogether(db: Database, pages: Page[]): Promise<Map<Page, EntryRow[]>> {
  const [only] = pages;
  if (only && pages.length === 1) return new Map([[only, await readAlone(db, only)]]);
  const query = {
    find: db.entries.collection.collectionName,
    filter: { $or: pages.map(filterOf) },
  };
  const options = { projection, readConcern: majority, hint: 'entry_seq' };
  const rows = await readAtOnce<EntryRow>(db, query, options, ENTRIES_IN_AN_ANSWER);
  const byLog = new Map<string, EntryRow[]>();
  let last: EntryRow | undefined;
  let of: EntryRow[] = [];
  for (const row of rows) {
    // Those of a log mostly come one after the other.
    if (!last?.ticket_id.equals(row.ticket_id) || last.stream !== row.stream) {
      const key = logKey({ ticketId: row.ticket_id.toHexString(), stream: row.stream });
      of = byLog.get(key) ?? [];
      byLog.set(key, of);
    }
    of.push(row);
    last = row;
  }
  for (const each of byLog.values()) each.sort((a, b) => a.seq - b.seq);
  return new Map(
    pages.map((page) => {
      const { log, after, upTo } = page;
      const found = byLog.get(logKey(log)) ?? [];
      return [page, found.filter(({ seq }) => seq > after && seq <= upTo)];
    }),
  );
}

/** Reads pages of logs; many clients that come back at once are answered by few commands. */
export function createPages(db: Database): ReadPage {
  const short = createBatchLoader((pages: Page[]) => readTogether(db, pages), {
    most: PAGES_IN_A_QUERY,
    slotMs: READ_SLOT_MS,
  });
  return async (page) =>
    page.upTo - page.after > SHORT ? readAlone(db, page) : ((await short(page)) ?? []);
}
