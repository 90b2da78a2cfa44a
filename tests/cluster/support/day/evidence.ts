/** What was written down of a support day, as plain data: the judge takes it, and a failed test leaves it in a file. */

/** A text somebody sent. Every text of a day is a word that no other has. */
export interface Sent {
  word: string;
  by: string;
  /** `discord`, `thread`: written in the channel or its thread for notes, and taken in whenever the bot comes to it. */
  door: 'web' | 'command' | 'discord' | 'thread';
  isNote: boolean;
  /** `unknown`: no answer, a 503, or what Discord lost with a channel. */
  outcome: 'accepted' | 'refused' | 'unknown';
  /** It took the place of another text. */
  isEdit?: true;
}

/** Who has reacted to a message, and from where. */
export interface Reactor {
  emoji: string;
  by: string;
  origin: string;
}

/** One entry of a ticket's logs, as MongoDB has it. */
export interface LogEntry {
  stream: 'public' | 'internal';
  seq: number;
  type: 'message' | 'edit' | 'delete' | 'react' | 'ticket_change';
  /** Of the message it makes or changes. */
  id?: string;
  word: string;
  files: string[];
  /** `emoji×count`, after the entry. */
  reactions: string[];
  /** The same one by one. */
  reactors: Reactor[];
  origin: string;
  author: string;
  client_id: string;
  at: number;
  /** Of a change of the ticket: what was done. */
  action?: string;
}

/** A message as some reader has it. */
export interface Line {
  id: string;
  word: string;
  files: string[];
  reactions: string[];
}

/** What the customer's socket brought; `line` is null for a deletion, undefined for a change of the ticket. */
export interface Heard {
  rev: number;
  id?: string;
  line?: Line | null;
  /** It came by `sync`, in which one row may stand for several entries. */
  synced?: true;
}

/** A post of a ticket's channel as the gateway told staff of it, and how it stood in the end. */
export interface Post {
  id: string;
  /** The words in it; more than one only where the bot sums up what was before. */
  words: string[];
  isBots: boolean;
  isSummary: boolean;
  files: string[];
  deleted: boolean;
  /** Emojis the bot has set. */
  marks: string[];
  /** Written in a thread of the channel. */
  inThread?: true;
}

/** A reaction that one of the staff has set in Discord, or taken back there. */
export interface Reacted {
  postId: string;
  emoji: string;
  by: string;
  /** Milliseconds since 1970. */
  at: number;
  set: boolean;
}

export interface Channel {
  id: string;
  /** By its snowflake, in milliseconds since 1970. */
  createdAt: number;
  /** Who it was deleted by; undefined while it stands. */
  goneBy?: 'bot' | 'people';
  /** In the order in which they appeared. */
  posts: Post[];
}

/** What stands in a transcript, in order. */
export interface Page {
  words: string[];
  /** Those that are shown as deleted. */
  gone: string[];
}

export interface TicketEvidence {
  number: number;
  ended: boolean;
  sent: Sent[];
  log: LogEntry[];
  heard: Heard[];
  /** Findings of the customer's client itself: an event that skipped one. */
  slips: string[];
  final: Line[];
  channels: Channel[];
  /** In the order in which it was done. */
  reacted: Reacted[];
  /** The tickets that its customer's list has, by number. */
  listed: number[];
  /** It was parked to make room: its channel is gone on purpose; whether staff were told that it is. */
  parked?: { told: boolean };
  customerPage?: Page;
  staffPage?: Page;
}

/** One use of a command, a button, a menu or a form. */
export interface Use {
  what: string;
  /** By the simulator's clock, milliseconds since 1970. */
  at: number;
  /** `failed`: Discord has given it up, three seconds later. */
  state: string;
}

/** Why nobody could have answered who was there: the machine did not get to it. */
export const STANDSTILL = 'the machine stands still';

/** A time in which no bot could have answered. */
export interface Gap {
  from: number;
  until: number;
  why: string;
}

export interface DayEvidence {
  tickets: TicketEvidence[];
  uses: Use[];
  gaps: Gap[];
  /** When nothing was wrong any more, in milliseconds since 1970. */
  calmFrom: number;
  /** The numbers of the tickets in which staff have practised. */
  practice: number[];
  /** How many tickets the report of these days has. */
  reported: number;
}
