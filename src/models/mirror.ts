import { Schema, type Types } from 'mongoose';

/**
 * How far a ticket has come in Discord; `_id` is the ticket's. The log is the outbox: `seq` is the
 * last entry that Discord has, like a consumer's offset.
 */
export interface MirrorRow {
  _id: Types.ObjectId;
  /** `open`: mirrored; `done`: closed, its transcript posted and its channel gone; `failed`: Discord refuses. */
  state: 'open' | 'done' | 'failed';
  /** Its channel; or the post that it has in its place, which is a thread of `forum_id`. */
  channel_id: string | null;
  /** The forum that its post stands in; null, or none, where it has a channel or neither. */
  forum_id?: string | null;
  /**
   * The guild in which its channel is, or is to be; null, or none, before that is chosen, and in a row from
   * before there were several: then it is the one of GUILD_ID.
   */
  guild_id?: string | null;
  card_id: string | null;
  /** How far the public log has come in the channel. */
  seq: number;
  /** How far of that it can be read there; null before the description can, none in a row from before. */
  delivered?: number | null;
  /** The same of the internal log; none in a row from before there were notes, which is 0. */
  internal_seq?: number;
  /** The newest Discord message taken in from the channel, a snowflake; `0` before the first. */
  inbound: string;
  /** The newest own message in the channel whose id is known, a snowflake; `0` before the first. */
  last_post: string;
  /** A post that was begun: what it was to be, and when. Until it is recorded its outcome is unknown. */
  attempt: { key: string; at: number } | null;
  /** The webhook of its channel that posts in customers' names; its token is a secret. None until it is made. */
  hook?: { channel_id: string; id: string; token: string } | null;
  /** Posts up to `last_post` whose own rows may not be written yet. */
  pending: PostRow[];
  /** Edits and deletions that Discord's limits put off: newer messages have overtaken them. */
  deferred: { message_id: string; stream?: 'internal'; seq: number; until: number }[];
  /**
   * Steps already done: `described` `pinned` `history`, and of closing `notice@SEQ` `transcript@SEQ`
   * `removed@SEQ`, where SEQ is the entry that closed the ticket; of parking `parking`, of moving to another place
   * `moving`, of both, with the newest message whose words are kept, `parking-to:ID`; `reopened` `remade` `unparked`
   * `moved` say why there is a history.
   */
  steps: string[];
  /** The posts that hold its transcripts; none in a row from before they were written down. */
  transcripts?: string[];
  /** Who was let into the channel by hand; none in a row from before that could be. */
  members?: MirrorMemberRow[];
  /** Who of the staff is to be named with the customer's next message; none where nobody ever asked. */
  alerts?: MirrorAlertRow[];
  /** The customer's last message in the channel that somebody is to be named with; 0, or none, before. */
  spoken?: number;
  /** What those hold, the newest; none in a row from before it was written down. */
  kept?: KeptTranscriptRow[];
  /** The entry that closed the ticket, of which `done` speaks; 0 before. */
  closing: number;
  /** What the channel shows, to know what a change of the ticket must change there. */
  shown: Record<string, unknown> | null;
  /** When the channel was last made again after somebody had deleted it; 0 for never. */
  remade_at: number;
  /** Its channel was removed to make room, until there is something new; null, or none, where not. */
  parked?: ParkedRow | null;
  /** Staff want the channel of a parked ticket back. */
  called?: boolean;
  /** When it was last parked no more; 0, or none, for never. */
  unparked_at?: number;
  /** Why the mirror does not get on, for staff. */
  problem: string | null;
  /** True where there may be something new, until the mirror is taken up again. */
  lagging?: boolean;
  /** The lease under which the row was last written; an older bot may not write any more. */
  epoch: number;
}

/** Somebody without a role of the staff who sees a ticket's channel, and writes notes there. */
export interface MirrorMemberRow {
  /** In Discord. */
  id: string;
  name: string;
}

/** Somebody who asked to be named with the customer's next message. */
export interface MirrorAlertRow {
  /** In Discord. */
  id: string;
  /** How far the channel showed the public log when they asked: a message behind it is the next one. */
  after: number;
}

export interface ParkedRow {
  at: number;
  /** Where transcripts are kept it was said. */
  told: boolean;
}

/** A file of a transcript as it was posted. */
export interface KeptFileRow {
  name: string;
  /** Hexadecimal. */
  sha256: string;
}

/** A post of a transcript, one or more for each time the ticket was closed. */
export interface KeptTranscriptRow {
  /** The entry that closed the ticket. */
  closing: number;
  /** The channel and the post; null where somebody has deleted it at once. */
  place: string | null;
  footer: string;
  files: KeptFileRow[];
  /** When the rating was given that it shows; null without one. */
  rated_at: number | null;
}

export const mirrorSchema = new Schema<MirrorRow>(
  {
    state: { type: String, required: true },
    channel_id: { type: String, default: null },
    forum_id: { type: String, default: null },
    guild_id: { type: String, default: null },
    card_id: { type: String, default: null },
    seq: { type: Number, required: true },
    delivered: Number,
    internal_seq: Number,
    inbound: { type: String, required: true },
    last_post: { type: String, required: true },
    attempt: { type: Schema.Types.Mixed, default: null },
    hook: { type: Schema.Types.Mixed, default: undefined },
    pending: { type: Schema.Types.Mixed, default: [] },
    deferred: { type: Schema.Types.Mixed, default: [] },
    steps: { type: [String], default: [] },
    transcripts: { type: [String], default: undefined },
    members: { type: Schema.Types.Mixed, default: undefined },
    alerts: { type: Schema.Types.Mixed, default: undefined },
    spoken: Number,
    kept: { type: Schema.Types.Mixed, default: undefined },
    closing: { type: Number, default: 0 },
    shown: { type: Schema.Types.Mixed, default: null },
    remade_at: { type: Number, default: 0 },
    parked: { type: Schema.Types.Mixed, default: null },
    called: { type: Boolean, default: false },
    unparked_at: { type: Number, default: 0 },
    problem: { type: String, default: null },
    lagging: Boolean,
    epoch: { type: Number, required: true },
  },
  { collection: 'mirrors', versionKey: false, strict: 'throw', minimize: false },
);
mirrorSchema.index(
  { channel_id: 1 },
  {
    unique: true,
    name: 'mirror_channel',
    partialFilterExpression: { channel_id: { $type: 'string' } },
  },
);
mirrorSchema.index({ state: 1, _id: 1 }, { name: 'mirror_state' });
mirrorSchema.index(
  { lagging: 1, _id: 1 },
  { name: 'mirror_lagging', partialFilterExpression: { lagging: true } },
);

/** A Discord message that stands for (a part of) one of ours, in either direction. */
export interface PostRow {
  /** The Discord message's id. */
  _id: string;
  ticket_id: Types.ObjectId;
  channel_id: string;
  /** Null for what is in no log. */
  message_id: Types.ObjectId | null;
  /** Of a note; that of any other message is the public one. */
  stream?: 'internal';
  /** The entry it was posted for; of a message from Discord, the entry it became. */
  seq: number;
  /** 0, 1, 2 … of a message posted in several parts. */
  part: number;
  direction: 'out' | 'in' | 'ignored';
  /** The webhook that posted it, in the customer's name; none for the bot's own. */
  webhook?: string;
  /** Discord has refused some of it: a notice stands there, or files are left out. */
  partial?: true;
  /** Of a message from Discord: a hash of its raw text and files, by which an edit is told from a preview. */
  hash: string;
  /** Of a message from Discord: when the newest edit taken in was made, milliseconds; 0 for none. */
  edited: number;
  /** Of a message from Discord: which of its attachments became which file of ours. */
  files: { attachment: string; file: string }[];
  /** Of a message from Discord: its attachments that could not be passed on, and were told of. */
  missing?: string[];
  /** Of a message from Discord: the mark it bears. */
  mark?: 'taken' | 'refused' | 'note';
  /** Of a message from Discord: how the text that was taken in is marked; none in a row from before it was written down. */
  marking?: 'note' | 'reply' | 'plain';
  /** Of a message from Discord: a note by where it stands or who wrote it, whatever its text says. */
  among_staff?: boolean;
  /** Of a message from Discord: how often it was taken back, and may have been passed on anew. */
  lives?: number;
  epoch: number;
}

export const postSchema = new Schema<PostRow>(
  {
    _id: { type: String, required: true },
    ticket_id: { type: Schema.Types.ObjectId, required: true },
    channel_id: { type: String, required: true },
    message_id: { type: Schema.Types.ObjectId, default: null },
    stream: String,
    seq: { type: Number, required: true },
    part: { type: Number, required: true },
    direction: { type: String, required: true },
    webhook: String,
    partial: Boolean,
    hash: { type: String, default: '' },
    edited: { type: Number, default: 0 },
    files: { type: Schema.Types.Mixed, default: [] },
    missing: { type: [String], default: undefined },
    mark: String,
    marking: String,
    among_staff: Boolean,
    lives: Number,
    epoch: { type: Number, required: true },
  },
  { collection: 'posts', versionKey: false, strict: 'throw' },
);
postSchema.index(
  { message_id: 1, part: 1 },
  {
    unique: true,
    name: 'post_message',
    partialFilterExpression: { message_id: { $type: 'objectId' } },
  },
);
postSchema.index({ ticket_id: 1, direction: 1, seq: 1 }, { name: 'post_ticket' });

/** Who may do a job that only one process does at a time. */
export interface LeaseRow {
  _id: string;
  holder: string;
  epoch: number;
  /** Milliseconds since 1970, by the database's clock. */
  until: number;
  /** When the lease was taken for the first time ever, milliseconds since 1970. */
  since: number;
}

export const leaseSchema = new Schema<LeaseRow>(
  {
    _id: { type: String, required: true },
    holder: { type: String, required: true },
    epoch: { type: Number, required: true },
    until: { type: Number, required: true },
    since: { type: Number, required: true },
  },
  { collection: 'leases', versionKey: false, strict: 'throw' },
);
