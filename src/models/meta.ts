import { Schema } from 'mongoose';

/** What the database knows of itself; one row, `schema`. */
export interface MetaRow {
  _id: string;
  /** The form in which rows are stored; a program refuses to work on one newer than its own. */
  version: number;
  /** The last ticket a migration under way has finished with; null where none is. */
  migrated_to: string | null;
}

export const metaSchema = new Schema<MetaRow>(
  {
    _id: { type: String, required: true },
    version: { type: Number, required: true },
    migrated_to: { type: String, default: null },
  },
  { collection: 'meta', versionKey: false, strict: 'throw' },
);
