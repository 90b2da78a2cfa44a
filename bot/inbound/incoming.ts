import { createHash } from 'node:crypto';
import {
  type AnyThreadChannel,
  type Attachment,
  type Message,
  MessageReferenceType,
  MessageType,
} from 'discord.js';
import { isBlank } from '../../src/contract/text.ts';
import { type Bridge, isOfOurWebhook, type Origin } from '../bridge.ts';
import { isGuest } from '../guests.ts';
import { type Person, personOf } from '../people.ts';
import {
  isForStaff,
  type Marking,
  markingOf,
  withoutNoteMark,
  withoutReplyMark,
} from './classify.ts';
import { type Names, readableText } from './readable-text.ts';
import { replyModeAt } from './reply-mode.ts';

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
  /** As it was typed. */
  raw: string;
  /** Mentions, emojis and timestamps written out as a reader outside sees them, without the mark of a note or reply. */
  text: string;
  files: IncomingFile[];
  /** What of it cannot be passed on, in words for staff. */
  unsupported: string[];
  /** The channel of the ticket: the one it stands in, or the one whose thread that is. */
  home: string | null;
  /** The Discord message it answers. */
  answers: string | undefined;
  /** Of the raw text and the files: tells an edit from a link preview. */
  hash: string;
  /** Milliseconds since 1970. */
  writtenAt: number;
  /** 0 where it was not; discord.js keeps no more of Discord's microseconds. Of two alike the later event counts. */
  editedAt: number;
  /** What the text says of whom it is for. */
  marking: Marking;
  /** A note whatever the text says: it stands in a thread, or its writer was let in for notes alone. */
  isAmongStaff: boolean;
  /** For staff only. */
  internalNote: boolean;
  /** Who wrote it, as the event brought it; undefined where Discord has to be asked. */
  writer: Person | undefined;
}

const written: readonly MessageType[] = [MessageType.Default, MessageType.Reply];

/** The thread beside a ticket's channel that a message stands in: what is said there is among staff. */
function threadOf(
  { tickets }: Pick<Bridge, 'tickets'>,
  place: Message['channel'] | undefined,
): AnyThreadChannel | undefined {
  // A post of a forum is a ticket's own place, and no thread beside one.
  return place?.isThread() && !tickets.idOfChannel(place.id) ? place : undefined;
}

type Seen = Origin & { type: MessageType };

/** True for what a person wrote: not the bots', webhooks' and Discord's own messages. */
export function isWritten(message: Seen): boolean {
  const isHook = message.webhookId ?? message.webhook_id;
  return !message.author.bot && !isHook && written.includes(message.type);
}

/** True for what a webhook of others says, which may be a person's words repeated by a proxy. */
export function isWebhook(bridge: Pick<Bridge, 'client'>, message: Seen): boolean {
  const isHook = Boolean(message.webhookId ?? message.webhook_id);
  return isHook && message.type === MessageType.Default && !isOfOurWebhook(bridge, message);
}

/** The name its sender gave a file: Discord takes most of Unicode out of `name` and keeps it as `title`. */
export function fileNameOf({ name, title }: Pick<Attachment, 'name' | 'title'>): string {
  if (!title) return name;
  const ending = /\.[A-Za-z0-9]{1,16}$/.exec(name)?.[0] ?? '';
  return title.toLowerCase().endsWith(ending.toLowerCase()) ? title : title + ending;
}

function fileOf(attachment: Attachment): IncomingFile {
  const { id, size, url } = attachment;
  return { id, name: fileNameOf(attachment), size, url };
}

function namesAround({ guild, client, mentions }: Message): Names {
  return {
    user: (id) =>
      guild?.members.cache.get(id)?.displayName ??
      mentions.users.get(id)?.displayName ??
      client.users.cache.get(id)?.displayName,
    role: (id) => guild?.roles.cache.get(id)?.name,
    channel: (id) => {
      const channel = client.channels.cache.get(id);
      return channel && 'name' in channel ? (channel.name ?? undefined) : undefined;
    },
  };
}

/** A message's text as a reader outside sees it; empty where they would see nothing. */
function textOf(message: Message, marking: Marking): string {
  const whole = readableText(message.content, namesAround(message));
  const said = marking === 'plain' ? whole : withoutReplyMark(whole);
  const text = marking === 'note' ? withoutNoteMark(said) : said;
  return isBlank(text) ? '' : text;
}

function unsupportedIn(message: Message): string[] {
  const found = message.stickers.map(({ name }) => `the sticker "${name}"`);
  if (message.poll) found.push('the poll');
  if (message.reference?.type === MessageReferenceType.Forward) {
    found.push('the forwarded message; copy its text to pass it on');
  }
  return found;
}

function answeredBy({ type, reference }: Message): string | undefined {
  return type === MessageType.Reply ? reference?.messageId : undefined;
}

/**
 * Takes down a complete message, as one that is seen for the first time.
 * @param live brought by the gateway, with its writer as of now
 * @param place where it was read; a thread that was removed since is not known to discord.js any more
 */
export function incomingOf(
  bridge: Pick<Bridge, 'ctx' | 'replyModeSince' | 'tickets'>,
  message: Message,
  live = false,
  place: Message['channel'] | undefined = message.channel,
): Incoming {
  const files = [...message.attachments.values()].map(fileOf);
  const raw = JSON.stringify([message.content, files.map(({ id }) => id)]);
  const mode = replyModeAt(bridge, message.createdTimestamp);
  const thread = threadOf(bridge, place);
  const home = thread ? thread.parentId : message.channelId;
  const isAmongStaff = thread !== undefined || isGuest(bridge, home, message.author.id);
  const marking = isAmongStaff ? 'note' : markingOf(message.content, mode);
  return {
    message,
    id: message.id,
    home,
    raw: message.content,
    text: textOf(message, marking),
    files,
    unsupported: unsupportedIn(message),
    answers: answeredBy(message),
    hash: createHash('sha256').update(raw).digest('base64url').slice(0, 22),
    writtenAt: message.createdTimestamp,
    editedAt: Math.floor(message.editedTimestamp ?? 0),
    marking,
    isAmongStaff,
    internalNote: isForStaff(marking, mode),
    writer: live && message.member ? personOf(message.member) : undefined,
  };
}
