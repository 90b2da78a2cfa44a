import type { ObjectId } from 'mongodb';
import { Types } from 'mongoose';
import type { AppContext } from '../../context.ts';
import type { CustomerName, ErasureView } from '../../contract/erasures.ts';
import type { ErasureRow, ErasureSubject } from '../../models/erasure.ts';
import { type Actor, systemActor, userKey } from '../access/actor.ts';
import { requireRight } from '../access/policy.ts';
import { forgetBlock, readBlock } from '../blocks/blocks.ts';
import { findCustomer, readCustomer, removeProfile } from '../customers/customers.ts';
import { native, oid } from '../log/collections.ts';
import { insertWork, type WorkHandler } from '../schedule.ts';
import { inTransaction } from '../transactions.ts';
import { buryTicket, nothing } from './bury.ts';
import { erasureView, sumParts } from './receipts.ts';
import { wipeFiles } from './wipe.ts';
import { WIPE_CUSTOMER } from './work.ts';

const TICKETS_AT_ONCE = 50;
/** How often it is looked whether a customer's tickets are wiped, in milliseconds: at first, and at most. */
const EVERY_MS = { first: 1000, most: 60_000 } as const;

/** Whom a request names: by the profile, or by the user, who needs none. @throws AppError NOT_FOUND */
export async function subjectOf(ctx: AppContext, who: CustomerName): Promise<ErasureSubject> {
  if (who.customer_id !== undefined) {
    const { _id, key } = await readCustomer(ctx, who.customer_id);
    return { key, customer_id: _id };
  }
  const key = userKey('customer', who.user_id as string, who.partner);
  return { key, customer_id: (await findCustomer(ctx, { key }))?._id ?? null };
}

/**
 * Wipes all that is known of a customer: tickets with everything in them, files, profile with its packages,
 * block. What they do from now on is not part of it. The receipt names nobody.
 * @throws AppError FORBIDDEN, NOT_FOUND (no such profile)
 */
export async function eraseCustomer(
  ctx: AppContext,
  actor: Actor,
  who: CustomerName,
): Promise<ErasureView> {
  requireRight(ctx.config, actor, 'erase_customer', undefined);
  const subject = await subjectOf(ctx, who);
  const at = ctx.clock();
  const row: ErasureRow = {
    _id: new Types.ObjectId(),
    kind: 'customer',
    why: 'request',
    part_of: null,
    by: { id: actor.id, name: actor.username },
    at,
    wiped_at: null,
    done_at: null,
    discord: 'none',
    counts: await countBesides(ctx, subject),
    subject,
  };
  const key = row._id.toHexString();
  await inTransaction(ctx, `erase ${key}`, async (session) => {
    await native(ctx.db.erasures).insertOne(row, { session });
    await insertWork(ctx, { kind: WIPE_CUSTOMER, key, at }, session);
  });
  return erasureView(ctx, row);
}

/** Deletes some of the customer's tickets. @returns how many it has looked at, and deleted */
async function deleteTickets(
  ctx: AppContext,
  { _id, at, by }: ErasureRow,
  owner: string,
  signal: AbortSignal,
) {
  const rows = await native(ctx.db.tickets)
    .find({ owner, created_at: { $lte: at } })
    .project<{ _id: ObjectId }>({ _id: 1 })
    .limit(TICKETS_AT_ONCE)
    .toArray();
  const actor: Actor = { ...systemActor, key: `staff||${by.id}`, id: by.id, username: by.name };
  for (const ticket of rows) {
    signal.throwIfAborted();
    await buryTicket(ctx, actor, ticket._id.toHexString(), {
      why: 'request',
      partOf: _id,
      isMeant: () => true,
    });
    ctx.failpoint('after-wipe-step');
  }
  return rows.length;
}

/** What there is of a customer besides tickets. */
async function countBesides(ctx: AppContext, { key, customer_id }: ErasureSubject) {
  const profiles = customer_id ? 1 : 0;
  if (key === null) return { ...nothing, profiles };
  const files = await native(ctx.db.storedFiles).countDocuments({ ticket_id: null, uploader: key });
  return { ...nothing, profiles, files, blocks: (await readBlock(ctx, key)) ? 1 : 0 };
}

/** Wipes that, as far as it is not newer than the request; each step may be repeated. */
async function wipeBesides(
  ctx: AppContext,
  { at }: ErasureRow,
  subject: ErasureSubject,
  signal: AbortSignal,
): Promise<void> {
  const { key, customer_id } = subject;
  if (customer_id) await removeProfile(ctx, customer_id);
  if (key === null) return;
  const files = { ticket_id: null, uploader: key, created_at: { $lte: at } };
  await wipeFiles(ctx, files, { signal });
  await forgetBlock(ctx, key, at);
}

/** What counted for the customer, once there is nothing left that counts. */
async function forgetUsage(ctx: AppContext, key: string): Promise<void> {
  const usage = native(ctx.db.usage);
  await usage.deleteOne({ _id: `user ${key}`, bytes: { $lte: 0 } });
  await usage.deleteOne({ _id: `opener ${key}` });
}

async function wipeCustomer(ctx: AppContext, id: string, waits: number, signal: AbortSignal) {
  const erasures = native(ctx.db.erasures);
  const row = await erasures.findOne({ _id: oid(id) });
  if (!row?.subject || row.done_at !== null) return undefined;
  const { _id, subject } = row;
  if (subject.key !== null) {
    if ((await deleteTickets(ctx, row, subject.key, signal)) > 0) return { again: 0 };
  }
  await wipeBesides(ctx, row, subject, signal);
  const { unwiped, undone } = await sumParts(ctx, _id);
  if (unwiped === 0 && row.wiped_at === null) {
    await erasures.updateOne({ _id }, { $set: { wiped_at: ctx.clock() } });
  }
  if (undone > 0) {
    return { again: Math.min(EVERY_MS.first * 2 ** waits, EVERY_MS.most), data: waits + 1 };
  }
  if (subject.key !== null) await forgetUsage(ctx, subject.key);
  const tickets = await erasures.countDocuments({ part_of: _id });
  await erasures.updateOne(
    { _id },
    { $set: { done_at: ctx.clock(), 'counts.tickets': tickets }, $unset: { subject: '' } },
  );
  return undefined;
}

/** Erases customers, a bounded round at a time. */
export const customerWiping: Readonly<Record<string, WorkHandler>> = {
  [WIPE_CUSTOMER]: {
    maxTries: Number.POSITIVE_INFINITY,
    run: (ctx, { key, data }, signal) =>
      wipeCustomer(ctx, key, typeof data === 'number' ? data : 0, signal),
  },
};
