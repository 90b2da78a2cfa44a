/** Requests per user in one fixed minute; one row for each line of the contract's table, shared by REST and sockets. */
export const rateLimits = {
  create_ticket: 3,
  list_tickets: 30,
  get_ticket: 30,
  update_ticket: 30,
  close_ticket: 15,
  send_message: 15,
  list_messages: 15,
  change_message: 15,
  /** Reactions set and taken back, on messages and notes together. */
  react: 30,
  send_note: 60,
  list_notes: 60,
  change_note: 60,
  upload: 15,
  /** Counted per file, because a signed link carries no user; never per address, which many people share. */
  download: 60,
  authorize: 30,
  subscribe: 60,
  typing: 60,
  read: 60,
  /** The help desk's verbs and lists. */
  desk: 60,
  /** What ADMIN sets up: categories, priorities, packages, canned replies, customers. */
  setup: 30,
  reports: 30,
  transcript: 10,
  /** All that is known of a customer. */
  export: 5,
  /** Codes that join two identities: those asked for, and in Discord those tried. */
  link: 5,
} as const;

export type RateLimitName = keyof typeof rateLimits;

export const RATE_LIMIT_WINDOW_SECONDS = 60;

/** Sizes in bytes, lengths in Unicode code points, counts in items, times in milliseconds. */
export const sizes = {
  body: 64 * 1024,
  topic: 200,
  description: 4000,
  content: 4000,
  reason: 500,
  clientId: 200,
  assignee: 200,
  /** A tag, a sub-category. */
  label: 40,
  tags: 20,
  contextKeys: 20,
  contextKey: 40,
  contextValue: 500,
  comment: 2000,
  token: 8192,
  file: 10 * 1024 * 1024,
  fileName: 120,
  filesPerMessage: 10,
  /** An emoji, in code points: the longest there is has ten. */
  emoji: 16,
  /** Different emoji on one message, and reactions of all people together. */
  emojiPerMessage: 20,
  reactionsPerMessage: 50,
  /** Messages that may carry the same file. */
  messagesPerFile: 20,
  ticketsPage: 100,
  /** A search: its text, and the words in it. */
  query: 200,
  wordsPerQuery: 10,
  /** Different words of one text that are found; those behind them are not. */
  wordsPerText: 1000,
  /** A longer word is found by as much of its beginning. */
  word: 40,
  messagesPage: 500,
  historyPage: 100,
  cursorsAtAuthorize: 100,
  /** How far ahead a closing may be. */
  closingWithin: 30 * 24 * 3_600_000,
  /** A whole request, the slowest upload included. */
  requestWithin: 120_000,
  authorizeWithin: 10_000,
  /** How long a WebSocket that the server has closed may take to close as well. */
  closeWithin: 5000,
  authExpiringBefore: 60_000,
  signedLinkLife: 60 * 60 * 1000,
  /** How long a browser may keep a file without asking again: it stays that long after its message. */
  fileCacheSeconds: 60,
  /** Transcripts that are being read at once: in a process, and by one person. */
  longAnswersAtOnce: 8,
  longAnswersOfOneAtOnce: 2,
  /** How long a transcript may take to be read. */
  transcriptWithin: 120_000,
  /** The same of an export. */
  exportWithin: 600_000,
  tokenClockSkew: 60_000,
  /** How far ahead a token may end in PRODUCTION: ten years of 366 days. */
  tokenLife: 10 * 366 * 24 * 3_600_000,
} as const;
