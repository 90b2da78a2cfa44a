import type {
  Attachment,
  Channel,
  Json,
  Member,
  Message,
  Role,
  User,
  Webhook,
} from './entities.ts';
import { ChannelType, MessageFlag } from './entities.ts';
import { compareSnowflakes } from './snowflake.ts';
import type { World } from './world.ts';

/** A time as Discord writes it. */
export function renderTime(time: string | number): string {
  return new Date(time).toISOString().replace('Z', '000+00:00');
}

export function renderUser(user: User): Json {
  return {
    id: user.id,
    username: user.username,
    discriminator: user.discriminator,
    global_name: user.global_name,
    avatar: user.avatar,
    avatar_decoration_data: null,
    banner: null,
    accent_color: null,
    public_flags: 0,
    flags: 0,
    ...(user.bot ? { bot: true } : {}),
  };
}

/** A member without its user, as inside messages and interactions. */
export function renderMemberPart(member: Member): Json {
  return {
    roles: member.roles,
    nick: member.nick,
    avatar: null,
    joined_at: renderTime(member.joined_at),
    premium_since: null,
    communication_disabled_until: member.communication_disabled_until,
    deaf: false,
    mute: false,
    pending: false,
    flags: 0,
  };
}

export function renderMember(world: World, member: Member): Json {
  const user = world.users.get(member.user_id);
  return { ...renderMemberPart(member), ...(user ? { user: renderUser(user) } : {}) };
}

export function renderRole(role: Role): Json {
  const { bot_id, ...rest } = role;
  return {
    ...rest,
    colors: { primary_color: role.color, secondary_color: null, tertiary_color: null },
    icon: null,
    unicode_emoji: null,
    flags: 0,
    ...(bot_id === undefined ? {} : { tags: { bot_id } }),
  };
}

export function renderChannel(world: World, channel: Channel): Json {
  if (channel.guild_id === null) return renderDirect(world, channel);
  if (channel.thread) return renderThread(world, channel);
  const shared = {
    id: channel.id,
    type: channel.type,
    guild_id: channel.guild_id,
    name: channel.name,
    position: channel.position,
    parent_id: channel.parent_id,
    permission_overwrites: channel.permission_overwrites,
    flags: 0,
  };
  if (channel.type === ChannelType.category) return shared;
  return {
    ...shared,
    topic: channel.topic,
    nsfw: channel.nsfw,
    rate_limit_per_user: channel.rate_limit_per_user,
    last_message_id: channel.last_message_id,
    last_pin_timestamp: channel.last_pin_timestamp,
  };
}

function renderDirect(world: World, channel: Channel): Json {
  const recipients = channel.recipients.flatMap((id) => world.users.get(id) ?? []);
  return {
    id: channel.id,
    type: channel.type,
    last_message_id: channel.last_message_id,
    recipients: recipients.map(renderUser),
    flags: 0,
  };
}

function renderThread(world: World, channel: Channel): Json {
  const { thread } = channel;
  if (!thread) return {};
  const messages = world.log(channel.id).size;
  return {
    id: channel.id,
    type: channel.type,
    guild_id: channel.guild_id,
    parent_id: channel.parent_id,
    owner_id: thread.owner_id,
    name: channel.name,
    last_message_id: channel.last_message_id,
    rate_limit_per_user: channel.rate_limit_per_user,
    message_count: messages,
    total_message_sent: thread.total_message_sent,
    member_count: Math.min(50, thread.members.size),
    thread_metadata: {
      archived: thread.archived,
      locked: thread.locked,
      auto_archive_duration: thread.auto_archive_duration,
      archive_timestamp: renderTime(thread.archive_timestamp),
      create_timestamp: renderTime(thread.create_timestamp),
      ...(channel.type === ChannelType.privateThread ? { invitable: thread.invitable } : {}),
    },
    flags: 0,
  };
}

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
      avatar: null,
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
    embeds: (message.flags & MessageFlag.suppressEmbeds) !== 0 ? [] : renderEmbeds(world, message),
    components: message.components,
    pinned: message.pinned_at !== null,
    flags: message.flags,
  };
  if (message.reactions.length > 0) {
    out.reactions = message.reactions.map((one) => renderReaction(one, viewer));
  }
  if (message.webhook_id !== undefined) out.webhook_id = message.webhook_id;
  if (message.application_id !== undefined) out.application_id = message.application_id;
  if (message.interaction_metadata) out.interaction_metadata = message.interaction_metadata;
  if (message.reference) Object.assign(out, renderReference(world, message, depth));
  const thread = message.thread_id && world.channels.get(message.thread_id);
  if (thread) out.thread = renderChannel(world, thread);
  return out;
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

export function renderWebhook(world: World, webhook: Webhook, withUser: boolean): Json {
  const user = world.users.get(webhook.user_id);
  return {
    id: webhook.id,
    type: webhook.type,
    guild_id: world.guild.id,
    channel_id: webhook.channel_id,
    name: webhook.name,
    avatar: webhook.avatar,
    token: webhook.token,
    application_id: webhook.application_id,
    ...(withUser && user ? { user: renderUser(user) } : {}),
  };
}

export function renderGuild(world: World): Json {
  return {
    ...world.guild,
    splash: null,
    discovery_splash: null,
    banner: null,
    afk_channel_id: null,
    afk_timeout: 300,
    application_id: null,
    default_message_notifications: 1,
    emojis: [],
    explicit_content_filter: 0,
    features: [],
    max_members: 500000,
    max_presences: null,
    max_video_channel_users: 25,
    mfa_level: 0,
    nsfw_level: 0,
    preferred_locale: 'en-US',
    premium_progress_bar_enabled: false,
    premium_subscription_count: 0,
    premium_tier: 0,
    public_updates_channel_id: null,
    region: 'deprecated',
    roles: [...world.roles.values()].map(renderRole),
    rules_channel_id: null,
    safety_alerts_channel_id: null,
    stickers: [],
    system_channel_flags: 0,
    system_channel_id: null,
    vanity_url_code: null,
    verification_level: 0,
    widget_channel_id: null,
    widget_enabled: false,
  };
}

/** Channels in the order clients show them. */
export function byPosition(a: Channel, b: Channel): number {
  return a.position - b.position || compareSnowflakes(a.id, b.id);
}
