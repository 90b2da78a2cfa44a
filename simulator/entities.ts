/** A JSON object going out to a client. */
export type Json = Record<string, unknown>;

/** Channel types the simulator knows. */
export const ChannelType = {
  text: 0,
  dm: 1,
  voice: 2,
  category: 4,
  announcement: 5,
  announcementThread: 10,
  publicThread: 11,
  privateThread: 12,
  forum: 15,
} as const;

export interface User {
  id: string;
  username: string;
  global_name: string | null;
  discriminator: string;
  avatar: string | null;
  bot: boolean;
}

export interface Member {
  user_id: string;
  nick: string | null;
  /** Without @everyone, as on the wire. */
  roles: string[];
  joined_at: string;
  communication_disabled_until: string | null;
}

export interface Role {
  id: string;
  name: string;
  color: number;
  hoist: boolean;
  position: number;
  permissions: string;
  managed: boolean;
  mentionable: boolean;
  bot_id?: string;
}

export interface Overwrite {
  id: string;
  /** 0 a role, 1 a member. */
  type: 0 | 1;
  allow: string;
  deny: string;
}

export interface ThreadState {
  owner_id: string;
  archived: boolean;
  locked: boolean;
  invitable: boolean;
  auto_archive_duration: number;
  archive_timestamp: string;
  create_timestamp: string;
  /** When each member joined, by user id. */
  members: Map<string, string>;
  total_message_sent: number;
}

export interface Channel {
  id: string;
  type: number;
  /** Null for a direct message. */
  guild_id: string | null;
  name: string;
  topic: string | null;
  position: number;
  parent_id: string | null;
  nsfw: boolean;
  rate_limit_per_user: number;
  permission_overwrites: Overwrite[];
  last_message_id: string | null;
  last_pin_timestamp: string | null;
  /** Of a direct message. */
  recipients: string[];
  thread?: ThreadState;
}

export interface Attachment {
  id: string;
  filename: string;
  title?: string;
  description?: string;
  content_type: string;
  size: number;
  width?: number;
  height?: number;
  /** Of a voice message. */
  duration_secs?: number;
  waveform?: string;
}

export interface Sticker {
  id: string;
  name: string;
  tags: string;
  description: string | null;
  /** 1 a PNG. */
  format_type: number;
}

export interface Poll {
  question: { text: string };
  answers: { answer_id: number; poll_media: Json }[];
  expiry: string;
  allow_multiselect: boolean;
  layout_type: number;
  is_finalized: boolean;
}

/** What a forward keeps of the message it was made from. */
export interface Snapshot {
  type: number;
  content: string;
  timestamp: string;
  edited_timestamp: string | null;
  flags: number;
  mentions: string[];
  mention_roles: string[];
  embeds: Json[];
  components: Json[];
  attachments: Attachment[];
  sticker_ids: string[];
}

export interface Reaction {
  emoji: { id: string | null; name: string };
  users: string[];
}

export interface Message {
  id: string;
  channel_id: string;
  type: number;
  author_id: string;
  webhook_id?: string;
  webhook_name?: string;
  /** The hash of the picture it shows. */
  webhook_avatar?: string | null;
  application_id?: string;
  content: string;
  timestamp: string;
  edited_timestamp: string | null;
  tts: boolean;
  mention_everyone: boolean;
  mentions: string[];
  mention_roles: string[];
  attachments: Attachment[];
  embeds: Json[];
  components: Json[];
  reactions: Reaction[];
  pinned_at: string | null;
  nonce?: string | number;
  flags: number;
  reference?: { type: number; message_id: string; channel_id: string; guild_id?: string };
  interaction_metadata?: Json;
  thread_id?: string;
  sticker_ids?: string[];
  poll?: Poll;
  /** Of a forward. */
  snapshot?: Snapshot;
  /** The only person who sees it, when it is ephemeral. */
  ephemeral_for?: string;
}

/** Message flags the simulator gives a meaning to. */
export const MessageFlag = {
  suppressEmbeds: 1 << 2,
  hasThread: 1 << 5,
  ephemeral: 1 << 6,
  loading: 1 << 7,
  suppressNotifications: 1 << 12,
  voiceMessage: 1 << 13,
  snapshot: 1 << 14,
  componentsV2: 1 << 15,
} as const;
