import type { AppContext } from '../../context.ts';
import type { Consumer } from '../consumers/consumer.ts';
import { type Entry, isOfMessage, type LogId } from '../log/entry.ts';
import { blockOf, type Texts, writeTexts } from './postings.ts';
import { wordsOf } from './words.ts';

/** So that what a busy ticket writes is taken up together, and found well within five seconds. */
const LINGER_MS = 1000;

interface Placed {
  block: number;
  key: string;
  text: string;
}

/** The text that an entry makes or changes, and where the index keeps it. */
function placeText(entry: Entry): Placed | undefined {
  if (isOfMessage(entry)) {
    const seq = entry.type === 'message' ? entry.seq : entry.of.seq;
    const text = entry.type === 'delete' ? '' : entry.content;
    return { block: blockOf(seq), key: String(seq), text };
  }
  const topic = entry.changes.topic?.[1];
  if (entry.stream !== 'public' || typeof topic !== 'string') return undefined;
  return { block: 0, key: 'topic', text: topic };
}

/** Indexes the texts that entries of one log have made or changed: one write for each block of it. */
export async function indexEntries(
  ctx: AppContext,
  log: LogId,
  entries: readonly Entry[],
): Promise<void> {
  const blocks = new Map<number, Map<string, { rev: number; text: string }>>();
  for (const entry of entries) {
    const placed = placeText(entry);
    if (!placed) continue;
    const texts = blocks.get(placed.block) ?? new Map();
    blocks.set(placed.block, texts.set(placed.key, { rev: entry.seq, text: placed.text }));
  }
  for (const [block, found] of blocks) {
    const texts: Texts = new Map();
    for (const [key, { rev, text }] of found) texts.set(key, { rev, words: wordsOf(text) });
    await writeTexts(ctx, log, block, texts);
  }
}

/** Indexes what a ticket was opened with; its topic as it is now. That is no entry of its log. */
export async function indexTicket(ctx: AppContext, log: LogId): Promise<void> {
  if (log.stream !== 'public') return;
  const row = await ctx.store.readTicketRow(log.ticketId);
  if (!row) return;
  const texts: Texts = new Map([
    ['topic', { rev: row.status_seq, words: wordsOf(row.topic) }],
    ['description', { rev: 0, words: wordsOf(row.description) }],
  ]);
  await writeTexts(ctx, log, 0, texts);
}

/** Feeds the search index from the log, beside the hot path. */
export const searchConsumer: Consumer = {
  name: 'search',
  streams: ['public', 'internal'],
  begins: 'at_the_beginning',
  lingerMs: LINGER_MS,
  begin: indexTicket,
  handle: (ctx, entry) =>
    indexEntries(ctx, { ticketId: entry.ticket_id, stream: entry.stream }, [entry]),
  async handleBatch(ctx, entries) {
    const [first] = entries;
    if (!first) return;
    await indexEntries(ctx, { ticketId: first.ticket_id, stream: first.stream }, entries);
  },
};
