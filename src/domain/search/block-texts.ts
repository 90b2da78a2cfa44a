import type { AppContext } from '../../context.ts';
import {
  type Entry,
  foldMessage,
  isOfMessage,
  type LogId,
  publicLog,
  type Ticket,
  toTicket,
} from '../log/entry.ts';
import { readWithChanges } from '../log/message-reads.ts';
import { notYet } from '../log/reads.ts';

/** Entries of a log whose messages share a row: what a message costs at most, however long its ticket. */
export const BLOCK = 32;

const TOPIC = 'topic';
const DESCRIPTION = 'description';

/** A text after an entry, and which entry that was. */
export interface IndexedText {
  rev: number;
  text: string;
}

/** The seq of a message's first entry, or which of the ticket's own texts it is. */
export type TextKey = number | typeof TOPIC | typeof DESCRIPTION;
export type Texts = Map<TextKey, IndexedText>;

/** Texts of one block of a log. */
export interface BlockTexts {
  log: LogId;
  block: number;
  texts: Texts;
  /** True where the message that begins the block is among them: there will hardly be a row yet. */
  isNew?: boolean;
}

/** True for the seq with which a block begins; block 0 has the ticket's own texts, too. */
const beginsBlock = (seq: number): boolean => seq > BLOCK && (seq - 1) % BLOCK === 0;

/** The block in which a message stands by the seq of its first entry; the ticket's own texts are in block 0. */
const blockOf = (seq: number): number => Math.floor((seq - 1) / BLOCK);

/** True for a text that takes the place of another one, whose words may have to go. */
export function replaces(key: TextKey, { rev }: IndexedText): boolean {
  return key === TOPIC || (key !== DESCRIPTION && rev !== key);
}

interface Placed {
  block: number;
  key: TextKey;
  text: string;
}

/** The text that an entry makes or changes, and where the index keeps it. */
function placeText(entry: Entry): Placed | undefined {
  // The text has not changed.
  if (entry.type === 'react') return undefined;
  if (isOfMessage(entry)) {
    const seq = entry.type === 'message' ? entry.seq : entry.of.seq;
    const text = entry.type === 'delete' ? '' : entry.content;
    return { block: blockOf(seq), key: seq, text };
  }
  const topic = entry.changes.topic?.[1];
  if (entry.stream !== 'public' || typeof topic !== 'string') return undefined;
  return { block: 0, key: TOPIC, text: topic };
}

/** The texts that entries of one log have made or changed, block by block. */
export function textsOfEntries(log: LogId, entries: readonly Entry[]): BlockTexts[] {
  const blocks = new Map<number, Texts>();
  const begun = new Set<number>();
  for (const entry of entries) {
    const placed = placeText(entry);
    if (!placed) continue;
    const { block, key, text } = placed;
    const texts: Texts = blocks.get(block) ?? new Map();
    blocks.set(block, texts.set(key, { rev: entry.seq, text }));
    if (entry.type === 'message' && beginsBlock(entry.seq)) begun.add(block);
  }
  return [...blocks].map(([block, texts]) => ({ log, block, texts, isNew: begun.has(block) }));
}

/** What a ticket was opened with, and its topic as it is now. That is no entry of its log. */
export function textsOfTicket(ticket: Ticket): BlockTexts {
  const texts: Texts = new Map([
    [TOPIC, { rev: ticket.status_seq, text: ticket.topic }],
    [DESCRIPTION, { rev: 0, text: ticket.description }],
  ]);
  return { log: publicLog(ticket.id), block: 0, texts };
}

/** How new a block has to be read: what its row knows of must not be missing. */
export interface ReadFrom {
  /** The newest entry the row has texts of, or takes on; of its log. */
  seen: number;
  /** The entry that gave the ticket its topic, for block 0. */
  topic: number;
}

/** The ticket's own texts. @throws AppError SERVICE_UNAVAILABLE where a new primary shows an older topic */
async function readTicketTexts(ctx: AppContext, id: string, topicFrom: number): Promise<string[]> {
  // Right after a failover one may be missing that is there.
  const row = (await ctx.store.readTicketRow(id)) ?? (await ctx.store.confirmTicketRow(id));
  if (!row) return [];
  if (row.status_seq < topicFrom) throw notYet();
  const { topic, description } = toTicket(row);
  return [topic, description];
}

/**
 * The texts of a block as they are now, of messages up to `seen`: what comes later is taken on later.
 * The entry `seen` is read with them: where a member of the set shows it, it shows all before it.
 * @throws AppError SERVICE_UNAVAILABLE where a new primary does not show it yet
 */
export async function readBlock(
  ctx: AppContext,
  { log, block }: Pick<BlockTexts, 'log' | 'block'>,
  { seen, topic }: ReadFrom,
): Promise<string[]> {
  const first = block * BLOCK + 1;
  const count = Math.min(BLOCK, seen - first + 1);
  const seqs = Array.from({ length: count }, (_, n) => first + n);
  if (seen >= first + BLOCK) seqs.push(seen);
  const { entries, changes } = await readWithChanges(
    ctx.db,
    { log, head: Number.MAX_SAFE_INTEGER },
    seqs,
  );
  const texts = entries.flatMap((entry) => {
    if (entry.type !== 'message' || entry.seq >= first + BLOCK) return [];
    const { deleted, content } = foldMessage(changes.get(entry.id) ?? entry);
    return deleted ? [] : [content];
  });
  if (block > 0 || log.stream !== 'public') return texts;
  return [...(await readTicketTexts(ctx, log.ticketId, topic)), ...texts];
}
