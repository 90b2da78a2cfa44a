import type { DiscordConfig } from '../src/config.ts';
import type { AppContext } from '../src/context.ts';
import { createGrantCheck } from '../src/domain/consumers/grant-check.ts';
import { createKeyedQueue } from '../src/domain/consumers/keyed-queue.ts';
import { bridgeLease, type HeldLease } from '../src/domain/consumers/lease.ts';
import type { Log } from '../src/infra/log.ts';
import type { Bridge, Ending } from './bridge.ts';
import {
  createClient,
  endingOf,
  listenConnection,
  logIn,
  REQUEST_TIMEOUT_MS,
} from './connection.ts';
import { discoverWork } from './discovery.ts';
import { warnOfRoutes } from './doctor.ts';
import { enterGuildMode } from './guilds/guild.ts';
import { watchGuilds } from './guilds/guild-watch.ts';
import { createGuilds } from './guilds/guilds.ts';
import { drainInbound } from './inbound/drain.ts';
import { listenInbound } from './inbound/events.ts';
import { ingestWaiting } from './inbound/queue.ts';
import { enterReplyMode } from './inbound/reply-mode.ts';
import { tryAgain } from './inbound/retry.ts';
import { listenInteractions, stopInteractions } from './interactions.ts';
import { createTickets } from './mirrored-tickets.ts';
import { listenCards } from './outbound/card/card-posts.ts';
import { syncChannel } from './outbound/channel-sync.ts';
import { listenDoubles } from './outbound/places/forum-search.ts';
import { watchForums } from './outbound/places/forum-watch.ts';
import { createRoom } from './outbound/places/room.ts';
import { announceIn } from './posting.ts';
import { createProblems } from './problems.ts';
import { keepRegistering } from './registering.ts';
import { afterFailure } from './rest/failures.ts';
import { type RoundTimes, startRounds } from './rounds.ts';
import { settingsFrom } from './settings.ts';
import { watchSetup } from './setup-check.ts';
import { watchIds } from './stored-ids.ts';

/**
 * Tickets worked on at the same time, in each direction. Discord takes some 300 ms for a post and lets a
 * bot make 50 requests a second, for which 15 have to be under way.
 */
const AT_ONCE = { out: 16, in: 8 } as const;
const CATCH_UP_MS = 60_000;
const FILE_PATIENCE_MS = 2 * 60_000;
const SETTLE_MS = 5000;

export interface SessionOptions extends RoundTimes {
  /** Milliseconds after which a call to Discord without a whole answer is given up. */
  requestTimeoutMs?: number;
  /** Milliseconds between two looks into every channel for what the gateway did not bring. */
  catchUpMs?: number;
  /** Milliseconds for which a message from Discord waits for a file of it that cannot be fetched. */
  filePatienceMs?: number;
  /** Milliseconds for which a webhook's post of unknown outcome is waited for before it is made again. */
  settleMs?: number;
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
  const onError = (way: 'in' | 'out') => (key: string, error: unknown, tries: number) =>
    afterFailure(bridge, way, key, error, tries);
  const problems = createProblems(ctx, log, (key, text) => announceIn(bridge, key, text));
  const tickets = createTickets(ctx, lease.fencingToken, lease.since);
  // What one guild does slowly, or not at all, holds up no ticket of another.
  const groupOf = (id: string) => (bridge.guilds.isSeveral ? (tickets.guildOf(id) ?? '') : '');
  const parts: Omit<Bridge, 'room' | 'guilds'> = {
    ctx,
    log,
    discord,
    settings: settingsFrom(discord),
    ids: undefined,
    lease,
    grant: createGrantCheck(ctx, bridgeLease, lease),
    client,
    rest: client.rest,
    tickets,
    outbound: createKeyedQueue({
      limit: AT_ONCE.out,
      groupOf,
      run: (id) => syncChannel(bridge, id),
      onError: onError('out'),
      onRun: countRuns(ctx, 'outbound'),
    }),
    inbound: createKeyedQueue({
      limit: AT_ONCE.in,
      groupOf,
      run: (id) => ingestWaiting(bridge, id),
      onError: onError('in'),
      onRun: countRuns(ctx, 'inbound'),
    }),
    problems,
    lastDelivery: 0,
    failing: new Map(),
    inboxes: new Map(),
    answering: new Set(),
    fullUntil: new Map(),
    marking: new Map(),
    makingCategory: Promise.resolve(),
    generation: 0,
    readyAt: Number.POSITIVE_INFINITY,
    replyModeSince: Number.POSITIVE_INFINITY,
    settleMs: options.settleMs ?? SETTLE_MS,
    startedAt: performance.now(),
    filePatienceMs: options.filePatienceMs ?? FILE_PATIENCE_MS,
    ended: false,
    drainInbound: (ticket) => drainInbound(bridge, ticket),
    tryAgain: (ticket, messageId) => tryAgain(bridge, ticket, messageId),
    end(ending) {
      if (bridge.ended) return;
      bridge.ended = true;
      end(ending);
    },
  };
  const bridge = parts as Bridge;
  bridge.room = createRoom(bridge, discord.maxTicketsPerPartner);
  bridge.guilds = createGuilds(bridge, problems);
  return bridge;
}

function countRuns(ctx: AppContext, queue: 'inbound' | 'outbound') {
  return (outcome: 'done' | 'failed', keys: number) => {
    ctx.metrics.runs.inc({ queue, outcome });
    ctx.metrics.queued.set({ queue }, keys);
  };
}

/** Logs in, finds what there is to do, and says which commands there are. */
async function begin(
  bridge: Bridge,
  options: SessionOptions,
  over: Promise<Ending>,
): Promise<() => void> {
  bridge.replyModeSince = await enterReplyMode(bridge);
  bridge.guilds.severalSince = await enterGuildMode(bridge);
  listenConnection(bridge);
  listenInbound(bridge, bridge.client);
  listenCards(bridge, bridge.client);
  listenDoubles(bridge, bridge.client);
  listenInteractions(bridge, bridge.client);
  await logIn(bridge, over);
  if (bridge.ended) return () => undefined;
  const { all } = bridge.guilds;
  for (const guild of all) guild.ids = await watchIds(guild);
  bridge.problems.connection(undefined);
  const stops = all.map(watchSetup);
  stops.push(await discoverWork(bridge, options.catchUpMs ?? CATCH_UP_MS));
  stops.push(startRounds(bridge, options));
  watchGuilds(bridge);
  stops.push(watchForums(bridge));
  await warnOfRoutes(bridge);
  for (const guild of all) void keepRegistering(guild);
  return () => {
    for (const guild of all) guild.ids?.close();
    for (const stop of stops) stop();
  };
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
  const log = ctx.log.child({ part: 'discord', epoch: lease.fencingToken });
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
    stopFinding = await begin(bridge, options, over);
  } catch (error) {
    bridge.end(endingOf(error));
  }
  const ending = await over;
  stopFinding();
  await stopInteractions(bridge);
  lease.signal.removeEventListener('abort', onLost);
  stop.removeEventListener('abort', onStop);
  const resting = Promise.all([bridge.outbound.stop(), bridge.inbound.stop()]);
  // What is under way may end in peace, unless another bot works already.
  if (ending.why === 'stopped') await resting;
  await bridge.client.destroy().catch(() => undefined);
  await resting;
  return ending;
}
