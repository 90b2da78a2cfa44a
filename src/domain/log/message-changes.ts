import type { Database } from '../../models/database.ts';
import type { EntryRow } from '../../models/entry.ts';
import { entryRows, oid } from './collections.ts';
import { type MessageChangeEntry, toEntry } from './entry.ts';
import { shown } from './reads.ts';

/** What became of a message: its newest edits and its deletion in order, and how many older ones there were. */
export interface MessageChanges {
  newest: MessageChangeEntry[];
  older: number;
}

/**
 * Every change of these messages with a seq up to `head`, by message id. Read as a stream: what is kept
 * is bounded, however often a message was edited.
 */
export async function readChanges(
  db: Database,
  ids: readonly string[],
  head: number,
  most: number,
): Promise<Map<string, MessageChanges>> {
  const changes = new Map<string, MessageChanges>();
  if (ids.length === 0) return changes;
  const filter = { 'of.id': { $in: ids.map(oid) }, seq: { $lte: head } };
  const rows = entryRows(db)
    .find(filter as never, shown)
    .hint('entry_changes')
    .sort({ 'of.id': 1, seq: 1 });
  for await (const row of rows) {
    const entry = toEntry(row as unknown as EntryRow) as MessageChangeEntry;
    // Of those there may be any number, and they change no text.
    if (entry.type === 'react') continue;
    const known = changes.get(entry.of.id) ?? { newest: [], older: 0 };
    known.newest.push(entry);
    if (known.newest.length > most) {
      known.newest.shift();
      known.older++;
    }
    changes.set(entry.of.id, known);
  }
  return changes;
}
