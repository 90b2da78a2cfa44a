import type { AppContext } from '../../context.ts';
import type { DeadLetterRow } from '../../models/consumer.ts';
import { native, oid } from '../log/collections.ts';
import { type LogId, logKey } from '../log/entry.ts';

export interface DeadLetter {
  consumer: string;
  log: LogId;
  seq: number;
  reason: string;
  tries: number;
  /** Milliseconds since 1970. */
  at: number;
}

/** Writes down an entry that a consumer gives up, and tells the operators. Safe to repeat. */
export async function buryEntry(
  ctx: AppContext,
  { consumer, log, seq, reason, tries }: Omit<DeadLetter, 'at'>,
  error: unknown,
): Promise<void> {
  const row: Omit<DeadLetterRow, '_id'> = {
    consumer,
    ticket_id: oid(log.ticketId),
    stream: log.stream,
    seq,
    reason,
    tries,
    at: ctx.clock.now(),
  };
  const _id = `${consumer} ${logKey(log)} ${seq}`;
  await native(ctx.db.deadLetters).updateOne({ _id }, { $set: row }, { upsert: true });
  ctx.log.error({ consumer, ticket: log.ticketId, seq, reason }, 'an entry was given up');
  ctx.reports.report(error, { part: consumer, ticket: log.ticketId, seq });
}

/** What a consumer has given up, the newest first. */
export async function listDeadLetters(
  ctx: AppContext,
  consumer: string,
  limit: number,
): Promise<DeadLetter[]> {
  const rows = await native(ctx.db.deadLetters)
    .find({ consumer })
    .sort({ at: -1 })
    .limit(limit)
    .toArray();
  return rows.map(({ ticket_id, stream, seq, reason, tries, at }) => ({
    consumer,
    log: { ticketId: ticket_id.toHexString(), stream },
    seq,
    reason,
    tries,
    at,
  }));
}

/** Takes a dead letter away, once it was dealt with. */
export async function dismissDeadLetter(
  ctx: AppContext,
  { consumer, log, seq }: Pick<DeadLetter, 'consumer' | 'log' | 'seq'>,
): Promise<void> {
  await native(ctx.db.deadLetters).deleteOne({ _id: `${consumer} ${logKey(log)} ${seq}` });
}
