import type { Attachment, Json, Message, Snapshot } from './entities.ts';
import { MessageFlag } from './entities.ts';
import { renderPoll } from './polls.ts';
import { renderChannel, renderMemberPart, renderUser } from './render.ts';
import { renderTime } from './render-time.ts';
import { renderStickerItems } from './stickers.ts';
import type { World } from './world.ts';

/** An attachment with a freshly signed link: links differ from one fetch to the next. */
function renderAttachment(world: World, channelId: string, file: Attachment): Json {
  const path = `/attachments/${channelId}/${file.id}/${file.filename}`;
  const url = `${world.url}${path}?${world.files.sign(path, world.settings.attachmentLifetimeMs)}`;
  return { ...file, url, proxy_url: url, flags: 0 };
}

function renderAuthor(world: World, message: Message): Json {
  if (message.webhook_name !== undefined) {
    return {
      id: message.webhook_id,
      username: message.webhook_name,
      avatar: message.webhook_avatar ?? null,
      discriminator: '0000',
      public_flags: 0,
      bot: true,
      global_name: null,
    };
  }
  const user = world.users.get(message.author_id);
  return user ? renderUser(user) : { id: message.author_id, username: 'Deleted User' };
}

/** A message as REST answers it. The nonce is not in it: only the sender's answer and MESSAGE_CREATE show it. */
export function renderMessage(world: World, message: Message, depth = 1, viewer = ''): Json {
  const suppressed = (message.flags & MessageFlag.suppressEmbeds) !== 0;
  const out: Json = {
    id: message.id,
    channel_id: message.channel_id,
    type: message.type,
    author: renderAuthor(world, message),
    content: message.content,
    timestamp: renderTime(message.timestamp),
    edited_timestamp:
      message.edited_timestamp === null ? null : renderTime(message.edited_timestamp),
    tts: message.tts,
    mention_everyone: message.mention_everyone,
    mentions: message.mentions.flatMap((id) => world.users.get(id) ?? []).map(renderUser),
    mention_roles: message.mention_roles,
    attachments: message.attachments.map((a) => renderAttachment(world, message.channel_id, a)),
    embeds: suppressed ? [] : renderEmbeds(world, message),
    components: message.components,
    pinned: message.pinned_at !== null,
    flags: message.flags,
  };
  if (message.reactions.length > 0) {
    out.reactions = message.reactions.map((one) => renderReaction(one, viewer));
  }
  if (message.sticker_ids) out.sticker_items = renderStickerItems(world, message.sticker_ids);
  if (message.poll) out.poll = renderPoll(message.poll);
  if (message.snapshot) {
    const snapshot = renderSnapshot(world, message.channel_id, message.snapshot);
    out.message_snapshots = [{ message: snapshot }];
  }
  if (message.webhook_id !== undefined) out.webhook_id = message.webhook_id;
  if (message.application_id !== undefined) out.application_id = message.application_id;
  if (message.interaction_metadata) out.interaction_metadata = message.interaction_metadata;
  if (message.reference) Object.assign(out, renderReference(world, message, depth));
  const thread = message.thread_id && world.channels.get(message.thread_id);
  if (thread) out.thread = renderChannel(world, thread);
  return out;
}

/** What a forward shows: the message as it was, without its author. */
function renderSnapshot(world: World, channelId: string, snapshot: Snapshot): Json {
  const { sticker_ids, attachments, mentions, ...rest } = snapshot;
  const { timestamp, edited_timestamp } = snapshot;
  return {
    ...rest,
    timestamp: renderTime(timestamp),
    edited_timestamp: edited_timestamp === null ? null : renderTime(edited_timestamp),
    mentions: mentions.flatMap((id) => world.users.get(id) ?? []).map(renderUser),
    attachments: attachments.map((one) => renderAttachment(world, channelId, one)),
    ...(sticker_ids.length > 0 ? { sticker_items: renderStickerItems(world, sticker_ids) } : {}),
  };
}

function renderReference(world: World, message: Message, depth: number): Json {
  const { reference } = message;
  if (!reference) return {};
  const target = world.message(reference.channel_id, reference.message_id);
  if (message.type !== 19 || depth === 0) return { message_reference: reference };
  const referenced = target ? renderMessage(world, target, depth - 1) : null;
  return { message_reference: reference, referenced_message: referenced };
}

/** Embeds with `attachment://name` turned into the link of that attachment. */
function renderEmbeds(world: World, message: Message): Json[] {
  if (message.attachments.length === 0) return message.embeds;
  const text = JSON.stringify(message.embeds).replace(/"attachment:\/\/([^"]+)"/g, (all, name) => {
    const file = message.attachments.find((a) => a.filename === name);
    return file ? JSON.stringify(renderAttachment(world, message.channel_id, file).url) : all;
  });
  return JSON.parse(text);
}

function renderReaction(reaction: Message['reactions'][number], viewer: string): Json {
  const count = reaction.users.length;
  return {
    emoji: reaction.emoji,
    count,
    count_details: { burst: 0, normal: count },
    burst_colors: [],
    me_burst: false,
    burst_me: false,
    me: reaction.users.includes(viewer),
    burst_count: 0,
  };
}

/** What MESSAGE_CREATE and MESSAGE_UPDATE add for messages of a guild. */
export function renderMessageEvent(world: World, message: Message): Json {
  const out = renderMessage(world, message);
  const guildId = world.channels.get(message.channel_id)?.guild_id ?? null;
  if (guildId === null) return out;
  const member = world.members.get(message.author_id);
  out.guild_id = guildId;
  if (member && message.webhook_name === undefined) out.member = renderMemberPart(member);
  out.mentions = message.mentions.flatMap((id) => {
    const user = world.users.get(id);
    const mentioned = world.members.get(id);
    if (!user) return [];
    return mentioned
      ? { ...renderUser(user), member: renderMemberPart(mentioned) }
      : renderUser(user);
  });
  return out;
}
