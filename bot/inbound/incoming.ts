import { createHash } from 'node:crypto';
import { type Attachment, cleanContent, type Message, MessageType } from 'discord.js';

/** Text that begins with this is for staff only. */
const INTERNAL_NOTE = '//';

export interface IncomingFile {
  id: string;
  name: string;
  size: number;
  url: string;
}

/** A message of the channel as it was when it was seen; discord.js changes its own objects later. */
export interface Incoming {
  message: Message;
  id: string;
  /** Mentions and emojis written out as a reader outside sees them. */
  text: string;
  files: IncomingFile[];
  /** Of the raw text and the files: tells an edit from a link preview. */
  hash: string;
  /** Milliseconds since 1970. */
  writtenAt: number;
  editedAt: number;
  internalNote: boolean;
}

export type InboundEvent =
  | { kind: 'message'; incoming: Incoming }
  | { kind: 'changed'; id: string; incoming: Incoming | undefined }
  | { kind: 'deleted'; id: string }
  /** Something that must not overtake what was written before it, such as closing. */
  | { kind: 'act'; run: () => Promise<void> };

const written: readonly MessageType[] = [MessageType.Default, MessageType.Reply];

/** True for what a person wrote: not the bots', webhooks' and Discord's own messages. */
export function isWritten(message: Message): boolean {
  return (
    !message.author.bot && !message.webhookId && !message.system && written.includes(message.type)
  );
}

function fileOf({ id, name, size, url }: Attachment): IncomingFile {
  return { id, name, size, url };
}

/** Takes down a complete message. */
export function incomingOf(message: Message): Incoming {
  const files = [...message.attachments.values()].map(fileOf);
  const raw = JSON.stringify([message.content, files.map(({ id }) => id)]);
  return {
    message,
    id: message.id,
    text: cleanContent(message.content, message.channel),
    files,
    hash: createHash('sha256').update(raw).digest('base64url').slice(0, 22),
    writtenAt: message.createdTimestamp,
    editedAt: Math.floor(message.editedTimestamp ?? 0),
    internalNote: message.content.trimStart().startsWith(INTERNAL_NOTE),
  };
}
