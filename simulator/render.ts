import type { Webhook } from './app-entities.ts';
import type { Channel, Json, Member, Role, User } from './entities.ts';
import { ChannelType } from './entities.ts';
import { renderTime } from './render-time.ts';
import { compareSnowflakes } from './snowflake.ts';
import { renderSticker } from './stickers.ts';
import type { World } from './world.ts';

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
    ...(channel.type === ChannelType.forum && forumFields),
    topic: channel.topic,
    nsfw: channel.nsfw,
    rate_limit_per_user: channel.rate_limit_per_user,
    last_message_id: channel.last_message_id,
    last_pin_timestamp: channel.last_pin_timestamp,
  };
}

const forumFields = {
  available_tags: [],
  default_reaction_emoji: null,
  default_sort_order: null,
  default_forum_layout: 0,
};

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
    stickers: [...world.stickers.values()].map((one) => renderSticker(world, one)),
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
