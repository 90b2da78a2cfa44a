import { Schema, type Types } from 'mongoose';
import type { UserRole } from '../contract/identity.ts';
import type { SupportRole } from '../contract/tickets.ts';

/** A member of staff as a token names them. */
export interface WebIdentity {
  key: string;
  id: string;
  partner: string | null;
  name: string;
  role: UserRole;
}

/** What somebody is in one guild of a desk that has several. */
export interface GuildStanding {
  /** Of their roles there; null where they are none of the staff. */
  skills: SupportRole[] | null;
  /** When Discord has said so, milliseconds since 1970. */
  at: number;
}

/** The same as Discord knows them. */
export interface DiscordIdentity {
  key: string;
  id: string;
  name: string;
  role: UserRole;
  /** Of their roles in the guild where they were seen last. */
  skills: SupportRole[];
  /** By the guild's id; none where the desk has one guild, or Discord was not asked yet. */
  guilds?: Record<string, GuildStanding>;
}

/** One person of the staff, with one identity or both. */
export interface AgentRow {
  _id: Types.ObjectId;
  web?: WebIdentity;
  discord?: DiscordIdentity;
  /** Chosen by themselves; null for that of an identity. */
  name: string | null;
  skills: SupportRole[] | null;
  away: boolean;
  /** Named in the channel of every new ticket that they fit; left out where they never said. */
  on_call?: boolean;
  created_at: number;
  /** Milliseconds since 1970, some minutes old. */
  seen_at: number;
  discord_seen_at: number | null;
}

const number = { type: Number, required: true };

export const agentSchema = new Schema<AgentRow>(
  {
    web: Schema.Types.Mixed,
    discord: Schema.Types.Mixed,
    name: { type: String, default: null },
    skills: { type: [String], default: null },
    away: { type: Boolean, required: true },
    on_call: { type: Boolean },
    created_at: number,
    seen_at: number,
    discord_seen_at: { type: Number, default: null },
  } as never,
  { collection: 'agents', versionKey: false, strict: 'throw' },
);
for (const side of ['web', 'discord'] as const) {
  agentSchema.index(
    { [`${side}.key`]: 1 },
    {
      unique: true,
      name: `agent_${side}`,
      partialFilterExpression: { [`${side}.key`]: { $exists: true } },
    },
  );
}
agentSchema.index({ 'web.id': 1 }, { name: 'agent_user' });
agentSchema.index({ 'discord.id': 1 }, { name: 'agent_member' });
agentSchema.index({ discord_seen_at: 1 }, { name: 'agent_acted' });
agentSchema.index(
  { on_call: 1 },
  { name: 'agent_on_call', partialFilterExpression: { on_call: true } },
);

/** Heartbeat of one process: which staff have sockets there. Ends by itself when the beats do. */
export interface PresenceRow {
  /** The process. */
  _id: string;
  /** Keys of staff. */
  keys: string[];
  /** By the database's clock. */
  expires: Date;
}

export const presenceSchema = new Schema<PresenceRow>(
  {
    _id: { type: String, required: true },
    keys: { type: [String], default: [] } as never,
    expires: { type: Date, required: true },
  } as never,
  { collection: 'presence', versionKey: false, strict: 'throw' },
);
presenceSchema.index({ expires: 1 }, { name: 'presence_expires', expireAfterSeconds: 60 });

/** A code under way; `_id` is that of the agent, so that there is one at a time. */
export interface LinkCodeRow {
  _id: Types.ObjectId;
  /** SHA-256 of the code. */
  hash: string;
  expires: Date;
}

export const linkCodeSchema = new Schema<LinkCodeRow>(
  {
    _id: { type: Schema.Types.ObjectId, required: true },
    hash: { type: String, required: true },
    expires: { type: Date, required: true },
  },
  { collection: 'link_codes', versionKey: false, strict: 'throw' },
);
linkCodeSchema.index({ hash: 1 }, { unique: true, name: 'link_code_hash' });
linkCodeSchema.index({ expires: 1 }, { name: 'link_code_expires', expireAfterSeconds: 60 });
