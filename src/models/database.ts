import type { Connection, Model, Schema } from 'mongoose';
import { type EntryRow, entrySchema, type VisibilityRow, visibilitySchema } from './entry.ts';
import { type MetaRow, metaSchema } from './meta.ts';
import {
  type LeaseRow,
  leaseSchema,
  type MirrorRow,
  mirrorSchema,
  type PostRow,
  postSchema,
} from './mirror.ts';
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
  };
}
