import type { AppContext } from '../../context.ts';
import { isStaffRole } from '../../contract/identity.ts';
import { AppError } from '../../errors.ts';
import { systemActor } from '../access/actor.ts';
import { keysOfPerson } from '../agents/identities.ts';
import {
  type Entry,
  isOfMessage,
  type LogId,
  type Message,
  publicLog,
  type Ticket,
} from '../log/entry.ts';
import { readNewest } from '../log/message-pages.ts';
import { readLastOf } from '../log/reads.ts';
import { announce } from '../messages/announce.ts';
import { cancelWork, scheduleWork, type WorkHandler } from '../schedule.ts';
import { closingFields } from '../tickets/close.ts';
import { changeTicket } from '../tickets/engine.ts';
import { readTicket } from '../tickets/read.ts';
import { isOpen } from '../tickets/workflow.ts';

/** Due work of this kind, one for each ticket that waits for its customer; the key is its id. */
export const IDLE = 'idle';
const HOUR_MS = 3_600_000;
/** Looked at again at least so often: a ticket may be put aside, or get another level, meanwhile. */
const LONGEST_WAIT_MS = HOUR_MS;
/** What a lost race is tried again after. */
const AGAIN_MS = 1000;
/** Messages looked at together for the newest one that somebody wrote. */
const LOOKED_AT = 20;

const usualWarning =
  'We have not heard from you for some time. Is there anything else? Just write here.';
const lastWarning =
  'We have not heard from you for some time. If you still need us, just write here: without a message from you this conversation will be closed in {hours}.';

function spanOf(ms: number): string {
  const hours = Math.max(1, Math.round(ms / HOUR_MS));
  return hours === 1 ? '1 hour' : `${hours} hours`;
}

function warningText(ctx: AppContext, closeMs: number | undefined): string {
  const text = ctx.config.idle.text ?? (closeMs === undefined ? usualWarning : lastWarning);
  return text.replaceAll('{hours}', spanOf(closeMs ?? 0));
}

/** The newest message that is not Deskcord's own; of those there are few. */
async function readLastSaid(
  ctx: AppContext,
  log: LogId,
  head: number,
): Promise<Message | undefined> {
  const range = { log, head, limit: LOOKED_AT };
  for (let before = head + 1; ; ) {
    const { messages, more } = await readNewest(ctx.db, ctx.store.readPage, range, before);
    const last = messages.findLast(({ origin }) => origin !== 'system');
    if (last || !more || !messages[0]) return last;
    before = messages[0].seq;
  }
}

/**
 * Since when a ticket's customer has been silent, milliseconds since 1970: since the last answer of staff,
 * or what the customer did after it, such as reopening the ticket. What Deskcord says itself is no answer.
 * @returns undefined where it is the staff who are waited for
 */
async function silentSince(
  ctx: AppContext,
  ticket: Ticket,
  head: number,
): Promise<number | undefined> {
  const log = publicLog(ticket.id);
  const last = await readLastSaid(ctx, log, head);
  const owner = await keysOfPerson(ctx, ticket.owner);
  if (!last || owner.includes(last.author.key) || !isStaffRole(last.author.role)) return undefined;
  const done = await readLastOf(ctx.db, log, owner, { after: last.seq, upTo: head });
  return Math.max(last.created_at, done?.at ?? 0, ticket.clock.from);
}

/** Closes a ticket unless anything was written to it meanwhile. */
async function closeIdle(ctx: AppContext, { id }: Ticket, head: number, silence: number) {
  const reason = `Closed after ${spanOf(silence)} without an answer`;
  const { status } = await changeTicket(ctx, systemActor, id, {
    action: 'closed',
    to(ticket, at, newest) {
      const isPutAside = (ticket.snoozed_until ?? 0) > at;
      if (newest !== head || isPutAside) return {};
      return closingFields(systemActor, ticket, reason);
    },
  });
  return !isOpen({ status });
}

const after = (due: number, now: number) => ({ again: Math.min(due - now, LONGEST_WAIT_MS) });

async function seeTo(ctx: AppContext, ticketId: string) {
  const { ticket, head } = await readTicket(ctx, systemActor, ticketId);
  const { warnMs, closeMs } = ctx.config.idle.levels[ticket.issue_level] ?? {};
  if (!isOpen(ticket) || warnMs === undefined) return undefined;
  const since = await silentSince(ctx, ticket, head.seq);
  if (since === undefined) return undefined;
  const now = ctx.clock.now();
  const asleep = ticket.snoozed_until ?? 0;
  const once = `idle-warning@${since}`;
  const warned = await ctx.store.findByClientId(publicLog(ticketId), systemActor.key, once);
  if (!warned) {
    const due = Math.max(since + warnMs, asleep);
    if (due > now) return after(due, now);
    const content = warningText(ctx, closeMs);
    const isSaid = await announce(ctx, ticketId, { content, once, head: head.seq });
    return { again: isSaid && closeMs !== undefined ? Math.min(closeMs, AGAIN_MS) : AGAIN_MS };
  }
  if (closeMs === undefined) return undefined;
  const due = Math.max(warned.at + closeMs, asleep);
  if (due > now) return after(due, now);
  const isClosed = await closeIdle(ctx, ticket, head.seq, now - since);
  return isClosed ? undefined : { again: AGAIN_MS };
}

/**
 * Warns customers who say nothing any more, and closes their tickets after that: once each, on the one node
 * that does what is due. All is read anew from the log when it is due, so that nothing said meanwhile is
 * overlooked.
 */
export const idleWork: Readonly<Record<string, WorkHandler>> = {
  [IDLE]: {
    async run(ctx, { key }) {
      try {
        return await seeTo(ctx, key);
      } catch (error) {
        if (error instanceof AppError && error.code === 'NOT_FOUND') return undefined;
        throw error;
      }
    },
  },
};

/** Plans by an entry when a ticket is looked at: what it says is read from the log then. */
export async function planIdle(ctx: AppContext, entry: Entry): Promise<void> {
  const { ticket_id: key, author, owner, type, origin } = entry;
  const warnings = Object.values(ctx.config.idle.levels).flatMap(({ warnMs }) => warnMs ?? []);
  if (origin === 'system' || warnings.length === 0) return;
  if (isOfMessage(entry)) {
    if (author.key === owner && type === 'message') await cancelWork(ctx, IDLE, key);
    else if (type === 'message') {
      await scheduleWork(ctx, { kind: IDLE, key, at: entry.at + Math.min(...warnings) });
    } else await scheduleWork(ctx, { kind: IDLE, key, at: ctx.clock.now() });
  } else await scheduleWork(ctx, { kind: IDLE, key, at: ctx.clock.now() });
}
