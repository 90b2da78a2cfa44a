import type { ObjectId } from 'mongodb';
import type { AppContext } from '../../context.ts';
import type { ExportQuery } from '../../contract/erasures.ts';
import { sizes } from '../../contract/limits.ts';
import type { ErasureSubject } from '../../models/erasure.ts';
import type { Actor } from '../access/actor.ts';
import { requireRight } from '../access/policy.ts';
import { readBlock } from '../blocks/blocks.ts';
import { listAssignedPackages } from '../customers/assignments.ts';
import { customerView, findCustomer } from '../customers/customers.ts';
import { majority, native } from '../log/collections.ts';
import { publicLog, toTicket } from '../log/entry.ts';
import { headWith } from '../log/heads.ts';
import { readMessagePage } from '../messages/list.ts';
import { messageView, ticketView } from '../views.ts';
import { subjectOf } from './erase-customer.ts';

const asCustomer = { staff: false } as const;

/** One line of an export. */
type Line = { type: string } & Record<string, unknown>;

/** The messages of a ticket that are still there, a page at a time. */
async function* messagesOf(ctx: AppContext, ticketId: string, head: number) {
  for (let after = 0, more = true; more; ) {
    const query = { after, limit: sizes.messagesPage };
    const page = await readMessagePage(ctx, publicLog(ticketId), head, query);
    for (const message of page.messages) {
      if (!message.deleted) yield messageView(ctx, message, asCustomer);
    }
    more = page.more && page.messages.length > 0;
    after = page.messages.at(-1)?.rev ?? head;
  }
}

/** The customer's tickets, the oldest first, one at a time: each as it is when its turn comes. */
async function* ticketsOf(ctx: AppContext, owner: string) {
  for (let last: ObjectId | undefined; ; ) {
    const row = await native(ctx.db.tickets).findOne(
      { owner, ...(last && { _id: { $gt: last } }) } as never,
      { sort: { _id: 1 }, readConcern: majority, hint: 'ticket_owner' },
    );
    if (!row) return;
    last = row._id;
    const head = await ctx.store.readHead(publicLog(row._id.toHexString()));
    yield { ticket: toTicket(row), head: headWith(row, head) };
  }
}

async function* profileOf(ctx: AppContext, { key, customer_id }: ErasureSubject) {
  const who = customer_id ? { id: customer_id.toHexString() } : key !== null && { key };
  const profile = who ? await findCustomer(ctx, who) : undefined;
  if (profile) {
    yield { type: 'profile', profile: customerView(profile) };
    for (const assigned of await listAssignedPackages(ctx, profile._id)) {
      yield { type: 'package', package: assigned };
    }
  }
  const block = key === null ? undefined : await readBlock(ctx, key);
  if (block) {
    const { reason, created_at, expires_at } = block;
    yield { type: 'block', block: { reason, created_at, expires_at } };
  }
}

async function* linesOf(ctx: AppContext, subject: ErasureSubject): AsyncGenerator<Line> {
  yield { type: 'export', at: ctx.clock() };
  yield* profileOf(ctx, subject);
  let tickets = 0;
  let messages = 0;
  if (subject.key !== null) {
    for await (const { ticket, head } of ticketsOf(ctx, subject.key)) {
      tickets++;
      yield { type: 'ticket', ticket: ticketView(ctx, ticket, head, asCustomer) };
      for await (const message of messagesOf(ctx, ticket.id, head.seq)) {
        messages++;
        yield { type: 'message', message };
      }
    }
  }
  // Whoever does not find this line has not got all of it.
  yield { type: 'end', tickets, messages };
}

/**
 * All that is known of a customer, as they see it themselves: profile, packages, block, tickets, messages,
 * and files as signed links. Notes are the staff's own, and not in it. Read page by page while it is sent.
 * @param query whose; without a name the actor's own
 * @throws AppError FORBIDDEN, NOT_FOUND, before the first line
 */
export async function exportData(
  ctx: AppContext,
  actor: Actor,
  query: ExportQuery,
): Promise<AsyncGenerator<Line>> {
  if (query.customer_id === undefined && query.user_id === undefined) {
    requireRight(ctx.config, actor, 'export_own_data', undefined);
    const profile = await findCustomer(ctx, { key: actor.key });
    return linesOf(ctx, { key: actor.key, customer_id: profile?._id ?? null });
  }
  requireRight(ctx.config, actor, 'export_customer', undefined);
  return linesOf(ctx, await subjectOf(ctx, query));
}
