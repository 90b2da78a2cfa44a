import { dropAttachments, resolveAttachments } from './attachments.ts';
import { type Channel, type Json, type Message, MessageFlag, type User } from './entities.ts';
import { invalidField, refused } from './errors.ts';
import { resolveMentions } from './mentions.ts';
import { P } from './permissions.ts';
import { renderChannel, renderMessageEvent } from './render.ts';
import { nextSnowflake } from './snowflake.ts';
import { unfurlLater } from './unfurl.ts';
import type { Upload } from './uploads.ts';
import { messageComponents } from './validation/components.ts';
import { validate } from './validation/fields.ts';
import type { AllowedMentions, EditedMessage, NewMessage } from './validation/messages.ts';
import type { World } from './world.ts';

const SETTABLE_FLAGS =
  MessageFlag.suppressEmbeds | MessageFlag.suppressNotifications | MessageFlag.componentsV2;

/** The part of a body that is the message itself. */
type Content = Partial<
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
  webhook?: { id: string; name: string };
  applicationId?: string;
  reference?: NonNullable<Message['reference']>;
  metadata?: Json;
  ephemeralFor?: string;
  /** Only ordinary messages have one: webhooks and interactions do not take it. */
  nonce?: string | number | null | undefined;
  /** Applied when the body says nothing about who may be pinged. */
  defaultMentions?: AllowedMentions;
}

/** Makes a message, gives it its id and emits MESSAGE_CREATE; ephemeral ones reach only their one reader. */
export function createMessage(world: World, draft: Draft): Message {
  const { channel, author, body, files } = draft;
  const flags = (body.flags ?? 0) & SETTABLE_FLAGS;
  const content = body.content ?? '';
  const components = readComponents(body.components, flags);
  checkSubstance(flags, content, body, components, files.length);
  const attachments = resolveAttachments(world, channel.id, [], body.attachments, files);
  const mayPingAll = has(world, author.id, channel, P.MENTION_EVERYONE);
  const allowed = body.allowed_mentions ?? draft.defaultMentions;
  const message: Message = {
    id: nextSnowflake(),
    channel_id: channel.id,
    type: draft.type ?? (draft.reference?.type === 0 ? 19 : 0),
    author_id: draft.webhook?.id ?? author.id,
    content,
    timestamp: new Date().toISOString(),
    edited_timestamp: null,
    tts: body.tts ?? false,
    ...resolveMentions(world, content, allowed, mayPingAll),
    attachments,
    embeds: body.embeds ?? [],
    components,
    reactions: [],
    pinned_at: null,
    flags: flags | (draft.ephemeralFor === undefined ? 0 : MessageFlag.ephemeral),
    ...(draft.nonce == null ? {} : { nonce: draft.nonce }),
    ...(draft.webhook ? { webhook_id: draft.webhook.id, webhook_name: draft.webhook.name } : {}),
    ...(draft.reference ? { reference: draft.reference } : {}),
    ...(draft.metadata ? { interaction_metadata: draft.metadata } : {}),
    ...(draft.ephemeralFor === undefined ? {} : { ephemeral_for: draft.ephemeralFor }),
  };
  if (draft.applicationId !== undefined) {
    message.application_id = draft.applicationId;
    if (draft.metadata) message.webhook_id = draft.applicationId;
  }
  addRepliedUser(world, message, allowed);
  publish(world, channel, message);
  return message;
}

/** Stores a ready message and tells those who see it. */
export function publish(world: World, channel: Channel, message: Message): void {
  const only = message.ephemeral_for;
  if (only === undefined) {
    world.log(channel.id).add(message);
    channel.last_message_id = message.id;
    if (channel.thread) wakeThread(world, channel, message.author_id);
  } else {
    world.hide(message);
  }
  const nonce = message.nonce === undefined ? {} : { nonce: message.nonce };
  emitMessage(world, 'MESSAGE_CREATE', message, nonce);
  unfurlLater(world, message, () => emitMessage(world, 'MESSAGE_UPDATE', message));
}

/** Emits an event with the whole message, or what the settings leave of it, to those who may see it. */
export function emitMessage(world: World, name: string, message: Message, extra: Json = {}): void {
  const channel = world.channels.get(message.channel_id);
  if (!channel) return;
  const only = message.ephemeral_for;
  const audience = only === undefined ? { channel } : { channel, only };
  const whole = renderMessageEvent(world, message);
  const { id, channel_id, guild_id, embeds } = whole;
  const isPartial = name === 'MESSAGE_UPDATE' && world.settings.partialUpdates;
  const shown = isPartial ? { id, channel_id, guild_id, embeds } : whole;
  world.emit(name, { ...shown, ...extra }, audience);
}

/** Applies an edit. What the body leaves out stays. `adjust` runs on the result before anybody is told. */
export function editMessage(
  world: World,
  message: Message,
  body: EditedMessage,
  files: Upload[],
  adjust: () => void = () => {},
): void {
  const flags = body.flags == null ? message.flags : editedFlags(message.flags, body.flags);
  const content = body.content === undefined ? message.content : (body.content ?? '');
  const components =
    body.components === undefined ? message.components : readComponents(body.components, flags);
  const embeds = body.embeds === undefined ? message.embeds : (body.embeds ?? []);
  const keeps = body.attachments ? body.attachments.length : message.attachments.length;
  checkSubstance(flags, content, { embeds }, components, keeps + files.length);
  const attachments = resolveAttachments(
    world,
    message.channel_id,
    message.attachments,
    body.attachments,
    files,
  );
  const gone = message.attachments.filter((a) => !attachments.includes(a));
  dropAttachments(world, message.channel_id, gone);
  const touched = Object.entries(body).some(
    ([key, value]) => key !== 'flags' && value !== undefined,
  );
  const channel = world.channels.get(message.channel_id);
  const mayPingAll =
    channel !== undefined && has(world, message.author_id, channel, P.MENTION_EVERYONE);
  const mentions = resolveMentions(world, content, body.allowed_mentions, mayPingAll);
  Object.assign(message, { flags, content, components, embeds, attachments, ...mentions });
  if (touched) message.edited_timestamp = new Date().toISOString();
  adjust();
  emitMessage(world, 'MESSAGE_UPDATE', message);
  unfurlLater(world, message, () => emitMessage(world, 'MESSAGE_UPDATE', message));
}

/** Takes a message away, with its files and its place in every channel list. */
export function deleteMessage(world: World, message: Message): void {
  forgetMessage(world, message);
  const channel = world.channels.get(message.channel_id);
  if (!channel) return;
  const only = message.ephemeral_for;
  const data: Json = { id: message.id, channel_id: message.channel_id };
  if (channel.guild_id !== null) data.guild_id = channel.guild_id;
  world.emit('MESSAGE_DELETE', data, only === undefined ? { channel } : { channel, only });
}

/** The part of a deletion that many deletions share: no event. */
export function forgetMessage(world: World, message: Message): void {
  world.log(message.channel_id).delete(message.id);
  world.ephemeral.delete(message.id);
  dropAttachments(world, message.channel_id, message.attachments);
}

function readComponents(given: unknown, flags: number): Json[] {
  if (given === undefined || given === null) return [];
  const v2 = (flags & MessageFlag.componentsV2) !== 0;
  const wrapped = (value: unknown) => ({ components: value });
  return validate(
    (value, errors) => messageComponents(v2)(value, errors.at('components')),
    wrapped(given).components,
  );
}

function checkSubstance(
  flags: number,
  content: string,
  body: Content,
  components: Json[],
  files: number,
): void {
  if ((flags & MessageFlag.componentsV2) !== 0) {
    for (const key of ['content', 'embeds', 'sticker_ids', 'poll'] as const) {
      const value = key === 'content' ? content : body[key];
      if (!value || (Array.isArray(value) && value.length === 0)) continue;
      throw invalidField(
        [key],
        'MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2',
        `The '${key}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2`,
      );
    }
  }
  const stickers = Array.isArray(body.sticker_ids) ? body.sticker_ids.length : 0;
  const some = content !== '' || components.length > 0 || files > 0 || stickers > 0;
  if (!some && !body.embeds?.length && !body.poll) {
    throw refused(50006, 'Cannot send an empty message');
  }
}

function editedFlags(before: number, wanted: number): number {
  if ((before & MessageFlag.componentsV2) !== 0 && (wanted & MessageFlag.componentsV2) === 0) {
    throw invalidField(
      ['flags'],
      'MESSAGE_FLAGS_CANNOT_REMOVE_COMPONENTS_V2',
      'MessageFlags.IS_COMPONENTS_V2 cannot be removed once set',
    );
  }
  const settable = MessageFlag.suppressEmbeds | MessageFlag.componentsV2;
  return (before & ~settable) | (wanted & settable);
}

/** A reply pings the author it answers unless told not to. */
function addRepliedUser(
  world: World,
  message: Message,
  allowed: AllowedMentions | null | undefined,
): void {
  if (message.type !== 19 || !message.reference || allowed?.replied_user === false) return;
  const target = world.message(message.reference.channel_id, message.reference.message_id);
  if (!target || !world.users.has(target.author_id)) return;
  if (!message.mentions.includes(target.author_id)) message.mentions.push(target.author_id);
}

function wakeThread(world: World, channel: Channel, authorId: string): void {
  const { thread } = channel;
  if (!thread) return;
  thread.total_message_sent += 1;
  if (world.members.has(authorId) && !thread.members.has(authorId)) {
    thread.members.set(authorId, new Date().toISOString());
  }
  if (!thread.archived) return;
  Object.assign(thread, { archived: false, archive_timestamp: new Date().toISOString() });
  world.emit('THREAD_UPDATE', renderChannel(world, channel), { channel });
}

function has(world: World, userId: string, channel: Channel, bit: bigint): boolean {
  return (world.permissionsOf(userId, channel) & bit) !== 0n;
}
