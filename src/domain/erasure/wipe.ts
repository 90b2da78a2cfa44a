import type { AppContext } from '../../context.ts';
import type { StoredFileRow } from '../../models/file.ts';
import { IDLE } from '../automation/idle.ts';
import { removeFile } from '../files/collect.ts';
import { ticketUsage } from '../files/quota.ts';
import { entryRows, native, oid } from '../log/collections.ts';
import { DELETED, WIPED } from '../log/deletion.ts';
import { markDeleted } from '../mirror/deleted.ts';
import type { WorkHandler } from '../schedule.ts';
import { removeTicketFromSearch } from '../search/postings.ts';
import { CLOSING } from '../tickets/due-closing.ts';
import { LAST_LOOK_MS, WIPE_TICKET } from './work.ts';

const ENTRIES_AT_ONCE = 1000;
const FILES_AT_ONCE = 100;
/** How often it is asked whether Discord has nothing of it any more, where the bridge does not say so. */
const DISCORD_EVERY_MS = { first: 10 * 60_000, most: 6 * 3_600_000 } as const;

/** Kinds of due work that are kept by a ticket's id. */
const kindsOfTicket = [CLOSING, IDLE, 'sla'];

const nobody = { key: '', id: '', name: '', role: 'CUSTOMER' } as const;

/** An entry without all that it said. Whose it was stays for a moment: by that sockets are found. */
const wiped = [
  {
    $replaceWith: {
      _id: '$_id',
      ticket_id: '$ticket_id',
      stream: '$stream',
      seq: '$seq',
      stored: '$stored',
      at: '$at',
      owner: '$owner',
      type: 'ticket_change',
      action: WIPED,
      author: nobody,
      client_id: { $toString: '$_id' },
      origin: '$origin',
      changes: { $literal: {} },
    },
  },
];

type Handled = { signal: AbortSignal };

/** Leaves of each entry its place and its time, a stretch of the log after the other. */
async function wipeEntries(ctx: AppContext, ticketId: string, { signal }: Handled) {
  for (const stream of ['public', 'internal'] as const) {
    const place = { ticket_id: oid(ticketId), stream };
    for (let after = 0; ; after += ENTRIES_AT_ONCE) {
      signal.throwIfAborted();
      const seq = { $gt: after, $lte: after + ENTRIES_AT_ONCE };
      const filter = { ...place, seq, action: { $nin: [DELETED, WIPED] } };
      await entryRows(ctx.db).updateMany(filter, wiped, { hint: 'entry_seq' });
      ctx.failpoint('after-wipe-step');
      const further = { ...place, seq: { $gt: after + ENTRIES_AT_ONCE } };
      if (!(await entryRows(ctx.db).findOne(further, { projection: { _id: 1 } }))) break;
    }
  }
}

/** Removes the files that a filter finds, bytes first. */
export async function wipeFiles(
  ctx: AppContext,
  filter: {
    ticket_id: StoredFileRow['ticket_id'];
    uploader?: string;
    created_at?: { $lte: number };
  },
  { signal }: Handled,
): Promise<void> {
  for (;;) {
    const rows = await native(ctx.db.storedFiles).find(filter).limit(FILES_AT_ONCE).toArray();
    if (rows.length === 0) return;
    for (const row of rows) {
      signal.throwIfAborted();
      await removeFile(ctx, row);
    }
  }
}

/** What is derived from the ticket, or waits for it. */
async function wipeRest(ctx: AppContext, ticketId: string): Promise<void> {
  await removeTicketFromSearch(ctx, ticketId);
  const due = kindsOfTicket.map((kind) => `${kind} ${ticketId}`);
  await native(ctx.db.due).deleteMany({ _id: { $in: due } });
  await native(ctx.db.deadLetters).deleteMany({ ticket_id: oid(ticketId) });
  await native(ctx.db.usage).deleteMany({ _id: { $in: ticketUsage(ticketId) } });
}

/** What only the moment of the deletion needed: whose the ticket was. */
async function forgetOwner(ctx: AppContext, ticketId: string): Promise<void> {
  const filter = { ticket_id: oid(ticketId), owner: { $ne: '' } };
  await entryRows(ctx.db).updateMany(filter, { $set: { owner: '' } }, { hint: 'entry_seq' });
}

/** One pass over all that there may be of a ticket here; each step may be repeated. */
async function pass(ctx: AppContext, ticketId: string, handled: Handled): Promise<void> {
  ctx.failpoint('before-wipe-step');
  await wipeEntries(ctx, ticketId, handled);
  ctx.failpoint('before-wipe-step');
  await wipeFiles(ctx, { ticket_id: oid(ticketId) }, handled);
  ctx.failpoint('before-wipe-step');
  await wipeRest(ctx, ticketId);
}

/** What the bridge has written of a ticket that it has nothing to do with any more. */
async function forgetMirror(ctx: AppContext, ticketId: string): Promise<void> {
  await native(ctx.db.posts).deleteMany({ ticket_id: oid(ticketId) });
  await native(ctx.db.mirrors).deleteOne({ _id: oid(ticketId) });
}

/** Nothing is left to do but to wait, longer and longer: when Discord has nothing, the bridge schedules it anew. */
async function waitForDiscord(ctx: AppContext, ticketId: string, waits: number) {
  await markDeleted(ctx, ticketId);
  const { first, most } = DISCORD_EVERY_MS;
  return { again: Math.min(first * 2 ** waits, most), data: waits + 1 };
}

/** @param waits how often it has waited for Discord since its last look, after which there is nothing to wipe */
async function wipeTicket(ctx: AppContext, ticketId: string, waits: number, handled: Handled) {
  const erasures = native(ctx.db.erasures);
  const _id = oid(ticketId);
  const receipt = await erasures.findOne({ _id });
  if (!receipt || receipt.done_at !== null) return undefined;
  if (waits > 0 && receipt.discord === 'waiting') return waitForDiscord(ctx, ticketId, waits);
  await pass(ctx, ticketId, handled);
  const now = ctx.clock();
  const { wiped_at } = receipt;
  if (wiped_at === null) await erasures.updateOne({ _id }, { $set: { wiped_at: now } });
  const lastLook = (wiped_at ?? now) + LAST_LOOK_MS;
  if (now < lastLook) return { again: lastLook - now };
  await forgetOwner(ctx, ticketId);
  const { discord } = (await erasures.findOne({ _id })) ?? receipt;
  if (discord === 'waiting') return waitForDiscord(ctx, ticketId, 0);
  await forgetMirror(ctx, ticketId);
  await erasures.updateOne({ _id }, { $set: { done_at: now } });
  return undefined;
}

/** Wipes deleted tickets. What is done may be done again, so a worker that is killed is followed by another. */
export const ticketWiping: Readonly<Record<string, WorkHandler>> = {
  [WIPE_TICKET]: {
    maxTries: Number.POSITIVE_INFINITY,
    run: (ctx, { key, data }, signal) =>
      wipeTicket(ctx, key, typeof data === 'number' ? data : 0, { signal }),
  },
};
