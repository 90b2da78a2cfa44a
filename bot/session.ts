import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Events, GatewayDispatchEvents, GatewayIntentBits, Partials } from 'discord.js';
import type { DiscordConfig } from '../src/config.ts';
import type { AppContext } from '../src/context.ts';
import { type HeldLease, LeaseLost } from '../src/domain/lease.ts';
import { listOpenedSince, listUnfinished } from '../src/domain/mirror/mirrors.ts';
import type { Log } from '../src/infra/log.ts';
import type { Bridge, Ending } from './bridge.ts';
import { registerCommands } from './commands.ts';
import {
  describe,
  isForbidden,
  isPassing,
  isUnauthorized,
  MirrorProblem,
  waitOf,
} from './discord-errors.ts';
import { catchUpAll, keepLooking, listenInbound, takeIn } from './inbound.ts';
import { listenInteractions } from './interactions.ts';
import { bringUp } from './outbound.ts';
import { inviteUrl } from './permissions.ts';
import { createTickets } from './tickets.ts';
import { listenTyping } from './typing.ts';
import { backOff, createWork } from './work.ts';

/** Tickets worked on at the same time, in each direction. */
const AT_ONCE = 8;
/** A pause of Discord's longer than this is spent outside its client, which would hold up the ticket's slot. */
const LONGEST_WAIT_MS = 3000;
const FIRST_REST_MS = 250;
const LONGEST_REST_MS = 60_000;
const LONGEST_REFUSED_MS = 5 * 60_000;
const CATCH_UP_MS = 60_000;
const REQUEST_TIMEOUT_MS = 15_000;
const LONGEST_LOGIN_MS = REQUEST_TIMEOUT_MS + 1000;
const BREAK_OFF_MS = 1000;

export interface SessionOptions {
  /** Milliseconds after which a call to Discord without an answer is given up. */
  requestTimeoutMs?: number;
  /** Milliseconds between two looks into every channel for what the gateway did not bring. */
  catchUpMs?: number;
}

const DISALLOWED_INTENTS = 4014;
const intentsRefused =
  'Discord refuses the intents: switch on "Message Content Intent" for the bot in the Developer Portal';
const tokenRefused = 'Discord refuses the token in DISCORD_BOT_TOKEN';

function createClient(discord: DiscordConfig, timeout: number): Client {
  return new Client({
    intents: [
      GatewayIntentBits.Guilds,
      GatewayIntentBits.GuildMessages,
      GatewayIntentBits.MessageContent,
      GatewayIntentBits.GuildMessageReactions,
      GatewayIntentBits.GuildMessageTyping,
    ],
    partials: [Partials.Message, Partials.Channel, Partials.Reaction],
    allowedMentions: { parse: [] },
    rest: {
      api: discord.apiUrl,
      cdn: discord.cdnUrl,
      version: '10',
      // Its retries follow each other within milliseconds; ours rest in between.
      retries: 0,
      timeout,
      rejectOnRateLimit: ({ timeToReset }) => timeToReset > LONGEST_WAIT_MS,
    },
  });
}

/** What keeps a ticket from getting on, for staff to see; undefined where it passes by itself. */
function problemOf(error: unknown): string | undefined {
  if (error instanceof MirrorProblem || isForbidden(error)) return describe(error);
  return isPassing(error) ? undefined : describe(error);
}

/** Decides how a ticket goes on after a failure; @returns the pause in milliseconds, undefined to stop */
function afterFailure(
  bridge: Bridge,
  ticketId: string,
  error: unknown,
  tries: number,
): number | undefined {
  if (bridge.ended) return undefined;
  if (error instanceof LeaseLost) {
    bridge.end({ why: 'lease' });
    return undefined;
  }
  if (isUnauthorized(error)) {
    bridge.end({ why: 'refused', reason: tokenRefused });
    return undefined;
  }
  const problem = problemOf(error);
  bridge.log.warn({ ticket: ticketId, reason: describe(error), tries }, 'a ticket waits');
  if (problem && !isForbidden(error) && !(error instanceof MirrorProblem)) {
    bridge.ctx.reports.report(error, { part: 'discord', ticket: ticketId });
  }
  const ticket = bridge.tickets.known(ticketId);
  if (problem && ticket && ticket.mirror.problem !== problem) {
    const state = isForbidden(error) ? 'failed' : ticket.mirror.state;
    bridge.tickets.save(ticket, { problem, state }).catch(() => undefined);
  }
  const most = problem ? LONGEST_REFUSED_MS : LONGEST_REST_MS;
  return Math.max(waitOf(error), backOff(tries, FIRST_REST_MS, most));
}

function createBridge(
  ctx: AppContext,
  log: Log,
  discord: DiscordConfig,
  lease: HeldLease,
  options: SessionOptions,
  end: (ending: Ending) => void,
): Bridge {
  const client = createClient(discord, options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS);
  const onError = (key: string, error: unknown, tries: number) =>
    afterFailure(bridge, key, error, tries);
  const bridge: Bridge = {
    ctx,
    log,
    discord,
    lease,
    client,
    rest: client.rest,
    tickets: createTickets(ctx, lease.epoch),
    outbound: createWork({ limit: AT_ONCE, run: (id) => bringUp(bridge, id), onError }),
    inbound: createWork({ limit: AT_ONCE, run: (id) => takeIn(bridge, id), onError }),
    events: new Map(),
    fullUntil: new Map(),
    marking: new Map(),
    makingCategory: Promise.resolve(),
    generation: 0,
    readyAt: Number.POSITIVE_INFINITY,
    ended: false,
    end(ending) {
      if (bridge.ended) return;
      bridge.ended = true;
      end(ending);
    },
  };
  return bridge;
}

/** Follows the gateway's own state: whenever events may have been missed, the generation grows. */
function listenConnection(bridge: Bridge): void {
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
    ctx.health.set('discord', 'ok');
    catchUpAll(bridge);
  });
  client.on(Events.ShardReconnecting, () => {
    bridge.generation++;
    bridge.readyAt = Number.POSITIVE_INFINITY;
    bridge.tickets.markEdges();
    ctx.health.set('discord', 'degraded', 'the connection to Discord is being made again');
  });
  client.on(Events.ShardResume, () => ctx.health.set('discord', 'ok'));
  client.on(Events.ShardDisconnect, ({ code }) => {
    const reason = code === DISALLOWED_INTENTS ? intentsRefused : `the gateway closed with ${code}`;
    bridge.end({ why: 'refused', reason: code === 4004 ? tokenRefused : reason });
  });
  client.on(Events.ShardError, (error) => {
    bridge.log.warn({ reason: error.message }, 'the gateway reports an error');
  });
  client.on(Events.Error, (error) => {
    ctx.reports.report(error, { part: 'discord' });
    bridge.log.error({ err: error }, 'the Discord client reports an error');
  });
  client.on(Events.GuildDelete, ({ id }) => {
    if (id !== bridge.discord.guildId) return;
    bridge.end({ why: 'refused', reason: 'the bot was removed from the guild' });
  });
  client.on(Events.Invalidated, () =>
    bridge.end({ why: 'failed', reason: 'the session is invalid' }),
  );
}

/** Brings every ticket that is not done to the bridge's notice, now and from now on. */
async function findWork(bridge: Bridge, options: SessionOptions): Promise<() => void> {
  const { ctx, tickets, outbound } = bridge;
  const stops = [listenTyping(bridge)];
  stops.push(
    ctx.bus.subscribe((event) => {
      if (event.kind === 'entry') outbound.wake(event.entry.ticket_id, 'first');
      else if (event.kind === 'ticket_created') outbound.wake(event.ticket.id, 'first');
    }),
  );
  const lookForOpened = async () => {
    for (const id of await listOpenedSince(ctx, ctx.sweep.settledBefore())) {
      if (!tickets.hasMet(id)) outbound.wake(id);
    }
  };
  stops.push(
    ctx.sweep.onHeads((heads) => {
      for (const { ticket_id, seq } of heads) {
        if (!tickets.isPast(ticket_id, seq)) outbound.wake(ticket_id);
      }
      lookForOpened().catch((error) => bridge.log.debug({ reason: describe(error) }, 'not now'));
    }),
  );
  stops.push(keepLooking(bridge, options.catchUpMs ?? CATCH_UP_MS));
  const stop = () => {
    for (const end of stops) end();
  };
  try {
    await tickets.loadChannels();
    catchUpAll(bridge);
    for await (const id of listUnfinished(ctx, bridge.lease.since)) outbound.wake(id);
  } catch (error) {
    stop();
    throw error;
  }
  return stop;
}

/** Why logging in failed: for good, or for now. */
function endingOf(error: unknown): Ending {
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

/** Logs in and waits until the guild is there. */
async function logIn(bridge: Bridge, over: Promise<Ending>): Promise<void> {
  const { client, discord } = bridge;
  const ready = new Promise((resolve) => client.once(Events.ClientReady, resolve));
  const login = client.login(discord.token);
  login.catch(() => undefined);
  await Promise.race([login, over]);
  if (bridge.ended) return settleLogin(client, login);
  await Promise.race([ready, over]);
  if (bridge.ended) return;
  const invite = inviteUrl(client.application?.id ?? '', discord.guildId);
  bridge.log.info({ invite }, 'logged in to Discord; the address invites the bot');
  if (!client.guilds.cache.has(discord.guildId)) {
    throw new MirrorProblem(
      `the bot is not in the guild ${discord.guildId}: invite it by ${invite}`,
    );
  }
}

/**
 * One stretch of being the bridge, until the lease or the connection is lost for good or `stop` says
 * so. Never throws.
 */
export async function runSession(
  ctx: AppContext,
  discord: DiscordConfig,
  lease: HeldLease,
  options: SessionOptions,
  stop: AbortSignal,
): Promise<Ending> {
  const log = ctx.log.child({ part: 'discord', epoch: lease.epoch });
  let end: (ending: Ending) => void = () => undefined;
  const over = new Promise<Ending>((resolve) => {
    end = resolve;
  });
  const bridge = createBridge(ctx, log, discord, lease, options, end);
  const onLost = () => bridge.end({ why: 'lease' });
  const onStop = () => bridge.end({ why: 'stopped' });
  lease.signal.addEventListener('abort', onLost);
  stop.addEventListener('abort', onStop);
  if (stop.aborted) onStop();
  let stopFinding: () => void = () => undefined;
  try {
    listenConnection(bridge);
    listenInbound(bridge, bridge.client);
    listenInteractions(bridge, bridge.client);
    await logIn(bridge, over);
    if (!bridge.ended) stopFinding = await findWork(bridge, options);
    if (!bridge.ended) {
      ctx.health.set('discord', 'ok');
      await registerCommands(bridge).catch((error: unknown) => {
        if (isUnauthorized(error)) throw error;
        log.warn({ reason: describe(error) }, 'the commands were not registered');
      });
    }
  } catch (error) {
    bridge.end(endingOf(error));
  }
  const ending = await over;
  stopFinding();
  lease.signal.removeEventListener('abort', onLost);
  stop.removeEventListener('abort', onStop);
  const resting = Promise.all([bridge.outbound.stop(), bridge.inbound.stop()]);
  // What is under way may end in peace, unless another bot works already.
  if (ending.why === 'stopped') await resting;
  await bridge.client.destroy().catch(() => undefined);
  await resting;
  return ending;
}
