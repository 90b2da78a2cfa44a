import type { CannedReplyView } from '../../src/contract/canned-replies.ts';
import {
  getCannedReply,
  listCannedReplies,
} from '../../src/domain/canned-replies/canned-replies.ts';
import { readTicket } from '../../src/domain/tickets/read.ts';
import { notFound } from '../../src/errors.ts';
import type { GuildContext } from './command.ts';
import { matching, type Suggestion } from './options.ts';

const PAGE = 100;
const hexId = /^[0-9a-f]{24}$/;

/** The text for the ticket, where it was filled in for one. */
export const textOf = ({ filled, text }: CannedReplyView): string => filled ?? text;

/** Those whose name begins so, the first hundred. */
export function listReplies({ bridge, actor }: GuildContext, q: string) {
  const query = { page: 1, limit: PAGE, ...(q && { q }) };
  return listCannedReplies(bridge.ctx, actor, query);
}

/** Those for this ticket's partner and for everybody; all of them where there is no ticket. */
export async function offerReplies(context: GuildContext, typed: string): Promise<Suggestion[]> {
  const { bridge, actor, here } = context;
  const { rows } = await listReplies(context, typed.trim());
  const partner = here && (await readTicket(bridge.ctx, actor, here)).ticket.partner;
  const fitting = rows.filter((one) => !here || one.partner === null || one.partner === partner);
  return matching(
    fitting.map(({ id, name, text }) => ({ name: `${name} · ${text}`, value: id })),
    '',
  );
}

/**
 * The canned reply that was picked from the list, or typed by its name.
 * @throws AppError NOT_FOUND
 */
export async function findReply(context: GuildContext, given: string): Promise<CannedReplyView> {
  if (hexId.test(given)) return getCannedReply(context.bridge.ctx, context.actor, given);
  const { rows } = await listReplies(context, given.trim());
  const wanted = given.trim().toLowerCase();
  const found = rows.find(({ name }) => name.toLowerCase() === wanted);
  if (!found) throw notFound('canned reply');
  return found;
}
