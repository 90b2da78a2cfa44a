import type { Connection, Model, Schema } from 'mongoose';
import {
  type AgentRow,
  agentSchema,
  type LinkCodeRow,
  linkCodeSchema,
  type PresenceRow,
  presenceSchema,
} from './agent.ts';
import { type BlockRow, blockSchema } from './block.ts';
import { type CannedReplyRow, cannedReplySchema } from './canned-reply.ts';
import { type CategoryRow, categorySchema, type PriorityRow, prioritySchema } from './catalogue.ts';
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
import {
  type AssignmentRow,
  assignmentSchema,
  type CustomerRow,
  customerSchema,
  type PackageRow,
  packageSchema,
} from './customer.ts';
import { type EntryRow, entrySchema, type VisibilityRow, visibilitySchema } from './entry.ts';
import { type ErasureRow, erasureSchema } from './erasure.ts';
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
import { type SettingRow, settingSchema } from './setting.ts';
import { type StatisticsRow, statisticsSchema } from './statistics.ts';
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
  priorities: Model<PriorityRow>;
  categories: Model<CategoryRow>;
  customers: Model<CustomerRow>;
  packages: Model<PackageRow>;
  assignments: Model<AssignmentRow>;
  cannedReplies: Model<CannedReplyRow>;
  agents: Model<AgentRow>;
  presence: Model<PresenceRow>;
  linkCodes: Model<LinkCodeRow>;
  blocks: Model<BlockRow>;
  settings: Model<SettingRow>;
  statistics: Model<StatisticsRow>;
  erasures: Model<ErasureRow>;
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
    priorities: model('Priority', prioritySchema),
    categories: model('Category', categorySchema),
    customers: model('Customer', customerSchema),
    packages: model('Package', packageSchema),
    assignments: model('Assignment', assignmentSchema),
    cannedReplies: model('CannedReply', cannedReplySchema),
    agents: model('Agent', agentSchema),
    presence: model('Presence', presenceSchema),
    linkCodes: model('LinkCode', linkCodeSchema),
    blocks: model('Block', blockSchema),
    settings: model('Setting', settingSchema),
    statistics: model('Statistics', statisticsSchema),
    erasures: model('Erasure', erasureSchema),
  };
}
