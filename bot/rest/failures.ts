import { backOff } from '../../src/domain/consumers/keyed-queue.ts';
import { LeaseLost } from '../../src/domain/consumers/lease.ts';
import type { Bridge } from '../bridge.ts';
import { OUTAGE } from '../problems.ts';
import {
  ChannelGone,
  describe,
  isForbidden,
  isLongPause,
  isTransient,
  isUnauthorized,
  MirrorProblem,
  retryAfterMs,
  tokenRefused,
} from './discord-errors.ts';

const FIRST_BACKOFF_MS = 250;
const LONGEST_BACKOFF_MS = 60_000;
const LONGEST_REFUSED_BACKOFF_MS = 5 * 60_000;
/** A pause of hours is for one kind of call; the ticket may need another one before it is over. */
const LONGEST_PAUSE_MS = 10 * 60_000;
/** Failures of a ticket after which it is said that nothing comes through, where nothing does. */
const TRIES_UNTIL_TOLD = 4;

/** What keeps a ticket from getting on, for staff to see; undefined where it passes by itself. */
function problemOf(error: unknown): string | undefined {
  if (error instanceof ChannelGone) return undefined;
  if (error instanceof MirrorProblem || isForbidden(error)) return describe(error);
  return isTransient(error) && !isLongPause(error) ? undefined : describe(error);
}

/** Discord itself refuses, by its permissions: what staff see as `failed`. */
function isBarred(error: unknown): boolean {
  return isForbidden(error) || (error instanceof MirrorProblem && isForbidden(error.cause));
}

/** Where nothing at all has got through since this ticket began to fail, that is what is to be told. */
function tellOutage(bridge: Bridge, ticketId: string, reason: string, tries: number): void {
  const firstFailed = tries === 1 ? performance.now() : (bridge.failing.get(ticketId) ?? 0);
  bridge.failing.set(ticketId, firstFailed);
  if (tries < TRIES_UNTIL_TOLD || bridge.lastDelivery > firstFailed) return;
  bridge.problems.raise(OUTAGE, `no ticket gets through to Discord: ${reason}`);
}

/** A ticket is up to date in Discord; of one that had nothing to send, that says nothing of the others. */
export function afterSuccess(bridge: Bridge, ticketId: string): void {
  bridge.problems.settle(ticketId);
  const wasFailing = bridge.failing.delete(ticketId);
  if (!bridge.problems.has(OUTAGE)) return;
  const isOver = [...bridge.failing.values()].every((since) => bridge.lastDelivery > since);
  if (wasFailing || isOver) bridge.problems.clear(OUTAGE);
}

/**
 * Decides how a ticket goes on after a failure.
 * @param way the direction in which it failed
 * @returns the pause in milliseconds, undefined to stop
 */
export function afterFailure(
  bridge: Bridge,
  way: 'in' | 'out',
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
  const isOurs = !isForbidden(error) && !isLongPause(error) && !(error instanceof MirrorProblem);
  if (problem && isOurs) {
    bridge.ctx.reports.report(error, { part: 'discord', ticket: ticketId });
  }
  if (way === 'out') tellOutage(bridge, ticketId, problem ?? describe(error), tries);
  bridge.tickets.markStale(ticketId);
  const ticket = bridge.tickets.known(ticketId);
  if (problem && ticket && ticket.mirror.problem !== problem) {
    const state = isBarred(error) ? 'failed' : ticket.mirror.state;
    bridge.tickets.save(ticket, { problem, state }).catch(() => undefined);
  }
  const most = problem ? LONGEST_REFUSED_BACKOFF_MS : LONGEST_BACKOFF_MS;
  const pause = Math.min(retryAfterMs(error), LONGEST_PAUSE_MS);
  return Math.max(pause, backOff(tries, FIRST_BACKOFF_MS, most));
}
