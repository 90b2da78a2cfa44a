import type { Timestamp } from 'mongodb';
import { Schema, type Types } from 'mongoose';
import type { UserRole } from '../contract/identity.ts';
import type { IssueLevel, SupportRole, TicketStatus } from '../contract/tickets.ts';

/** A ticket. What its log says (`last_seq`, the time of the last entry) is read from the log, not kept here. */
export interface TicketRow {
  _id: Types.ObjectId;
  number: number;
  /** When MongoDB took it in, by the cluster's clock. */
  stored: Timestamp;
  /** Key of the customer: issuer and id. */
  owner: string;
  /** The partner whose customer it is: the issuer of the token that opened it; null without one. */
  partner: string | null;
  user_id: string;
  username: string;
  /** Null for a guest who gave none. */
  email: string | null;
  user_role: UserRole;
  topic: string;
  description: string;
  status: TicketStatus;
  support_role: SupportRole;
  issue_level: IssueLevel;
  assigned_to: string | null;
  created_at: number;
  updated_at: number;
  /** The entry that made the ticket what it is, written with it; 0 for the ticket as it was created. */
  status_seq: number;
  closed_at: number | null;
  close_reason: string | null;
  client_id: string;
}

export const ticketSchema = new Schema<TicketRow>(
  {
    number: { type: Number, required: true },
    stored: { type: Schema.Types.Mixed, required: true },
    owner: { type: String, required: true },
    partner: { type: String, default: null },
    user_id: { type: String, required: true },
    username: { type: String, required: true },
    email: { type: String, default: null },
    user_role: { type: String, required: true },
    topic: { type: String, required: true },
    description: { type: String, required: true },
    status: { type: String, required: true },
    support_role: { type: String, required: true },
    issue_level: { type: String, required: true },
    assigned_to: { type: String, default: null },
    created_at: { type: Number, required: true },
    updated_at: { type: Number, required: true },
    status_seq: { type: Number, required: true },
    closed_at: { type: Number, default: null },
    close_reason: { type: String, default: null },
    client_id: { type: String, required: true },
  },
  { collection: 'tickets', versionKey: false, strict: 'throw' },
);

ticketSchema.index({ number: 1 }, { unique: true, name: 'ticket_number' });
ticketSchema.index({ stored: 1 }, { name: 'ticket_stored' });
ticketSchema.index({ owner: 1, client_id: 1 }, { unique: true, name: 'ticket_client_id' });
ticketSchema.index({ owner: 1, status: 1, _id: -1 }, { name: 'ticket_owner_status' });
ticketSchema.index({ owner: 1, _id: -1 }, { name: 'ticket_owner' });
ticketSchema.index({ status: 1, _id: -1 }, { name: 'ticket_status' });
// Every filter of a list, alone or with others: see `listTickets`.
ticketSchema.index(
  { status: 1, issue_level: 1, support_role: 1, _id: -1 },
  { name: 'ticket_filters' },
);
ticketSchema.index(
  { owner: 1, status: 1, issue_level: 1, support_role: 1, _id: -1 },
  { name: 'ticket_owner_filters' },
);

/** The last number given to a ticket. */
export interface CounterRow {
  _id: string;
  value: number;
}

export const counterSchema = new Schema<CounterRow>(
  { _id: { type: String, required: true }, value: { type: Number, required: true } },
  { collection: 'counters', versionKey: false, strict: 'throw' },
);
