import type { AppContext } from '../src/context.ts';
import type { Log } from '../src/infra/log.ts';

/** Tickets remembered for one problem; more change nothing about it. */
const MAX_TICKETS = 1000;

interface Problem {
  text: string;
  /** The tickets that met it; it is over when all of them have got through. */
  tickets: Set<string>;
}

/**
 * What an operator has to mend, by key. Each is told once when it begins and once when it is over:
 * to the error webhook, on `/readyz`, in the log, and in Discord as far as that can be written to.
 */
export interface Problems {
  /** @param ticketId the ticket that met it; without one it lasts until it is cleared */
  raise(key: string, text: string, ticketId?: string): void;
  clear(key: string): void;
  /** A ticket has got through: it meets none of these any more, but for those with this prefix. */
  settle(ticketId: string, except?: string): void;
  /** @param reason why the connection to Discord is not there; undefined while it is */
  connection(reason: string | undefined): void;
  has(key: string): boolean;
}

/** @param announce says a line in Discord; `key` is the same for the same problem */
export function createProblems(
  ctx: AppContext,
  log: Log,
  announce: (key: string, text: string) => void,
): Problems {
  const problems = new Map<string, Problem>();
  let away: string | undefined;

  const publish = () => {
    const reasons = [...(away ? [away] : []), ...[...problems.values()].map(({ text }) => text)];
    if (reasons.length === 0) ctx.health.set('discord', 'ok');
    else ctx.health.set('discord', 'degraded', reasons.join('; '));
  };
  const end = (key: string) => {
    const problem = problems.get(key);
    if (!problem) return;
    problems.delete(key);
    log.info({ problem: key }, `mended: ${problem.text}`);
    announce(key, `Mended: ${problem.text}`);
    publish();
  };

  return {
    raise(key, text, ticketId) {
      const known = problems.get(key);
      if (known) {
        if (ticketId && known.tickets.size < MAX_TICKETS) known.tickets.add(ticketId);
        return;
      }
      problems.set(key, { text, tickets: new Set(ticketId ? [ticketId] : []) });
      log.warn({ problem: key }, text);
      ctx.reports.report(new Error(text), { part: 'discord' });
      announce(key, text);
      publish();
    },
    clear: end,
    settle(ticketId, except) {
      for (const [key, { tickets }] of problems) {
        if (except && key.startsWith(except)) continue;
        if (tickets.delete(ticketId) && tickets.size === 0) end(key);
      }
    },
    connection(reason) {
      away = reason;
      publish();
    },
    has: (key) => problems.has(key),
  };
}
