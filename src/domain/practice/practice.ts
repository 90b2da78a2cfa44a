import type { AppContext } from '../../context.ts';
import { AppError } from '../../errors.ts';
import { type Actor, systemActor } from '../access/actor.ts';
import { requireRight } from '../access/policy.ts';
import { majority, native } from '../log/collections.ts';
import { publicLog } from '../log/entry.ts';
import { readNewest } from '../log/message-pages.ts';
import { sendMessage } from '../messages/send.ts';
import type { WorkHandler } from '../schedule.ts';
import { signalRead } from '../signals.ts';
import { createTicket } from '../tickets/create.ts';
import { readTicket } from '../tickets/read.ts';
import { isOpen, openStatuses } from '../tickets/workflow.ts';
import { isPractice, PRACTICE, practiceKey } from './practice-key.ts';

/** Whom staff practise with: nobody real, and no token makes their key. */
function customerOf(owner: string): Actor {
  return {
    key: owner,
    id: 'practice',
    username: 'Pat (practice)',
    email: 'pat@example.com',
    role: 'CUSTOMER',
    origin: 'web',
  };
}

const ticketBody = {
  topic: 'Practice: my parcel has not come',
  description:
    'This ticket is for practice, and its customer is not real. Pat answers what you write here. Try a note (// in front), Claim, a reaction, an edit, and in the end /close.',
  context: { page: 'https://shop.example.com/orders/1042', language: 'en' },
};

/** What they answer, one after the other. */
const answers = [
  'Thank you for the quick answer! It says that the parcel is in a depot, but nothing has happened since Monday.',
  'The order is 1042. Could you send me another one?',
  'That is very kind. Then all is solved, from my side this can be closed.',
] as const;

/** Refusals after which there is nothing left to answer. */
const isOver: readonly string[] = ['NOT_FOUND', 'CONFLICT', 'FORBIDDEN'];

/**
 * Opens a ticket to practise in, or finds the one that whoever acts has open already.
 * @throws AppError FORBIDDEN
 */
export async function openPractice(
  ctx: AppContext,
  actor: Actor,
): Promise<{ id: string; number: number; isNew: boolean }> {
  requireRight(ctx.config, actor, 'see_agents', undefined);
  const owner = practiceKey(actor.key);
  const tickets = native(ctx.db.tickets);
  const rows = (filter: object) =>
    tickets
      .find({ owner, ...filter }, { readConcern: majority, projection: { number: 1 } })
      .sort({ number: -1 })
      .limit(1)
      .next();
  // Before the other look: what is opened between the two has this one's key.
  const last = await rows({});
  const open = await rows({ status: { $in: [...openStatuses] } });
  if (open) return { id: open._id.toHexString(), number: open.number, isNew: false };
  // Of two at once one opens it, and the other is given the same. By the number and not by how many there
  // were: some may have been deleted.
  const body = { ...ticketBody, client_id: `practice after ${last?.number ?? 0}` };
  const { id, number } = (await createTicket(ctx, customerOf(owner), body)).ticket;
  return { id, number, isNew: true };
}

/** Reads what staff have written, and says the next of the answers, if they have written last. */
async function answer(ctx: AppContext, ticketId: string): Promise<void> {
  const { ticket, head } = await readTicket(ctx, systemActor, ticketId);
  if (!isOpen(ticket) || !isPractice(ticket.owner)) return;
  const customer = customerOf(ticket.owner);
  await signalRead(ctx, customer, ticketId, head.seq);
  const log = publicLog(ticketId);
  const range = { log, head: head.seq, limit: 1 };
  const { messages } = await readNewest(ctx.db, ctx.store.readPage, range, head.seq + 1);
  if (messages.at(-1)?.author.key === ticket.owner) return;
  for (const [nth, content] of answers.entries()) {
    const client_id = `practice ${nth}`;
    if (await ctx.store.findByClientId(log, ticket.owner, client_id)) continue;
    await sendMessage(ctx, customer, ticketId, { content, client_id });
    return;
  }
}

/** Answers in the tickets for practice, on the one node that does what is due. */
export const practiceWork: Readonly<Record<string, WorkHandler>> = {
  [PRACTICE]: {
    async run(ctx, { key }) {
      try {
        await answer(ctx, key);
      } catch (error) {
        // It has ended, or is deleted, meanwhile.
        if (!(error instanceof AppError) || !isOver.includes(error.code)) throw error;
      }
      return undefined;
    },
  },
};
