import type { UserRole } from '../../contract/identity.ts';
import type { Database } from '../../models/database.ts';
import { entryRows, oid } from '../log/collections.ts';
import type { Snapshot } from '../log/message-reads.ts';
import { shown } from '../log/reads.ts';

/** Somebody who wrote in a ticket, and how many messages. */
export interface Speaker {
  name: string;
  role: UserRole;
  messages: number;
}

/** Who wrote in a log, those who wrote most first; messages that were deleted later are counted. */
export async function readSpeakers(
  db: Database,
  { log, head }: Snapshot,
  most: number,
): Promise<Speaker[]> {
  const { ticketId, stream } = log;
  const match = { ticket_id: oid(ticketId), stream, seq: { $lte: head }, type: 'message' };
  const author = { name: { $last: '$author.name' }, role: { $last: '$author.role' } };
  const pipeline = [
    { $match: match },
    { $group: { _id: '$author.key', ...author, messages: { $sum: 1 } } },
    { $sort: { messages: -1, _id: 1 } },
    { $limit: most },
    { $project: { _id: 0 } },
  ];
  return entryRows(db)
    .aggregate<Speaker>(pipeline, { ...shown, hint: 'entry_seq' })
    .toArray();
}
