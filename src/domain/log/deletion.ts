import { newTicketFields } from '../../models/ticket.ts';
import type { Entry, Ticket, TicketChangeEntry } from './entry.ts';

/** The entry that ends both logs of a deleted ticket: a tombstone. Nothing is ever written above it. */
export const DELETED = 'deleted';
/** What an entry of a deleted ticket becomes: its place and its time, so that the log has no hole. */
export const WIPED = 'wiped';

export type Deletion = TicketChangeEntry & { action: typeof DELETED };

/** True for the entry that says that the ticket was deleted. */
export function isDeletion(entry: Entry): entry is Deletion {
  return entry.type === 'ticket_change' && entry.action === DELETED;
}

/** True for what says nothing any more, because its ticket was deleted. */
export function isWiped(entry: Entry): boolean {
  return entry.type === 'ticket_change' && entry.action === WIPED;
}

/** True for a ticket of which there is nothing but that it was deleted. */
export function isDeleted({ deleted_at }: Pick<Ticket, 'deleted_at'>): boolean {
  return deleted_at !== undefined;
}

type Kept = Partial<
  Pick<Ticket, 'number' | 'created_at' | 'closed_at' | 'status' | 'support_role' | 'issue_level'>
>;

/**
 * A ticket without anything people wrote, and without whose it was.
 * @param seq the last entry of its public log
 */
export function strippedTicket(id: string, seq: number, deleted_at: number, kept: Kept): Ticket {
  const { number = 0, created_at = 0, closed_at = null, status = 'CLOSED' } = kept;
  const { support_role = 'GENERAL', issue_level = 'NORMAL' } = kept;
  return {
    id,
    number,
    owner: '',
    partner: null,
    user_id: '',
    username: '',
    email: null,
    user_role: 'CUSTOMER',
    topic: '',
    description: '',
    status,
    support_role,
    issue_level,
    assigned_to: null,
    created_at,
    updated_at: deleted_at,
    status_seq: seq,
    closed_at,
    close_reason: null,
    client_id: '',
    ...newTicketFields({ issue_level, created_at, status, status_seq: seq, closed_at }),
    resolved_at: null,
    resolution_time: null,
    deleted_at,
  };
}
