import type { DiscordConfig } from '../src/config.ts';
import type { AppContext } from '../src/context.ts';
import { createKeyedQueue } from '../src/domain/consumers/keyed-queue.ts';
import type { HeldLease } from '../src/domain/consumers/lease.ts';
import type { Log } from '../src/infra/log.ts';
import type { Bridge, Ending } from './bridge.ts';
import { registerCommands } from './commands.ts';
import {
  createClient,
  endingOf,
  listenConnection,
  logIn,
  REQUEST_TIMEOUT_MS,
} from './connection.ts';
import { describe, isUnauthorized } from './discord-errors.ts';
import { discoverWork } from './discovery.ts';
import { afterFailure } from './failures.ts';
import { ingestWaiting, listenInbound } from './inbound/queue.ts';
import { listenInteractions } from './interactions.ts';
import { createTickets } from './mirrored-tickets.ts';
import { syncChannel } from './outbound/channel-sync.ts';

/** Tickets worked on at the same time, in each direction. */
const AT_ONCE = 8;
const CATCH_UP_MS = 60_000;
const FILE_PATIENCE_MS = 2 * 60_000;

export interface SessionOptions {
  /** Milliseconds after which a call to Discord without an answer is given up. */
  requestTimeoutMs?: number;
  /** Milliseconds between two looks into every channel for what the gateway did not bring. */
  catchUpMs?: number;
  /** Milliseconds for which a message from Discord waits for a file of it that cannot be fetched. */
  filePatienceMs?: number;
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
    tickets: createTickets(ctx, lease.fencingToken),
    outbound: createKeyedQueue({
      limit: AT_ONCE,
      run: (id) => syncChannel(bridge, id),
      onError,
      onRun: countRuns(ctx, 'outbound'),
    }),
    inbound: createKeyedQueue({
      limit: AT_ONCE,
      run: (id) => ingestWaiting(bridge, id),
      onError,
      onRun: countRuns(ctx, 'inbound'),
    }),
    events: new Map(),
    fullUntil: new Map(),
    marking: new Map(),
    makingCategory: Promise.resolve(),
    generation: 0,
    readyAt: Number.POSITIVE_INFINITY,
    filePatienceMs: options.filePatienceMs ?? FILE_PATIENCE_MS,
    ended: false,
    end(ending) {
      if (bridge.ended) return;
      bridge.ended = true;
      end(ending);
    },
  };
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
  listenConnection(bridge);
  listenInbound(bridge, bridge.client);
  listenInteractions(bridge, bridge.client);
  await logIn(bridge, over);
  if (bridge.ended) return () => undefined;
  const stop = await discoverWork(bridge, options.catchUpMs ?? CATCH_UP_MS);
  bridge.ctx.health.set('discord', 'ok');
  registerCommands(bridge).catch((error: unknown) => {
    if (isUnauthorized(error)) bridge.end(endingOf(error));
    bridge.log.warn({ reason: describe(error) }, 'the commands were not registered');
  });
  return stop;
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
  lease.signal.removeEventListener('abort', onLost);
  stop.removeEventListener('abort', onStop);
  const resting = Promise.all([bridge.outbound.stop(), bridge.inbound.stop()]);
  // What is under way may end in peace, unless another bot works already.
  if (ending.why === 'stopped') await resting;
  await bridge.client.destroy().catch(() => undefined);
  await resting;
  return ending;
}
