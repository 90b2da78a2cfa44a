import type { Database } from '../../models/database.ts';
import type { EntryRow } from '../../models/entry.ts';
import { entryRows, oid } from './collections.ts';
import { type LogId, type TicketChangeEntry, toEntry } from './entry.ts';
import { shown } from './reads.ts';

/** The first changes of the ticket itself in a stretch of a log, (`after`, `upTo`], in order. */
export async function readTicketChanges(
  db: Database,
  log: LogId,
  { after, upTo, limit }: { after: number; upTo: number; limit: number },
): Promise<TicketChangeEntry[]> {
  if (after >= upTo) return [];
  const place = { ticket_id: oid(log.ticketId), stream: log.stream };
  const filter = { ...place, seq: { $gt: after, $lte: upTo }, type: 'ticket_change' };
  const rows = await entryRows(db)
    .find(filter as never, shown)
    .hint('entry_ticket_changes')
    .sort({ seq: 1 })
    .limit(limit)
    .toArray();
  return rows.map((row) => toEntry(row as unknown as EntryRow) as TicketChangeEntry);
}
