import type { Connection, Model, Schema } from 'mongoose';
import {
  type DeadLetterRow,
  type DueRow,
  deadLetterSchema,
  dueSchema,
  type OffsetRow,
  offsetSchema,
  type WatermarkRow,
  watermarkSchema,
} from './consumer.ts';
import { type EntryRow, entrySchema, type VisibilityRow, visibilitySchema } from './entry.ts';
import { type StoredFileRow, storedFileSchema, type UsageRow, usageSchema } from './file.ts';
import { type MetaRow, metaSchema } from './meta.ts';
import {
  type LeaseRow,
  leaseSchema,
  type MirrorRow,
  mirrorSchema,
  type PostRow,
  postSchema,
} from './mirror.ts';
import { type SearchRow, searchSchema } from './search.ts';
import { type CounterRow, counterSchema, type TicketRow, ticketSchema } from './ticket.ts';

/** The models on one connection. The hot paths use `model.collection`, the native driver's. */
export interface Database {
  connection: Connection;
  entries: Model<EntryRow>;
  visibility: Model<VisibilityRow>;
  tickets: Model<TicketRow>;
  counters: Model<CounterRow>;
  mirrors: Model<MirrorRow>;
  posts: Model<PostRow>;
  leases: Model<LeaseRow>;
  meta: Model<MetaRow>;
  storedFiles: Model<StoredFileRow>;
  usage: Model<UsageRow>;
  offsets: Model<OffsetRow>;
  watermarks: Model<WatermarkRow>;
  deadLetters: Model<DeadLetterRow>;
  due: Model<DueRow>;
  search: Model<SearchRow>;
}

/** Registers every model on a connection; touches no server. */
export function defineModels(connection: Connection): Database {
  const model = <T>(name: string, schema: Schema<T>) =>
    connection.model<T>(name, schema) as unknown as Model<T>;
  return {
    connection,
    entries: model<EntryRow>('Entry', entrySchema as unknown as Schema<EntryRow>),
    visibility: model('Visibility', visibilitySchema),
    tickets: model('Ticket', ticketSchema),
    counters: model('Counter', counterSchema),
    mirrors: model('Mirror', mirrorSchema),
    posts: model('Post', postSchema),
    leases: model('Lease', leaseSchema),
    meta: model('Meta', metaSchema),
    storedFiles: model('StoredFile', storedFileSchema),
    usage: model('Usage', usageSchema),
    offsets: model('Offset', offsetSchema),
    watermarks: model('Watermark', watermarkSchema),
    deadLetters: model('DeadLetter', deadLetterSchema),
    due: model('Due', dueSchema),
    search: model('Search', searchSchema),
  };
}
