import type { AppContext } from '../../context.ts';
import type { Consumer } from '../consumers/consumer.ts';
import { isDeletion } from '../log/deletion.ts';
import {
  type Entry,
  isOfMessage,
  type LogId,
  publicLog,
  type Ticket,
  toTicket,
} from '../log/entry.ts';
import {
  BLOCK,
  type BlockTexts,
  beginsBlock,
  blockOf,
  removeTicketFromSearch,
  type Texts,
  writeBlocks,
  writeTexts,
} from './postings.ts';
import { wordsOf } from './words.ts';

/** So that what a busy ticket writes is taken up together, and found well within five seconds. */
const LINGER_MS = 1000;
/** So that tickets that are written to at about the same time share their reads and writes. */
const GATHER_MS = 200;

interface Placed {
  block: number;
  key: string;
  text: string;
}

/** The text that an entry makes or changes, and where the index keeps it. */
function placeText(entry: Entry): Placed | undefined {
  // The text has not changed.
  if (entry.type === 'react') return undefined;
  if (isOfMessage(entry)) {
    const seq = entry.type === 'message' ? entry.seq : entry.of.seq;
    const text = entry.type === 'delete' ? '' : entry.content;
    return { block: blockOf(seq), key: String(seq), text };
  }
  const topic = entry.changes.topic?.[1];
  if (entry.stream !== 'public' || typeof topic !== 'string') return undefined;
  return { block: 0, key: 'topic', text: topic };
}

/** The texts that entries of one log have made or changed, block by block. */
export function textsOfEntries(log: LogId, entries: readonly Entry[]): BlockTexts[] {
  const blocks = new Map<number, Map<string, { rev: number; text: string }>>();
  const begun = new Set<number>();
  for (const entry of entries) {
    const placed = placeText(entry);
    if (!placed) continue;
    const texts = blocks.get(placed.block) ?? new Map();
    blocks.set(placed.block, texts.set(placed.key, { rev: entry.seq, text: placed.text }));
    if (entry.type === 'message' && beginsBlock(entry.seq)) begun.add(placed.block);
  }
  return [...blocks].map(([block, found]) => {
    const texts: Texts = new Map();
    for (const [key, { rev, text }] of found) texts.set(key, { rev, words: wordsOf(text) });
    return { log, block, texts, isNew: begun.has(block) };
  });
}

/** What a ticket was opened with, and its topic as it is now. That is no entry of its log. */
export function textsOfTicket(ticket: Ticket): BlockTexts {
  const texts: Texts = new Map([
    ['topic', { rev: ticket.status_seq, words: wordsOf(ticket.topic) }],
    ['description', { rev: 0, words: wordsOf(ticket.description) }],
  ]);
  return { log: publicLog(ticket.id), block: 0, texts };
}

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
