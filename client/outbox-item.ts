import type { FileView } from '../src/contract/messages.ts';
import type { Reason } from './errors.ts';

/**
 * Under it all messages are stored; one segment. Notes have another, so that no client which knows
 * messages only, such as one of an earlier version in another tab, can take one for a message.
 */
export const OUTBOX_PREFIX = 'outbox/';
export const NOTES_PREFIX = 'outbox-of-notes/';

/** A file somebody has chosen and the server does not have yet; its bytes are stored under `key`. */
export interface LocalFile {
  readonly key: string;
  readonly name: string;
  readonly type: string;
  /** In bytes. */
  readonly size: number;
}

/** A message on its way; it keeps its `client_id` through every try and every reload. */
export interface OutboxItem {
  readonly client_id: string;
  readonly ticket_id: string;
  readonly content: string;
  /** What has been uploaded for it. */
  readonly files: readonly FileView[];
  /** What is still to be uploaded for it, before it is sent. */
  readonly uploads?: readonly LocalFile[];
  /** The id of the message it answers. */
  readonly reply_to?: string | undefined;
  /** Milliseconds since 1970. */
  readonly created_at: number;
  /** `failed`: the server has refused it for good. */
  readonly state: 'sending' | 'failed';
  /** How many tries have failed so far. */
  readonly failures: number;
  /** Why the last try failed. */
  readonly reason?: Reason;
  /** When the next try comes, in milliseconds since 1970. */
  readonly retry_at?: number;
}

/** What is sent of it. */
export function bodyOf({ client_id, content, files, reply_to }: OutboxItem) {
  const attachments = files.map(({ id }) => id);
  const more = { ...(attachments.length > 0 && { attachments }), ...(reply_to && { reply_to }) };
  return { content, client_id, ...more };
}

/** Undefined for what another tab has just taken away, or somebody else has written there. */
export function parseItem(text: string | null): OutboxItem | undefined {
  try {
    const item = JSON.parse(text ?? 'null') as OutboxItem | null;
    return item?.client_id && item.ticket_id ? item : undefined;
  } catch {
    return undefined;
  }
}

/** Keys of a ticket sort in the order its messages were written. */
export const keyOf = (prefix: string, ticketId: string, order: number, clientId: string) =>
  `${prefix}${ticketId}/${String(order).padStart(16, '0')}-${clientId}`;

/** Milliseconds since 1970, or a little more where several came at once. */
export const orderOf = (key: string) => Number(key.split('/')[2]?.slice(0, 16)) || 0;
