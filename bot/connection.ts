import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Events, GatewayDispatchEvents, GatewayIntentBits, Partials } from 'discord.js';
import type { DiscordConfig } from '../src/config.ts';
import { LeaseLost } from '../src/domain/consumers/lease.ts';
import type { Bridge, Ending } from './bridge.ts';
import { joinGuild } from './guilds/guild.ts';
import { catchUpAll } from './inbound/queue.ts';
import { makeCache } from './message-cache.ts';
import { inviteUrl } from './permissions.ts';
import { describe, isUnauthorized, loggable, tokenRefused } from './rest/discord-errors.ts';
import { requestWhole } from './rest/whole-answers.ts';

/** A pause of Discord's longer than this is spent outside its client, which would hold up the ticket's slot. */
const LONGEST_WAIT_MS = 3000;
export const REQUEST_TIMEOUT_MS = 15_000;
const LONGEST_LOGIN_MS = REQUEST_TIMEOUT_MS + 1000;
const BREAK_OFF_MS = 1000;
/** How long a start waits for a guild that is out of order: alone it is all there is, of several the others wait. */
const GUILD_WAIT_MS = { alone: 15_000, ofSeveral: 5000 } as const;

const closeCode = { authenticationFailed: 4004, disallowedIntents: 4014 } as const;
const intentsRefused =
  'Discord refuses the intents: switch on "Message Content Intent" for the bot in the Developer Portal';

/** @param timeout milliseconds after which a call without a whole answer is given up */
export function createClient(discord: DiscordConfig, timeout: number): Client {
  return new Client({
    intents: [
      GatewayIntentBits.Guilds,
      GatewayIntentBits.GuildMessages,
      GatewayIntentBits.MessageContent,
      GatewayIntentBits.GuildMessageReactions,
      GatewayIntentBits.GuildMessageTyping,
    ],
    makeCache,
    partials: [Partials.Message, Partials.Channel, Partials.Reaction],
    allowedMentions: { parse: [] },
    waitGuildTimeout: GUILD_WAIT_MS[discord.moreGuildIds.length > 0 ? 'ofSeveral' : 'alone'],
    rest: {
      api: discord.apiUrl,
      cdn: discord.cdnUrl,
      version: '10',
      // Its retries follow each other within milliseconds; ours rest in between.
      retries: 0,
      timeout,
      makeRequest: requestWhole,
      // A limit that no header announces, such as channels a day, stands in `retryAfter` alone.
      rejectOnRateLimit: ({ timeToReset, retryAfter }) =>
        Math.max(timeToReset, retryAfter) > LONGEST_WAIT_MS,
    },
  });
}

/** Why the gateway ended a session for good, by its close code. */
export function reasonOfClose(code: number): string {
  if (code === closeCode.disallowedIntents) return intentsRefused;
  if (code === closeCode.authenticationFailed) return tokenRefused;
  return `the gateway closed with ${code}`;
}

/** Follows the gateway's own state: whenever events may have been missed, the generation grows. */
export function listenConnection(bridge: Bridge): void {
  const { client, ctx } = bridge;
  let sessionAt = 0;
  client.ws.on(GatewayDispatchEvents.Ready, () => {
    bridge.generation++;
    sessionAt = ctx.clock();
    bridge.readyAt = sessionAt;
  });
  client.ws.on(GatewayDispatchEvents.Resumed, () => {
    bridge.readyAt = sessionAt;
  });
  client.on(Events.ShardReady, () => {
    // Before the guild and its ids are known it does not work yet, and why is said elsewhere.
    if (bridge.ids) bridge.problems.connection(undefined);
    catchUpAll(bridge);
  });
  client.on(Events.ShardReconnecting, () => {
    bridge.generation++;
    bridge.readyAt = Number.POSITIVE_INFINITY;
    bridge.tickets.markGapStarts();
    bridge.problems.connection('the connection to Discord is being made again');
  });
  client.on(Events.ShardResume, () => bridge.ids && bridge.problems.connection(undefined));
  client.on(Events.ShardDisconnect, ({ code }) => {
    bridge.end({ why: 'refused', reason: reasonOfClose(code) });
  });
  client.on(Events.ShardError, (error) => {
    bridge.log.warn({ reason: error.message }, 'the gateway reports an error');
  });
  client.on(Events.Error, (error) => {
    ctx.reports.report(error, { part: 'discord' });
    bridge.log.error(loggable(error), 'the Discord client reports an error');
  });
  client.on(Events.GuildDelete, ({ id }) => {
    if (id !== bridge.settings.guildId || bridge.guilds.isSeveral) return;
    bridge.end({ why: 'refused', reason: 'the bot was removed from the guild' });
  });
  client.on(Events.Invalidated, () =>
    bridge.end({ why: 'failed', reason: 'the session is invalid' }),
  );
}

/** Why logging in failed: for good, or for now. */
export function endingOf(error: unknown): Ending {
  const { message, code: system } = error as Error & { code?: unknown };
  if (system === 'TokenInvalid' || isUnauthorized(error) || message === 'Authentication failed') {
    return { why: 'refused', reason: tokenRefused };
  }
  if (message === 'Used disallowed intents') return { why: 'refused', reason: intentsRefused };
  if (error instanceof LeaseLost) return { why: 'lease' };
  return { why: 'failed', reason: describe(error) };
}

/**
 * Waits until a login that is not wanted any more has come so far that it can be broken off: a client
 * destroyed before it knows the gateway's address would connect after all, and stay.
 */
async function settleLogin(client: Client, login: Promise<unknown>): Promise<void> {
  let settled = false;
  const done = () => {
    settled = true;
  };
  void login.then(done, done);
  const until = performance.now() + LONGEST_LOGIN_MS;
  let known = Number.POSITIVE_INFINITY;
  while (!settled && performance.now() < until) {
    if (client.ws.gateway !== null) known = Math.min(known, performance.now());
    if (performance.now() - known > BREAK_OFF_MS) return;
    await sleep(20);
  }
}

/** Logs in and waits until the guild is there, which may be when somebody invites the bot. */
export async function logIn(bridge: Bridge, over: Promise<Ending>): Promise<void> {
  const { client, discord } = bridge;
  const ready = new Promise((resolve) => client.once(Events.ClientReady, resolve));
  const login = client.login(discord.token);
  login.catch(() => undefined);
  await Promise.race([login, over]);
  if (bridge.ended) return settleLogin(client, login);
  await Promise.race([ready, over]);
  if (bridge.ended) return;
  const invite = inviteUrl(client.application?.id ?? '', discord.guildId, discord);
  bridge.log.info({ invite }, 'logged in to Discord; the address invites the bot');
  await joinGuild(bridge, over);
}
