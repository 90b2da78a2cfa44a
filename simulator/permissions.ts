/** Permission bits, by Discord's names. */
export const P = {
  CREATE_INSTANT_INVITE: 1n << 0n,
  KICK_MEMBERS: 1n << 1n,
  BAN_MEMBERS: 1n << 2n,
  ADMINISTRATOR: 1n << 3n,
  MANAGE_CHANNELS: 1n << 4n,
  MANAGE_GUILD: 1n << 5n,
  ADD_REACTIONS: 1n << 6n,
  VIEW_AUDIT_LOG: 1n << 7n,
  VIEW_CHANNEL: 1n << 10n,
  SEND_MESSAGES: 1n << 11n,
  SEND_TTS_MESSAGES: 1n << 12n,
  MANAGE_MESSAGES: 1n << 13n,
  EMBED_LINKS: 1n << 14n,
  ATTACH_FILES: 1n << 15n,
  READ_MESSAGE_HISTORY: 1n << 16n,
  MENTION_EVERYONE: 1n << 17n,
  USE_EXTERNAL_EMOJIS: 1n << 18n,
  CONNECT: 1n << 20n,
  SPEAK: 1n << 21n,
  CHANGE_NICKNAME: 1n << 26n,
  MANAGE_NICKNAMES: 1n << 27n,
  MANAGE_ROLES: 1n << 28n,
  MANAGE_WEBHOOKS: 1n << 29n,
  USE_APPLICATION_COMMANDS: 1n << 31n,
  MANAGE_THREADS: 1n << 34n,
  CREATE_PUBLIC_THREADS: 1n << 35n,
  CREATE_PRIVATE_THREADS: 1n << 36n,
  SEND_MESSAGES_IN_THREADS: 1n << 38n,
  MODERATE_MEMBERS: 1n << 40n,
  SEND_VOICE_MESSAGES: 1n << 46n,
  SEND_POLLS: 1n << 49n,
  PIN_MESSAGES: 1n << 51n,
} as const;

/** Every permission there is. */
export const ALL_PERMISSIONS = (1n << 53n) - 1n;

/** What a new server gives @everyone. */
export const EVERYONE_PERMISSIONS =
  P.CREATE_INSTANT_INVITE |
  P.ADD_REACTIONS |
  P.VIEW_CHANNEL |
  P.SEND_MESSAGES |
  P.EMBED_LINKS |
  P.ATTACH_FILES |
  P.READ_MESSAGE_HISTORY |
  P.USE_EXTERNAL_EMOJIS |
  P.CONNECT |
  P.SPEAK |
  P.CHANGE_NICKNAME |
  P.USE_APPLICATION_COMMANDS |
  P.CREATE_PUBLIC_THREADS |
  P.SEND_MESSAGES_IN_THREADS |
  P.SEND_VOICE_MESSAGES |
  P.SEND_POLLS;

interface OverwriteBits {
  id: string;
  type: 0 | 1;
  allow: string;
  deny: string;
}

interface Holder {
  userId: string;
  /** Ids of the roles held, without @everyone. */
  roles: string[];
}

/** Permissions from roles alone. `rolePermissions` gives the bits of a role id, @everyone's included. */
export function basePermissions(
  everyoneId: string,
  holder: Holder,
  rolePermissions: (id: string) => bigint,
): bigint {
  let bits = rolePermissions(everyoneId);
  for (const role of holder.roles) bits |= rolePermissions(role);
  return (bits & P.ADMINISTRATOR) !== 0n ? ALL_PERMISSIONS : bits;
}

/** Applies a channel's overwrites in Discord's order: @everyone, then all roles together, then the member. */
export function applyOverwrites(
  base: bigint,
  everyoneId: string,
  holder: Holder,
  overwrites: OverwriteBits[],
): bigint {
  if ((base & P.ADMINISTRATOR) !== 0n) return ALL_PERMISSIONS;
  let bits = base;
  let allow = 0n;
  let deny = 0n;
  const everyone = overwrites.find((o) => o.id === everyoneId);
  if (everyone) bits = (bits & ~BigInt(everyone.deny)) | BigInt(everyone.allow);
  for (const o of overwrites) {
    if (o.type !== 0 || o.id === everyoneId || !holder.roles.includes(o.id)) continue;
    allow |= BigInt(o.allow);
    deny |= BigInt(o.deny);
  }
  bits = (bits & ~deny) | allow;
  const own = overwrites.find((o) => o.type === 1 && o.id === holder.userId);
  if (own) bits = (bits & ~BigInt(own.deny)) | BigInt(own.allow);
  return bits;
}

/** Takes away what cannot be used without seeing the channel or without writing in it. */
export function withoutImplied(bits: bigint): bigint {
  if ((bits & P.VIEW_CHANNEL) === 0n) return 0n;
  if ((bits & P.SEND_MESSAGES) !== 0n) return bits;
  return bits & ~(P.MENTION_EVERYONE | P.SEND_TTS_MESSAGES | P.ATTACH_FILES | P.EMBED_LINKS);
}
