import type { FileRow } from '../../models/entry.ts';
import {
  type Author,
  type Entry,
  type MessageChangeEntry,
  type MessageEntry,
  messageIdOf,
  type TicketChangeEntry,
} from '../log/entry.ts';

/** A message as a reader sees it. */
export interface Line {
  /** Of the internal log: for staff alone. */
  isNote: boolean;
  author: Author;
  at: number;
  content: string;
  files: readonly FileRow[];
  isEdited: boolean;
  /** Texts it had before, the oldest first; none where the reader is not to have them. */
  earlier: string[];
  /** How many still older ones are left out. */
  left: number;
  deleted?: { at: number; by: Author };
}

export type Item = { kind: 'message'; line: Line } | { kind: 'change'; entry: TicketChangeEntry };

/** When an item was made, in milliseconds since 1970. */
export const timeOf = (item: Item) => (item.kind === 'message' ? item.line.at : item.entry.at);

/** A message as its first entry here has it. */
export function beginLine(entry: MessageEntry | MessageChangeEntry): Line {
  const { author, at, content, files = [], stream } = entry;
  const by = entry.type === 'message' ? author : entry.of.author;
  const isNote = stream === 'internal';
  return { isNote, author: by, at, content, files, isEdited: false, earlier: [], left: 0 };
}

/** A message after an edit or its deletion, every earlier text kept. */
export function changeLine(line: Line, entry: MessageChangeEntry): void {
  // A transcript tells what was said.
  if (entry.type === 'react') return;
  if (entry.type === 'delete') {
    line.deleted = { at: entry.at, by: entry.author };
    return;
  }
  line.earlier.push(line.content);
  line.content = entry.content;
  line.files = entry.files ?? [];
  line.isEdited = true;
}

/** Folds a stretch of a log into what a reader sees. */
export function foldEntries(entries: readonly Entry[]): Item[] {
  const items: Item[] = [];
  const lines = new Map<string, Line>();
  for (const entry of entries) {
    if (entry.type === 'ticket_change') {
      items.push({ kind: 'change', entry });
      continue;
    }
    const line = lines.get(messageIdOf(entry));
    if (line && entry.type !== 'message') {
      changeLine(line, entry);
      continue;
    }
    const made = beginLine(entry);
    lines.set(messageIdOf(entry), made);
    items.push({ kind: 'message', line: made });
  }
  return items;
}
