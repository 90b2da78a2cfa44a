/** What `@deskcord/client` exports. */
export type {
  FileView,
  MessageView,
} from '../src/contract/messages.ts';
export type { TicketView } from '../src/contract/tickets.ts';
export type { NewTicket, TicketQuery } from './calls.ts';
export { createDeskClient, type DeskClient } from './client.ts';
export type { ConnectionState } from './connection.ts';
export { DeskError, type DeskErrorCode } from './errors.ts';
export { createIndexedBlobs } from './indexed-blobs.ts';
export type { NewTicketFields } from './new-tickets.ts';
export type { OpenTicket, SendOptions, ShownMessage } from './open-ticket.ts';
export type { DeskClientOptions, DeskEvents } from './options.ts';
export {
  type BlobStore,
  createLocalStorage,
  createMemoryBlobs,
  createMemoryStorage,
  type OutboxStorage,
} from './storage.ts';
export type { TicketVerbs } from './ticket-verbs.ts';
