import { P } from '../permissions.ts';
import {
  anything,
  bits,
  bool,
  choice,
  integer,
  list,
  maybe,
  object,
  optional,
  snowflake,
  text,
} from './fields.ts';
import { postMessage } from './messages.ts';

const AUTO_ARCHIVE = choice(60, 1440, 4320, 10080);

/** One overwrite inside a channel's body. */
const overwriteBody = object({
  id: snowflake,
  type: choice(0, 1, '0', '1', 'role', 'member'),
  allow: maybe(bits),
  deny: maybe(bits),
});

const shared = {
  topic: maybe(text({ max: 1024 })),
  position: maybe(integer({ min: 0 })),
  permission_overwrites: maybe(list(overwriteBody)),
  parent_id: maybe(snowflake),
  nsfw: maybe(bool),
  rate_limit_per_user: maybe(integer({ min: 0, max: 21600 })),
  bitrate: maybe(anything),
  user_limit: maybe(anything),
  rtc_region: maybe(anything),
  video_quality_mode: maybe(anything),
  default_auto_archive_duration: maybe(AUTO_ARCHIVE),
  default_thread_rate_limit_per_user: maybe(anything),
  default_reaction_emoji: maybe(anything),
  default_sort_order: maybe(anything),
  default_forum_layout: maybe(anything),
  available_tags: maybe(anything),
};

/** Body of POST /guilds/:guild/channels. */
export const newChannel = object({
  ...shared,
  name: text({ min: 1, max: 100 }),
  type: optional(choice(0, 2, 4, 5, 15)),
});

/** Body of PATCH /channels/:channel, threads included. */
export const editedChannel = object({
  ...shared,
  name: optional(text({ min: 1, max: 100 })),
  type: optional(choice(0, 2, 4, 5, 10, 11, 12, 15)),
  flags: maybe(integer()),
  archived: optional(bool),
  locked: optional(bool),
  invitable: optional(bool),
  auto_archive_duration: optional(AUTO_ARCHIVE),
  applied_tags: maybe(anything),
});

/** Body of PATCH /guilds/:guild/channels. */
export const positions = list(
  object({
    id: snowflake,
    position: maybe(integer()),
    lock_permissions: maybe(bool),
    parent_id: maybe(snowflake),
  }),
);

/** Body of PUT /channels/:channel/permissions/:overwrite. */
export const overwriteEdit = object({
  type: choice(0, 1, '0', '1', 'role', 'member'),
  allow: maybe(bits),
  deny: maybe(bits),
  id: maybe(anything),
});

/** Body of a new thread, with or without a message to start from. */
export const newThread = object({
  name: text({ min: 1, max: 100 }),
  auto_archive_duration: maybe(AUTO_ARCHIVE),
  type: optional(choice(10, 11, 12)),
  invitable: maybe(bool),
  rate_limit_per_user: maybe(integer({ min: 0, max: 21600 })),
});

/** Body of a new post of a forum: a thread and its first message, which takes no nonce. */
export const newPost = object({
  name: text({ min: 1, max: 100 }),
  auto_archive_duration: maybe(AUTO_ARCHIVE),
  rate_limit_per_user: maybe(integer({ min: 0, max: 21600 })),
  message: postMessage,
  applied_tags: maybe(list(snowflake, { max: 5 })),
});

/** The bits only an administrator may put in an overwrite. */
export const ADMIN_ONLY_BITS = P.MANAGE_ROLES;

/** Text channels are lower case with dashes; other kinds keep their name. */
export function normaliseName(name: string, type: number): string {
  if (type !== 0 && type !== 5) return name;
  return name
    .toLowerCase()
    .replace(/\s+/g, '-')
    .replace(/[!"#$%&'()*+,./:;<=>?@[\\\]^`{|}~]/g, '')
    .replace(/-{2,}/g, '-')
    .replace(/^-+(?=.)/, '');
}
