import { DiscordAPIError, HTTPError, RateLimitError } from 'discord.js';
import { LeaseLost } from '../../src/domain/consumers/lease.ts';
import { isMongoError } from '../../src/errors.ts';

/** What keeps one ticket from Discord, in words for staff; nothing of ours is broken. */
export class MirrorProblem extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'MirrorProblem';
  }
}

/** Discord says that a ticket's channel is not there. */
export class ChannelGone extends Error {
  constructor(cause?: unknown) {
    super('the channel is gone', { cause });
    this.name = 'ChannelGone';
  }
}

/** A file that Discord does not give just now; it may in a moment. */
export class AttachmentUnavailable extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'AttachmentUnavailable';
  }
}

/** Whether a post has come to Discord is not known yet, and too fresh to be looked for with certainty. */
export class OutcomeUnsure extends Error {
  readonly waitMs: number;

  constructor(waitMs: number) {
    super('whether Discord has a message is not sure yet');
    this.name = 'OutcomeUnsure';
    this.waitMs = waitMs;
  }
}

/** What Discord's JSON error codes mean to a bridge. */
export const code = {
  unknownChannel: 10003,
  unknownGuild: 10004,
  unknownMessage: 10008,
  archived: 50083,
} as const;

export function hasCode(error: unknown, ...codes: number[]): boolean {
  return error instanceof DiscordAPIError && codes.includes(Number(error.code));
}

export const tokenRefused = 'Discord refuses the token in DISCORD_BOT_TOKEN';

/** The token is refused; discord.js forgets it at the first 401 and then calls nothing any more. */
export function isUnauthorized(error: unknown): boolean {
  if (error instanceof DiscordAPIError || error instanceof HTTPError) {
    // A webhook has a token of its own: what is refused there says nothing of the bot's.
    return error.status === 401 && !/\/webhooks\/\d+\/./.test(error.url);
  }
  return error instanceof Error && error.message.startsWith('Expected token to be set');
}

export function isForbidden(error: unknown): boolean {
  return error instanceof DiscordAPIError && error.status === 403;
}

/** What was asked for is not there, or not for this bot. */
export function isInaccessible(error: unknown): boolean {
  if (!(error instanceof DiscordAPIError)) return false;
  return error.status === 404 || error.status === 403;
}

/** How long Discord wants to be left alone, in milliseconds; 0 where it did not say. */
export function retryAfterMs(error: unknown): number {
  if (error instanceof OutcomeUnsure) return error.waitMs;
  if (!(error instanceof RateLimitError)) return 0;
  return Math.max(error.timeToReset, error.retryAfter, 0);
}

/** A pause beyond it is one of those that Discord announces nowhere: so many channels a day, say. */
const LONG_PAUSE_MS = 60_000;

/** True where Discord wants something left alone for longer than anybody waits without a word. */
export const isLongPause = (error: unknown): boolean => retryAfterMs(error) > LONG_PAUSE_MS;

/** A time that Discord asks for, in words. */
export function lengthOf(ms: number): string {
  const minutes = Math.ceil(ms / 60_000);
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}

/** What keeps Discord from being reached, by what Node calls it; its own words name the address. */
const unreached: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens at Discord's address",
  ENOTFOUND: "Discord's address is not known here",
  EAI_AGAIN: "Discord's address cannot be looked up",
  EHOSTUNREACH: "there is no way to Discord's address",
  ENETUNREACH: "there is no way to Discord's address",
  ETIMEDOUT: 'Discord does not answer',
  UND_ERR_CONNECT_TIMEOUT: 'Discord does not answer',
  UND_ERR_HEADERS_TIMEOUT: 'Discord does not answer',
  UND_ERR_SOCKET: 'the connection to Discord was cut',
  ECONNRESET: 'the connection to Discord was cut',
};

function unreachedBy(error: unknown): string | undefined {
  const { code: own, message, cause } = (error ?? {}) as NodeJS.ErrnoException;
  // `fetch` says no more by itself.
  const below =
    message === 'fetch failed' ? (cause as NodeJS.ErrnoException | undefined) : { code: own };
  return unreached[String(below?.code)];
}

/** An error in words for an operator, without addresses or tokens. */
export function describe(error: unknown): string {
  if (error instanceof DiscordAPIError) return `Discord says ${error.message} (${error.code})`;
  if (error instanceof RateLimitError) {
    const long = isLongPause(error) ? ` of ${lengthOf(retryAfterMs(error))}` : '';
    return `Discord asks for a pause${long}`;
  }
  if (error instanceof HTTPError) return `Discord answers ${error.status}`;
  if (error instanceof LeaseLost || error instanceof MirrorProblem) return error.message;
  if (error instanceof ChannelGone) return error.message;
  const away = unreachedBy(error);
  if (away) return away;
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

/**
 * An error as it may stand in the log: discord.js puts what was sent, and the tokens of interactions,
 * into the errors it throws.
 */
export function loggable(error: unknown): { reason: string; stack?: string | undefined } {
  return { reason: describe(error), stack: error instanceof Error ? error.stack : undefined };
}

/** True for what passes by itself: outages, resets, time-outs, pauses. Anything else is a bug of ours. */
export function isTransient(error: unknown): boolean {
  if (error instanceof DiscordAPIError) return error.status >= 500 || error.status === 429;
  if (error instanceof RateLimitError || error instanceof HTTPError) return true;
  if (error instanceof AttachmentUnavailable || error instanceof OutcomeUnsure) return true;
  if (typeof error !== 'object' || error === null) return false;
  const { code: system, name = '', message, cause } = error as Partial<Error> & { code?: unknown };
  return (
    name === 'AbortError' ||
    name === 'TimeoutError' ||
    isMongoError(error) ||
    system === 'SERVICE_UNAVAILABLE' ||
    /^(E[A-Z]+|UND_ERR_\w+)$/.test(String(system)) ||
    (message === 'fetch failed' && cause !== undefined)
  );
}
