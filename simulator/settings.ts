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
  /** How long such a day is. */
  dayMs: number;
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
  /** Whether others than its owner may invite the application. */
  publicBot: boolean;
  /** Unknown fields in bodies: Discord ignores them; `true` refuses them, to find slips of the pen. */
  refuseUnknownFields: boolean;
  invalidRequestLimit: number;
  /** Patterns the harmful-link filter knows: 240000 for whatever text holds one, names and topics included. */
  harmfulLinks: string[];
  /** Patterns AutoMod blocks: 200000 for messages, 200001 for titles of threads; those who manage the server pass. */
  autoMod: string[];
  /** Whether AutoMod looks at what bots write. */
  autoModBots: boolean;
  /** Patterns no channel may be named by: 50035 at `name`. */
  refusedNames: string[];
  /** What becomes of an overwrite for a role or member that is not there; Discord does not say. */
  unknownOverwrite: 'refuse' | 'unknown-role' | 'drop' | 'keep';
  /** Changes to the content of messages before they are stored; `with` is '' to strip. */
  alterations: Alteration[];
}

export interface Alteration {
  pattern: string;
  with: string;
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
  dayMs: 86_400_000,
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
  publicBot: false,
  refuseUnknownFields: false,
  invalidRequestLimit: 10_000,
  harmfulLinks: [],
  autoMod: [],
  autoModBots: true,
  refusedNames: [],
  unknownOverwrite: 'refuse',
  alterations: [],
};

const CHOICES: Partial<Record<string, string[]>> = {
  eventOrder: ['before', 'after', 'alternate'],
  unknownOverwrite: ['refuse', 'unknown-role', 'drop', 'keep'],
};
const PATTERNS = ['harmfulLinks', 'autoMod', 'refusedNames'];

/** Takes known settings of the right type out of a body; names the ones it does not know. */
export function readSettings(body: Record<string, unknown>): {
  known: Partial<Settings>;
  unknown: string[];
} {
  const known: Record<string, unknown> = {};
  const unknown: string[] = [];
  for (const [key, value] of Object.entries(body)) {
    const wanted = DISCORD_SETTINGS[key as keyof Settings];
    if (wanted !== undefined && fits(key, wanted, value)) known[key] = value;
    else unknown.push(key);
  }
  return { known, unknown };
}

function fits(key: string, wanted: unknown, value: unknown): boolean {
  if (typeof wanted !== typeof value || Array.isArray(wanted) !== Array.isArray(value))
    return false;
  if (PATTERNS.includes(key)) return (value as unknown[]).every(isPattern);
  if (key === 'alterations') return (value as unknown[]).every(isAlteration);
  return CHOICES[key]?.includes(String(value)) ?? true;
}

function isAlteration(value: unknown): boolean {
  const { pattern, with: instead } = (value ?? {}) as Partial<Alteration>;
  return isPattern(pattern) && typeof instead === 'string';
}

function isPattern(value: unknown): boolean {
  try {
    return typeof value === 'string' && new RegExp(value, 'u') !== undefined;
  } catch {
    return false;
  }
}
