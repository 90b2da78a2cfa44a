/** What a test or an operator may turn. Times are milliseconds. */
export interface Settings {
  /** Multiplies every ordinary rate limit; 0 switches them off. The rename budget is not touched by it. */
  rateLimitFactor: number;
  renamesPerWindow: number;
  renameWindowMs: number;
  channelsPerCategory: number;
  channelsPerGuild: number;
  channelCreatesPerDay: number;
  commandCreatesPerDay: number;
  activeThreads: number;
  nonceWindowMs: number;
  interactionDeadlineMs: number;
  interactionLifetimeMs: number;
  attachmentLifetimeMs: number;
  maxFileBytes: number;
  maxRequestBytes: number;
  /** Bytes kept for all attachments together; the oldest go first. */
  maxStoredBytes: number;
  /** When gateway events leave, seen from the HTTP answer of the call that caused them. */
  eventOrder: 'before' | 'after' | 'alternate';
  /** Holds every event back by this much more. */
  eventDelayMs: number;
  /** MESSAGE_UPDATE names the message and its embeds only, as Discord does for late previews. */
  partialUpdates: boolean;
  /** How long after its message a link preview arrives. */
  unfurlDelayMs: number;
  heartbeatIntervalMs: number;
  sessionLifetimeMs: number;
  sessionBuffer: number;
  /** IDENTIFYs of one bot closer together than this get INVALID_SESSION; 0 lets all through. */
  identifyIntervalMs: number;
  /** Privileged intents the application was granted. */
  privilegedIntents: string[];
  /** Unknown fields in bodies: Discord ignores them; `true` refuses them, to find slips of the pen. */
  refuseUnknownFields: boolean;
  invalidRequestLimit: number;
}

/** Discord's own values. */
export const DISCORD_SETTINGS: Settings = {
  rateLimitFactor: 1,
  renamesPerWindow: 2,
  renameWindowMs: 600_000,
  channelsPerCategory: 50,
  channelsPerGuild: 500,
  channelCreatesPerDay: 500,
  commandCreatesPerDay: 200,
  activeThreads: 1000,
  nonceWindowMs: 300_000,
  interactionDeadlineMs: 3_000,
  interactionLifetimeMs: 900_000,
  attachmentLifetimeMs: 86_400_000,
  maxFileBytes: 10 * 1024 * 1024,
  maxRequestBytes: 25 * 1024 * 1024,
  maxStoredBytes: 256 * 1024 * 1024,
  eventOrder: 'before',
  eventDelayMs: 0,
  partialUpdates: false,
  unfurlDelayMs: 50,
  heartbeatIntervalMs: 41_250,
  sessionLifetimeMs: 300_000,
  sessionBuffer: 1_000,
  identifyIntervalMs: 0,
  privilegedIntents: ['GUILD_MEMBERS', 'MESSAGE_CONTENT'],
  refuseUnknownFields: false,
  invalidRequestLimit: 10_000,
};

/** Takes known settings of the right type out of a body; names the ones it does not know. */
export function readSettings(body: Record<string, unknown>): {
  known: Partial<Settings>;
  unknown: string[];
} {
  const known: Record<string, unknown> = {};
  const unknown: string[] = [];
  for (const [key, value] of Object.entries(body)) {
    const wanted = DISCORD_SETTINGS[key as keyof Settings];
    const fits = typeof wanted === typeof value && Array.isArray(wanted) === Array.isArray(value);
    if (wanted !== undefined && fits) known[key] = value;
    else unknown.push(key);
  }
  return { known, unknown };
}
