import { z } from 'zod';
import { userRole } from './identity.ts';
import { clientId, hexId, millis, queryInteger, seq } from './ids.ts';
import { sizes } from './limits.ts';
import { text } from './text.ts';

/** A stored file on the wire. */
export const fileView = z.object({
  id: hexId,
  name: z.string(),
  type: z.string().describe('MIME type found by looking at the bytes.'),
  size: z.int().describe('In bytes.'),
  url: z.url().describe('Signed, for one hour; needs no token.'),
});
export type FileView = z.infer<typeof fileView>;

/**
 * How far a message, as its `rev` left it, has come on its way into Discord: `waiting` for it, however
 * long; `posted`; `failed` where Discord refuses and staff must mend it; `none` where no bridge is.
 */
export const mirrorState = z.enum(['waiting', 'posted', 'failed', 'none']);
export type MirrorState = z.infer<typeof mirrorState>;

/** One emoji on a message, with everybody who has set it. */
export const reactionView = z.object({
  emoji: z.string(),
  count: z.int(),
  users: z
    .array(z.object({ id: z.string(), name: z.string() }))
    .describe('In order of time; ids as in `author_id`.'),
});
export type ReactionView = z.infer<typeof reactionView>;

/** A message on the wire. */
export const messageView = z.object({
  id: hexId,
  ticket_id: hexId,
  author_id: z
    .string()
    .describe('Of staff who write in Discord, customers get a name that stands for it: `staff-…`.'),
  author_name: z.string(),
  content: z.string().describe('Empty once it is deleted, and where a message is only files.'),
  attachments: z.array(z.url()).describe('The `url` of each of its files.'),
  created_at: millis,
  updated_at: millis,
  seq: seq.describe('The log entry that made it.'),
  rev: seq.describe('The log entry that last changed it; equals `seq` until then.'),
  client_id: z.string().nullable().describe('What its sender chose, where that was not Discord.'),
  author_role: userRole,
  edited: z.boolean(),
  deleted: z.boolean(),
  files: z.array(fileView),
  reply_to: hexId.nullable().describe('The message it answers.'),
  reactions: z.array(reactionView).describe('Ordered by the oldest that stands of each emoji.'),
  mirror: mirrorState.exactOptional().describe('Only in lists and `sync`, and for staff only.'),
});
export type MessageView = z.infer<typeof messageView>;

/** A message's text; whether it may be empty is for the verb, which knows the files. */
export const messageText = text({ max: sizes.content, empty: true });

const sendFields = z.object({
  content: messageText,
  client_id: clientId.optional(),
  attachments: z.array(hexId).max(sizes.filesPerMessage).optional(),
  reply_to: hexId.optional().describe('A message of the same ticket that this one answers.'),
});

/** A message has text or files (wrong ones are none); said beside, and before, whatever else is wrong. */
function requireSomething(body: unknown, refinement: z.RefinementCtx): void {
  const { content, attachments } = body as { content?: unknown; attachments?: unknown };
  const { issues } = refinement as unknown as { issues: { path?: PropertyKey[] }[] };
  const isWrong = issues.some(({ path }) => path?.[0] === 'attachments');
  if (content !== '' || (!isWrong && Array.isArray(attachments) && attachments.length > 0)) return;
  const params = { type: 'too_short', context: { min: 1 } };
  refinement.addIssue({ code: 'custom', path: ['content'], message: 'must not be empty', params });
  issues.unshift(issues.pop() as (typeof issues)[number]);
}

const always = { when: ({ value }: { value: unknown }) => typeof value === 'object' && !!value };

export const sendMessageBody = sendFields.superRefine(requireSomething, always);
export type SendMessageBody = z.infer<typeof sendMessageBody>;
/** The same as the payload of an event. */
export const sendMessageEvent = sendFields
  .extend({ ticket_id: hexId })
  .superRefine(requireSomething, always);

/** Empty only where the message has files. */
export const editMessageBody = z.object({ content: messageText });
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
