import { dropAttachments, resolveAttachments } from './attachments.ts';
import { type Channel, type Json, type Message, MessageFlag } from './entities.ts';
import { mayPingAll, resolveMentions } from './mentions.ts';
import type { Draft } from './message-draft.ts';
import { checkSubstance, checkVoice, createdFlags, readComponents } from './message-parts.ts';
import { checkMessageText } from './moderation.ts';
import type { Audience } from './outgoing.ts';
import { openPoll } from './polls.ts';
import { renderMessageEvent } from './render-message.ts';
import { nextSnowflake, timeOf } from './snowflake.ts';
import { readStickers } from './stickers.ts';
import { storedText } from './stored-text.ts';
import { wakeThread } from './thread-state.ts';
import { unfurlLater } from './unfurl.ts';
import type { AllowedMentions } from './validation/messages.ts';
import type { World } from './world.ts';

/** Makes a message, gives it its id and emits MESSAGE_CREATE; ephemeral ones reach only their one reader. */
export function createMessage(world: World, draft: Draft): Message {
  const { channel, author, body, files } = draft;
  const parts = readParts(world, draft);
  const attachments = resolveAttachments(world, channel.id, [], body.attachments, files);
  const pingsAll = mayPingAll(world, author.id, channel);
  const allowed = body.allowed_mentions ?? draft.defaultMentions;
  const id = draft.id ?? nextSnowflake();
  const message: Message = {
    id,
    channel_id: channel.id,
    type: draft.type ?? (draft.reference?.type === 0 ? 19 : 0),
    author_id: draft.webhook?.id ?? author.id,
    ...parts,
    timestamp: new Date(timeOf(id)).toISOString(),
    edited_timestamp: null,
    tts: body.tts ?? false,
    ...resolveMentions(world, parts.content, allowed, pingsAll),
    attachments,
    embeds: body.embeds ?? [],
    reactions: [],
    pinned_at: null,
    ...originOf(draft),
  };
  addRepliedUser(world, message, allowed);
  publish(world, channel, message);
  return message;
}

type Parts = Pick<Message, 'content' | 'components' | 'flags' | 'sticker_ids' | 'poll'>;

/** Reads and judges what a new message says. */
function readParts(world: World, draft: Draft): Parts {
  const { channel, author, body, files, snapshot } = draft;
  const flags = createdFlags(body.flags ?? 0);
  const content = storedText(world.settings, body.content ?? '');
  const components = readComponents(body.components, flags);
  const stickers = readStickers(world, body.sticker_ids);
  const poll = body.poll ? openPoll(body.poll) : undefined;
  const holds = files.length + stickers.length + (poll || snapshot ? 1 : 0);
  checkVoice(flags, content, body, files);
  checkSubstance(flags, content, body, components, holds);
  const said = [body.content, body.embeds, components, body.poll];
  checkMessageText(world, channel, draft.webhook ? undefined : author.id, said);
  const hidden = draft.ephemeralFor === undefined ? 0 : MessageFlag.ephemeral;
  return {
    content,
    components,
    flags: flags | hidden | (snapshot ? MessageFlag.snapshot : 0),
    ...(stickers.length > 0 ? { sticker_ids: stickers } : {}),
    ...(poll ? { poll } : {}),
  };
}

const hookedBy = ({ id, name, avatar }: NonNullable<Draft['webhook']>) => ({
  ...{ webhook_id: id, webhook_name: name, webhook_avatar: avatar },
});

/** Where a new message comes from. */
function originOf(draft: Draft): Partial<Message> {
  const { nonce, webhook, reference, snapshot, metadata, ephemeralFor, applicationId } = draft;
  return {
    ...(nonce == null ? {} : { nonce }),
    ...(webhook ? hookedBy(webhook) : {}),
    ...(reference ? { reference } : {}),
    ...(snapshot ? { snapshot } : {}),
    ...(metadata ? { interaction_metadata: metadata } : {}),
    ...(ephemeralFor === undefined ? {} : { ephemeral_for: ephemeralFor }),
    ...(applicationId === undefined ? {} : { application_id: applicationId }),
    ...(applicationId !== undefined && metadata ? { webhook_id: applicationId } : {}),
  };
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
  const audience = audienceOf(channel, message);
  const whole = renderMessageEvent(world, message);
  const { id, channel_id, guild_id, embeds } = whole;
  const isPartial = name === 'MESSAGE_UPDATE' && world.settings.partialUpdates;
  const shown = isPartial ? { id, channel_id, guild_id, embeds } : whole;
  world.emit(name, { ...shown, ...extra }, audience);
}

/** Takes a message away, with its files and its place in every channel list. */
export function deleteMessage(world: World, message: Message): void {
  forgetMessage(world, message);
  const channel = world.channels.get(message.channel_id);
  if (!channel) return;
  const data: Json = { id: message.id, channel_id: message.channel_id };
  if (channel.guild_id !== null) data.guild_id = channel.guild_id;
  world.emit('MESSAGE_DELETE', data, audienceOf(channel, message));
}

function audienceOf(channel: Channel, { ephemeral_for }: Message): Audience {
  return ephemeral_for === undefined ? { channel } : { channel, only: ephemeral_for };
}

/** The part of a deletion that many deletions share: no event. */
export function forgetMessage(world: World, message: Message): void {
  world.log(message.channel_id).delete(message.id);
  world.ephemeral.delete(message.id);
  const files = [...message.attachments, ...(message.snapshot?.attachments ?? [])];
  dropAttachments(world, message.channel_id, files);
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
