import type { AppContext } from '../../context.ts';
import type { Consumer } from '../consumers/consumer.ts';
import { isDeletion } from '../log/deletion.ts';
import { type Entry, toTicket } from '../log/entry.ts';
import { BLOCK, textsOfEntries, textsOfTicket } from './block-texts.ts';
import { removeTicketFromSearch, writeBlocks, writeTexts } from './postings.ts';

/** So that what a busy ticket writes is taken up together, and found well within five seconds. */
const LINGER_MS = 1000;
/** So that tickets that are written to at about the same time share their reads and writes. */
const GATHER_MS = 200;

async function indexEntries(ctx: AppContext, entries: readonly Entry[]): Promise<void> {
  const [first] = entries;
  if (!first) return;
  const log = { ticketId: first.ticket_id, stream: first.stream };
  // Behind whatever this consumer has written of the log itself.
  if (entries.some(isDeletion)) return removeTicketFromSearch(ctx, log.ticketId);
  await writeBlocks(ctx, textsOfEntries(log, entries));
}

/** Feeds the search index from the log, beside the hot path. */
export const searchConsumer: Consumer = {
  name: 'search',
  streams: ['public', 'internal'],
  // What was there before it is indexed by a reindex: see `reindex.ts`.
  begins: 'now',
  lingerMs: LINGER_MS,
  gatherMs: GATHER_MS,
  atOnce: 32,
  batchOf: BLOCK,
  async begin(ctx, log) {
    const row = log.stream === 'public' && (await ctx.store.readTicketRow(log.ticketId));
    if (!row) return;
    await writeTexts(ctx, textsOfTicket(toTicket(row)));
  },
  handle: (ctx, entry) => indexEntries(ctx, [entry]),
  handleBatch: indexEntries,
};
