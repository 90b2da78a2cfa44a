import type { AppContext } from '../../context.ts';
import { isStaffRole } from '../../contract/identity.ts';
import { AppError } from '../../errors.ts';
import type { TicketRow } from '../../models/ticket.ts';
import { giveToTicket } from '../files/attach.ts';
import { native } from '../log/collections.ts';
import { inTransaction } from '../transactions.ts';
import { openStatuses } from './workflow.ts';

/** A customer has as many open tickets as one may have. */
export class TooManyOpenTickets extends AppError {
  constructor(most: number) {
    const message = `you have ${most} open tickets already: one must be closed first`;
    super('CONFLICT', message, {
      errors: [{ location: 'status', message, type: 'too_many_open', in: 'body' }],
    });
  }
}

/** True where a customer has as many open tickets as one may have. */
export async function hasMostOpen(ctx: AppContext, owner: string): Promise<boolean> {
  const most = ctx.config.maxOpenTicketsPerUser;
  const filter = { owner, status: { $in: openStatuses } };
  return (await native(ctx.db.tickets).countDocuments(filter, { limit: most })) >= most;
}

/**
 * Inserts a new ticket unless its customer has too many open ones. Counted in the transaction that
 * inserts it, behind a row that all new tickets of the customer write: two at once, on whichever nodes,
 * come one after the other. Staff have no cap. The files it is opened with become its own.
 * @param uploader the key of who brought them
 * @throws TooManyOpenTickets, AppError as `giveToTicket`, or what MongoDB refuses the row with; nothing is written then
 */
export async function insertOpenTicket(
  ctx: AppContext,
  row: TicketRow,
  uploader: string,
): Promise<void> {
  const most = ctx.config.maxOpenTicketsPerUser;
  const tickets = native(ctx.db.tickets);
  const isStaffs = isStaffRole(row.user_role);
  if (isStaffs && row.files.length === 0) return void (await tickets.insertOne(row));
  const opener = `opener ${row.owner}`;
  await inTransaction(ctx, opener, async (session) => {
    await native(ctx.db.usage).updateOne(
      { _id: opener },
      { $inc: { turn: 1 }, $setOnInsert: { bytes: 0 } },
      { upsert: true, session },
    );
    if (!isStaffs) {
      const open = await tickets.countDocuments(
        { owner: row.owner, status: { $in: openStatuses } },
        { limit: most, session },
      );
      if (open >= most) throw new TooManyOpenTickets(most);
    }
    await tickets.insertOne(row, { session });
    await giveToTicket(ctx, row, uploader, session);
  });
}
