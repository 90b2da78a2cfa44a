import type { AppContext } from '../src/context.ts';
import type { Log } from '../src/infra/log.ts';

/** Tickets remembered for one problem; more change nothing about it. */
const MAX_TICKETS = 1000;

/** The problem's key while no ticket gets through to Discord, of whatever server. */
export const OUTAGE = 'outage';

/** Says a line in Discord; `key` is the same for the same problem. */
type Announce = (key: string, text: string) => void;

interface Problem {
  text: string;
  /** The tickets that met it; it is over when all of them have got through. */
  tickets: Set<string>;
  announce: Announce;
}

/**
 * What an operator has to mend, by key. Each is told once when it begins and once when it is over:
 * to the error webhook, on `/readyz`, in the log, and in Discord as far as that can be written to.
 */
export interface Problems {
  /** @param ticketId the ticket that met it; without one it lasts until it is cleared */
  raise(key: string, text: string, ticketId?: string): void;
  clear(key: string): void;
  /** A ticket has got through: it meets none of these any more. */
  settle(ticketId: string): void;
  /** @param reason why the connection to Discord is not there; undefined while it is */
  connection(reason: string | undefined): void;
  has(key: string): boolean;
}

/** One server of several: its problems are its own, and say of which they are. */
interface Place {
  id: string;
  name(): string;
  announce: Announce;
}

export interface AllProblems extends Problems {
  /** The same problems as one server of several sees them. */
  inGuild(place: Place): Problems;
}

/** @param announce says in Discord what is of no server among several */
export function createProblems(ctx: AppContext, log: Log, announce: Announce): AllProblems {
  const problems = new Map<string, Problem>();
  let away: string | undefined;

  const publish = () => {
    const reasons = [...(away ? [away] : []), ...[...problems.values()].map(({ text }) => text)];
    if (reasons.length === 0) ctx.health.set('discord', 'ok');
    else ctx.health.set('discord', 'degraded', reasons.join('; '));
  };
  const begin = (key: string, text: string, ticketId: string | undefined, tell: Announce) => {
    const known = problems.get(key);
    if (known) {
      if (ticketId && known.tickets.size < MAX_TICKETS) known.tickets.add(ticketId);
      return;
    }
    const tickets = new Set(ticketId ? [ticketId] : []);
    problems.set(key, { text, tickets, announce: tell });
    log.warn({ problem: key }, text);
    ctx.reports.report(new Error(text), { part: 'discord' });
    tell(key, text);
    publish();
  };
  const end = (key: string) => {
    const problem = problems.get(key);
    if (!problem) return;
    problems.delete(key);
    log.info({ problem: key }, `mended: ${problem.text}`);
    problem.announce(key, `Mended: ${problem.text}`);
    publish();
  };

  const all: AllProblems = {
    raise: (key, text, ticketId) => begin(key, text, ticketId, announce),
    clear: end,
    settle(ticketId) {
      for (const [key, { tickets }] of problems) {
        if (tickets.delete(ticketId) && tickets.size === 0) end(key);
      }
    },
    connection(reason) {
      away = reason;
      publish();
    },
    has: (key) => problems.has(key),
    inGuild({ id, name, announce: tell }) {
      const own = (key: string) => (key === OUTAGE ? key : `${id} ${key}`);
      const named = (key: string, text: string) =>
        key === OUTAGE ? text : `server ${name()}: ${text}`;
      return {
        ...all,
        raise: (key, text, ticketId) => begin(own(key), named(key, text), ticketId, tell),
        clear: (key) => end(own(key)),
        has: (key) => problems.has(own(key)),
      };
    },
  };
  return all;
}
