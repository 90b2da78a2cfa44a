import { embeds } from './embeds.ts';
import {
  anything,
  bool,
  choice,
  type Field,
  integer,
  link,
  list,
  maybe,
  object,
  optional,
  snowflake,
  text,
} from './fields.ts';

const CONTENT = 2000;

/** Who may be pinged. `parse` and an explicit list of the same kind exclude each other. */
const allowedMentions: Field<AllowedMentions> = (value, errors) => {
  const read = object({
    parse: maybe(list(choice('users', 'roles', 'everyone'))),
    users: maybe(list(snowflake, { max: 100 })),
    roles: maybe(list(snowflake, { max: 100 })),
    replied_user: maybe(bool),
  })(value, errors);
  if (errors.failed) return {};
  for (const kind of ['users', 'roles'] as const) {
    if (!read.parse?.includes(kind) || !read[kind]?.length) continue;
    errors.add(
      'MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE',
      `parse:["${kind}"] and ${kind}: [ids...] are mutually exclusive.`,
    );
  }
  return {
    ...(read.parse ? { parse: read.parse } : {}),
    ...(read.users ? { users: read.users } : {}),
    ...(read.roles ? { roles: read.roles } : {}),
    replied_user: read.replied_user ?? false,
  };
};

export interface AllowedMentions {
  parse?: ('users' | 'roles' | 'everyone')[];
  users?: string[];
  roles?: string[];
  replied_user?: boolean;
}

/** A number or a string of up to 25 characters. */
const nonce: Field<string | number> = (value, errors) => {
  if (typeof value === 'number' && Number.isInteger(value)) return value;
  if (typeof value === 'string') return text({ max: 25 })(value, errors);
  errors.add('NONCE_TYPE_INVALID', 'Nonce must be an integer or a string');
  return '';
};

const shared = {
  content: maybe(text({ max: CONTENT })),
  embeds: maybe(embeds),
  embed: maybe(anything),
  components: maybe(anything),
  flags: maybe(integer()),
  allowed_mentions: maybe(allowedMentions),
  attachments: maybe(
    list(
      object({
        id: snowflake,
        filename: maybe(text({ max: 1024 })),
        title: maybe(text({ max: 1024 })),
        description: maybe(text({ max: 1024 })),
        duration_secs: maybe(anything),
        waveform: maybe(anything),
        is_remix: maybe(anything),
        // A client sends the whole attachment back when it keeps it.
        size: maybe(anything),
        url: maybe(anything),
        proxy_url: maybe(anything),
        height: maybe(anything),
        width: maybe(anything),
        content_type: maybe(anything),
        flags: maybe(anything),
        ephemeral: maybe(anything),
      }),
    ),
  ),
  poll: maybe(anything),
  payload_json: maybe(anything),
};

/** Body of a new message, before its components are read. */
export const newMessage = object({
  ...shared,
  nonce: maybe(nonce),
  enforce_nonce: maybe(bool),
  tts: maybe(bool),
  message_reference: maybe(
    object({
      type: maybe(choice(0, 1)),
      message_id: optional(snowflake),
      channel_id: maybe(snowflake),
      guild_id: maybe(snowflake),
      fail_if_not_exists: maybe(bool),
    }),
  ),
  sticker_ids: maybe(list(snowflake, { max: 3 })),
  shared_client_theme: maybe(anything),
  // Sent by Discord's own clients.
  mobile_network_type: maybe(anything),
});

/** Body of a webhook's or an interaction's message. */
export const webhookMessage = object({
  ...shared,
  username: maybe(text({ min: 1, max: 80 })),
  avatar_url: maybe(link('http', 'https')),
  tts: maybe(bool),
  thread_name: maybe(text({ max: 100 })),
  applied_tags: maybe(list(snowflake)),
  // Not supported there, and ignored, as Discord does.
  nonce: maybe(anything),
  enforce_nonce: maybe(anything),
  message_reference: maybe(anything),
  sticker_ids: maybe(anything),
});

/** The first message of a post in a forum. */
export const postMessage = object({
  ...shared,
  sticker_ids: maybe(list(snowflake, { max: 3 })),
});

/** Body of an edit. */
export const editedMessage = object({
  ...shared,
  nonce: maybe(anything),
  enforce_nonce: maybe(anything),
  message_reference: maybe(anything),
  sticker_ids: maybe(anything),
  tts: maybe(anything),
  username: maybe(anything),
  avatar_url: maybe(anything),
});

export type NewMessage = ReturnType<typeof newMessage>;
export type EditedMessage = ReturnType<typeof editedMessage>;
