import { ChannelType } from './entities.ts';
import { EVERYONE_PERMISSIONS, P } from './permissions.ts';

/** What the bot is invited with. */
export const BOT_PERMISSIONS =
  EVERYONE_PERMISSIONS |
  P.MANAGE_CHANNELS |
  P.MANAGE_ROLES |
  P.MANAGE_WEBHOOKS |
  P.MANAGE_MESSAGES |
  P.MANAGE_THREADS |
  P.CREATE_PRIVATE_THREADS |
  P.MENTION_EVERYONE |
  P.PIN_MESSAGES;

const MODERATOR_PERMISSIONS =
  EVERYONE_PERMISSIONS | P.MANAGE_MESSAGES | P.MANAGE_THREADS | P.MENTION_EVERYONE;

export const ROLES = {
  support: { n: 11, name: 'Support Team', permissions: EVERYONE_PERMISSIONS, color: 0x2ecc71 },
  developer: { n: 12, name: 'Developer', permissions: EVERYONE_PERMISSIONS, color: 0x3498db },
  manager: {
    n: 13,
    name: 'Manager',
    permissions: MODERATOR_PERMISSIONS | P.MANAGE_CHANNELS,
    color: 0xe67e22,
  },
  bot: { n: 14, name: 'Deskcord', permissions: BOT_PERMISSIONS, color: 0 },
  admin: { n: 15, name: 'Admin', permissions: P.ADMINISTRATOR, color: 0xe74c3c },
} as const;

export const PEOPLE = {
  admin: { n: 21, name: 'Ada', role: 'admin' },
  manager: { n: 22, name: 'Max', role: 'manager' },
  developer: { n: 23, name: 'Dev', role: 'developer' },
  kim: { n: 24, name: 'Kim', role: 'support' },
  robin: { n: 25, name: 'Robin', role: 'support' },
  member: { n: 26, name: 'Mo', role: undefined },
  lee: { n: 27, name: 'Lee', role: 'manager' },
  noa: { n: 28, name: 'Noa', role: 'developer' },
  sam: { n: 29, name: 'Sam', role: 'support' },
} as const;

export const CHANNELS = {
  normal: { n: 31, name: 'Normal', type: ChannelType.category },
  urgent: { n: 32, name: 'Urgent', type: ChannelType.category },
  critical: { n: 33, name: 'Critical', type: ChannelType.category },
  transcripts: { n: 34, name: 'transcripts', type: ChannelType.text },
  errors: { n: 35, name: 'errors', type: ChannelType.text },
} as const;
