import { z } from 'zod';
import type { UserRole } from './identity.ts';
import { sizes } from './limits.ts';
import { text } from './text.ts';
import { clientId, hexId, queryInteger } from './tickets.ts';

/** A stored file as the wire shows it; `url` is signed and lives one hour. */
export interface FileView {
  id: string;
  name: string;
  /** MIME type found by looking at the bytes. */
  type: string;
  /** In bytes. */
  size: number;
  /** Signed, for one hour; needs no token. */
  url: string;
}

/**
 * How far a message, as its `rev` left it, has come on its way into Discord: `waiting` for it, however
 * long; `posted`; `failed` where Discord refuses and staff must mend it; `none` where no bridge is.
 */
export type MirrorState = 'waiting' | 'posted' | 'failed' | 'none';

/** A message on the wire. Times are integer milliseconds since 1970 UTC. */
export interface MessageView {
  id: string;
  ticket_id: string;
  author_id: string;
  author_name: string;
  /** Empty once it is deleted. */
  content: string;
  /** The `url` of each of its files. */
  attachments: string[];
  created_at: number;
  updated_at: number;
  /** The log entry that made it. */
  seq: number;
  /** The log entry that last changed it; equals `seq` until then. */
  rev: number;
  /** What its sender chose, where that was not Discord. */
  client_id: string | null;
  author_role: UserRole;
  edited: boolean;
  deleted: boolean;
  files: FileView[];
  /** Only in lists and `sync`, and for staff only. */
  mirror?: MirrorState;
}

export const sendMessageBody = z.object({
  content: text({ max: sizes.content }),
  client_id: clientId.optional(),
  attachments: z.array(hexId).max(sizes.filesPerMessage).optional(),
});
export type SendMessageBody = z.infer<typeof sendMessageBody>;

export const editMessageBody = z.object({ content: text({ max: sizes.content }) });
export type EditMessageBody = z.infer<typeof editMessageBody>;

export const listMessagesQuery = z
  .object({
    limit: queryInteger(1, sizes.messagesPage).optional(),
    before: queryInteger(1, Number.MAX_SAFE_INTEGER).optional(),
    after: queryInteger(0, Number.MAX_SAFE_INTEGER).optional(),
  })
  .refine((query) => query.before === undefined || query.after === undefined, {
    path: ['before'],
    message: 'cannot be combined with after',
    params: { type: 'conflict' },
  });
export type ListMessagesQuery = z.infer<typeof listMessagesQuery>;
