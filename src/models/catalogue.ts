import { Schema, type Types } from 'mongoose';
import type { IssueLevel, SupportRole } from '../contract/ticket-words.ts';

/** A priority: how urgent, and how soon it is to be answered. */
export interface PriorityRow {
  _id: Types.ObjectId;
  name: string;
  /** Higher is more urgent. */
  rank: number;
  issue_level: IssueLevel;
  /** Milliseconds of working time. */
  first_response_ms: number;
  resolution_ms: number;
  /** Kept for the tickets that have it; given to no other. */
  archived: boolean;
}

export const prioritySchema = new Schema<PriorityRow>(
  {
    name: { type: String, required: true },
    rank: { type: Number, required: true },
    issue_level: { type: String, required: true },
    first_response_ms: { type: Number, required: true },
    resolution_ms: { type: Number, required: true },
    archived: { type: Boolean, default: false },
  },
  { collection: 'priorities', versionKey: false, strict: 'throw' },
);
prioritySchema.index({ name: 1 }, { unique: true, name: 'priority_name' });

/** What a ticket is about, and whom it is routed to. */
export interface CategoryRow {
  _id: Types.ObjectId;
  name: string;
  /** Null leaves the ticket's role as it is. */
  support_role: SupportRole | null;
  archived: boolean;
}

export const categorySchema = new Schema<CategoryRow>(
  {
    name: { type: String, required: true },
    support_role: { type: String, default: null },
    archived: { type: Boolean, default: false },
  },
  { collection: 'categories', versionKey: false, strict: 'throw' },
);
categorySchema.index({ name: 1 }, { unique: true, name: 'category_name' });
