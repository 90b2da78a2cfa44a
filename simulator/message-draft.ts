import type { Channel, Json, Message, Snapshot, User } from './entities.ts';
import type { Upload } from './uploads.ts';
import type { AllowedMentions, NewMessage } from './validation/messages.ts';

/** The part of a body that is the message itself. */
export type Content = Partial<
  Pick<
    NewMessage,
    | 'content'
    | 'embeds'
    | 'components'
    | 'flags'
    | 'allowed_mentions'
    | 'attachments'
    | 'tts'
    | 'poll'
  >
> & { sticker_ids?: unknown };

/** A message about to be made: a checked body, its files, and where it comes from. */
export interface Draft {
  channel: Channel;
  author: User;
  body: Content;
  files: Upload[];
  type?: number;
  /** Of the first message of a post, which has the id of its thread. */
  id?: string;
  webhook?: { id: string; name: string; avatar: string | null };
  applicationId?: string;
  reference?: NonNullable<Message['reference']>;
  /** Makes it a forward. */
  snapshot?: Snapshot;
  metadata?: Json;
  ephemeralFor?: string;
  /** Only ordinary messages have one: webhooks and interactions do not take it. */
  nonce?: string | number | null | undefined;
  /** Applied when the body says nothing about who may be pinged. */
  defaultMentions?: AllowedMentions;
}
