import { z } from 'zod';
import { clientId, hexId, queryInteger } from './ids.ts';
import { sizes } from './limits.ts';
import { messageText, messageView } from './messages.ts';
import { streamCursor } from './stream-cursor.ts';

/** Messages and, for staff, notes in one list, as sibling systems have them. */
export const commentView = messageView.extend({
  is_internal: z.boolean().describe('A note, which only staff see.'),
});
export type CommentView = z.infer<typeof commentView>;

export const listCommentsQuery = z.object({
  limit: queryInteger(1, sizes.messagesPage).optional(),
  before: streamCursor.optional().describe('The place that `Link` names.'),
});
export type ListCommentsQuery = z.infer<typeof listCommentsQuery>;

export const addCommentBody = z.object({
  content: messageText,
  internal: z.boolean().optional().describe('For staff: a note.'),
  client_id: clientId.optional(),
  attachments: z.array(hexId).max(sizes.filesPerMessage).optional(),
});
export type AddCommentBody = z.infer<typeof addCommentBody>;
