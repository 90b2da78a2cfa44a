import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DiscordConfig } from '../src/config.ts';
import type { AppContext } from '../src/context.ts';
import { backOff } from '../src/domain/consumers/keyed-queue.ts';
import {
  bridgeLease,
  defaultLeaseTimes,
  holdLease,
  type LeaseTimes,
} from '../src/domain/consumers/lease.ts';
import type { Ending } from './bridge.ts';
import { loggable } from './rest/discord-errors.ts';
import { runSession, type SessionOptions } from './session.ts';

const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 5 * 60_000;
/** A session that lasted this long was a good one. */
const GOOD_SESSION_MS = 60_000;
const WAITING = 'waiting to be the one bot that works';
/** Requests for the lease in a row: fewer are a hiccup of MongoDB's. */
const FAILURES_UNTIL_TOLD = 3;

export interface BotOptions extends SessionOptions {
  lease?: LeaseTimes;
}

export interface Bot {
  /** Logs out and gives the lease back; what is under way is finished first. */
  stop(): Promise<void>;
}

/**
 * Tells the operators why the bridge does not work.
 * @param told what they were told last, since it last worked for a while: the same again is for the debug log
 * @returns what they know now
 */
function complain(ctx: AppContext, ending: Ending, told: string | undefined): string | undefined {
  if (ending.why !== 'refused' && ending.why !== 'failed') return told;
  const { why, reason } = ending;
  ctx.health.set('discord', 'degraded', reason);
  const level = reason === told ? 'debug' : 'warn';
  ctx.log[level]({ part: 'discord', reason }, 'the bridge to Discord is down, trying again');
  if (why === 'refused') ctx.reports.report(new Error(reason), { part: 'discord' });
  return reason;
}

/** Says so where the lease can lastingly not be asked for: then no bot will ever work. */
function watchLease(ctx: AppContext): (error: Error | undefined) => void {
  let failures = 0;
  return (error) => {
    if (error) failures++;
    else {
      if (failures >= FAILURES_UNTIL_TOLD) ctx.health.set('discord', 'ok', WAITING);
      failures = 0;
    }
    if (!error || failures < FAILURES_UNTIL_TOLD) return;
    const reason = `the lease of the bridge cannot be asked for: ${error.message}`;
    ctx.health.set('discord', 'degraded', reason);
    if (failures > FAILURES_UNTIL_TOLD) return;
    ctx.log.warn({ part: 'discord', reason }, 'no bot can work');
    ctx.reports.report(new Error(reason), { part: 'discord' });
  };
}

/** Is the bridge whenever the lease can be had, until `stop`. */
async function keepBridge(
  ctx: AppContext,
  discord: DiscordConfig,
  options: BotOptions,
  stop: AbortSignal,
): Promise<void> {
  const holder = randomUUID();
  let tries = 0;
  let told: string | undefined;
  while (!stop.aborted) {
    if (tries === 0) ctx.health.set('discord', 'ok', WAITING);
    const onAsked = watchLease(ctx);
    const times = { ...(options.lease ?? defaultLeaseTimes), onAsked };
    const lease = await holdLease(ctx, bridgeLease, holder, times, stop);
    if (!lease) return;
    const startedAt = performance.now();
    const ending = await runSession(ctx, discord, lease, options, stop);
    await lease.release();
    if (ending.why === 'stopped') return;
    const wasGood = performance.now() - startedAt > GOOD_SESSION_MS;
    told = complain(ctx, ending, wasGood ? undefined : told);
    if (ending.why === 'lease') {
      ctx.log.warn({ part: 'discord' }, 'the lease is lost: another bot works now');
      tries = 0;
      continue;
    }
    tries = wasGood ? 1 : tries + 1;
    const pause = backOff(tries, FIRST_RETRY_MS, LONGEST_RETRY_MS);
    await sleep(pause, undefined, { signal: stop }).catch(() => undefined);
  }
}

/**
 * Starts the bridge to Discord. Never throws for Discord being away or refusing the token: it says so
 * on `/readyz`, tells the operators, and keeps trying. Of several bots one works and the others wait.
 */
export async function startBot(ctx: AppContext, options: BotOptions = {}): Promise<Bot> {
  const { discord } = ctx.config;
  if (!discord) {
    ctx.log.warn('DISCORD_BOT_TOKEN is not set: there is no bridge to Discord');
    return { stop: async () => undefined };
  }
  const stopping = new AbortController();
  const running = keepBridge(ctx, discord, options, stopping.signal).catch((error: Error) => {
    ctx.health.set('discord', 'degraded', error.message);
    ctx.reports.report(error, { part: 'discord' });
    ctx.log.error(loggable(error), 'the bridge to Discord has ended');
  });
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
