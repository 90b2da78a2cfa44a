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

/** By the seq of a message's first entry, `topic` or `description`. */
export type Texts = Map<string, IndexedText>;

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
export function replaces(key: string, { rev }: IndexedText): boolean {
  return key === TOPIC || (key !== DESCRIPTION && rev !== Number(key));
}

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

/**
 * All texts of a block as they are now.
 * @param from an entry that they are to be no older than
 * @throws AppError SERVICE_UNAVAILABLE where a new primary does not show it yet
 */
export async function readBlock(
  ctx: AppContext,
  log: LogId,
  block: number,
  from: number,
): Promise<string[]> {
  const head = (await ctx.store.readHead(log)).seq;
  if (head < from) throw notYet();
  const first = block * BLOCK + 1;
  const seqs = Array.from({ length: Math.min(BLOCK, head - first + 1) }, (_, n) => first + n);
  const whole = { log, head: Number.MAX_SAFE_INTEGER };
  const { entries, changes } = await readWithChanges(ctx.db, whole, seqs);
  const texts = entries.flatMap((entry) => {
    if (entry.type !== 'message') return [];
    const { deleted, content } = foldMessage(changes.get(entry.id) ?? entry);
    return deleted ? [] : [content];
  });
  const row =
    block === 0 && log.stream === 'public' && (await ctx.store.readTicketRow(log.ticketId));
  if (!row) return texts;
  const { topic, description } = toTicket(row);
  return [topic, description, ...texts];
}
