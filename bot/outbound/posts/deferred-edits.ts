import {
  type Entry,
  isOfMessage,
  messageIdOf,
  type Stream,
} from '../../../src/domain/log/entry.ts';
import { readEntries } from '../../../src/domain/log/reads.ts';
import type { Mirror } from '../../../src/domain/mirror/mirrors.ts';
import type { Bridge } from '../../bridge.ts';
import type { MirroredTicket } from '../../mirrored-tickets.ts';
import { commit } from '../commits.ts';
import { mirrorEntry } from '../entries.ts';
import { scheduleIn } from '../side-steps.ts';
import { Deferred } from './message-edits.ts';

/** Edits of one ticket that are put off at the same time; with more, its messages wait as well. */
const MAX_DEFERRED = 50;

type DeferredEdit = Mirror['deferred'][number];

function others({ mirror }: MirroredTicket, messageId: string): DeferredEdit[] {
  return mirror.deferred.filter(({ message_id }) => message_id !== messageId);
}

/**
 * Shows an entry as `mirrorEntry` does, but an edit or a deletion that Discord's limits hold up is
 * put off, so that newer messages need not wait for it: the log tells the order.
 * @returns what `mirrorEntry` does, and what is put off from now on; undefined where nothing about that has changed
 */
export async function mirrorOrDefer(
  bridge: Bridge,
  ticket: MirroredTicket,
  entry: Entry,
): Promise<{ shown: boolean; isPartial?: boolean; deferred?: DeferredEdit[] }> {
  // It says nothing of the text: what was put off stays so.
  if (entry.type === 'react') return mirrorEntry(bridge, ticket, entry, true);
  const messageId = isOfMessage(entry) ? messageIdOf(entry) : entry.id;
  const rest = others(ticket, messageId);
  // A later edit says all that the earlier one said.
  const change = rest.length < ticket.mirror.deferred.length ? { deferred: rest } : {};
  try {
    return { ...(await mirrorEntry(bridge, ticket, entry, true)), ...change };
  } catch (error) {
    if (!(error instanceof Deferred) || rest.length >= MAX_DEFERRED) throw error;
    const until = bridge.ctx.clock() + error.waitMs;
    scheduleIn(bridge, ticket.id, error.waitMs);
    const { stream, seq } = entry;
    const of = stream === 'internal' ? { stream } : {};
    return { shown: true, deferred: [...rest, { message_id: messageId, ...of, seq, until }] };
  }
}

async function entryAt({ ctx }: Bridge, ticketId: string, stream: Stream, seq: number) {
  const range = { after: seq - 1, upTo: seq, limit: 1 };
  const [entry] = await readEntries(ctx.db, { ticketId, stream }, range);
  return entry;
}

/** Shows the edits and deletions that were put off, as far as their time has come. */
export async function showDeferred(bridge: Bridge, ticket: MirroredTicket): Promise<void> {
  for (const put of [...ticket.mirror.deferred]) {
    const { message_id, stream = 'public', seq, until } = put;
    const left = until - bridge.ctx.clock();
    if (left > 0) {
      scheduleIn(bridge, ticket.id, left);
      continue;
    }
    const entry = await entryAt(bridge, ticket.id, stream, seq);
    try {
      if (entry) await mirrorEntry(bridge, ticket, entry, false);
      await commit(bridge, ticket, stream, { deferred: others(ticket, message_id) });
    } catch (error) {
      if (!(error instanceof Deferred)) throw error;
      const again = bridge.ctx.clock() + error.waitMs;
      const deferred = [...others(ticket, message_id), { ...put, until: again }];
      await bridge.tickets.save(ticket, { deferred });
      scheduleIn(bridge, ticket.id, error.waitMs);
    }
  }
}
