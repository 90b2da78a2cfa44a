import { backOff } from '../src/domain/consumers/keyed-queue.ts';
import { LeaseLost } from '../src/domain/consumers/lease.ts';
import type { Bridge } from './bridge.ts';
import {
  describe,
  isForbidden,
  isTransient,
  isUnauthorized,
  MirrorProblem,
  retryAfterMs,
  tokenRefused,
} from './discord-errors.ts';

const FIRST_BACKOFF_MS = 250;
const LONGEST_BACKOFF_MS = 60_000;
const LONGEST_REFUSED_BACKOFF_MS = 5 * 60_000;

/** What keeps a ticket from getting on, for staff to see; undefined where it passes by itself. */
function problemOf(error: unknown): string | undefined {
  if (error instanceof MirrorProblem || isForbidden(error)) return describe(error);
  return isTransient(error) ? undefined : describe(error);
}

/** Decides how a ticket goes on after a failure; @returns the pause in milliseconds, undefined to stop */
export function afterFailure(
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
  const most = problem ? LONGEST_REFUSED_BACKOFF_MS : LONGEST_BACKOFF_MS;
  return Math.max(retryAfterMs(error), backOff(tries, FIRST_BACKOFF_MS, most));
}
