import { listOnCall } from '../../src/domain/agents/on-call.ts';
import { isPractice } from '../../src/domain/practice/practice-key.ts';
import { isOpen } from '../../src/domain/tickets/workflow.ts';
import type { Bridge } from '../bridge.ts';
import { systemLine } from '../format.ts';
import type { MirroredTicket } from '../mirrored-tickets.ts';
import { deliver } from '../posting.ts';
import { failureOf } from './refusals.ts';

/** A step that is still to be done: whoever goes on call later is not called by what is there already. */
const PENDING = 'on-call';

/** Channels that only take the place of another: there is nothing new in them for anybody. */
const replacing = ['remade', 'unparked'];

const isNews = ({ mirror, ticket }: MirroredTicket) =>
  isOpen(ticket) &&
  !mirror.steps.some((step) => replacing.includes(step)) &&
  !isPractice(ticket.owner);

/** What a channel's steps have in addition when its ticket has somebody to call. */
export async function callingStep(bridge: Bridge, ticket: MirroredTicket): Promise<string[]> {
  if (!isNews(ticket)) return [];
  const people = await listOnCall(bridge.ctx, ticket.ticket.support_role);
  return people.length > 0 ? [PENDING] : [];
}

/** Mentions of those on call who fit a role, to be put into a text. */
export function mentionsOf(people: readonly string[]): string {
  return people.map((id) => `<@${id}>`).join(' ');
}

/** Names those on call in the channel of a new ticket, or of one that was opened again, once. */
export async function callOnCall(bridge: Bridge, ticket: MirroredTicket): Promise<void> {
  const { mirror } = ticket;
  if (!mirror.steps.includes(PENDING)) return;
  const channelId = mirror.channel_id as string;
  const people = isNews(ticket) ? await listOnCall(bridge.ctx, ticket.ticket.support_role) : [];
  const why = mirror.steps.includes('reopened') ? 'this ticket is open again.' : 'a new ticket.';
  const text = `You are on call: ${why}`;
  let { last_post } = mirror;
  if (people.length > 0) {
    const outcome = await deliver(bridge, ticket, {
      channelId,
      key: `on call ${ticket.id} ${channelId}`,
      body: { content: systemLine(`${mentionsOf(people)} ${text}`) },
      calls: { users: people },
      isIt: ({ content }) => content.endsWith(text),
    });
    if (outcome.end === 'gone') throw failureOf(bridge, ticket, channelId, outcome);
    if (outcome.end === 'refused') {
      const reason = outcome.error.message;
      bridge.log.warn({ ticket: ticket.id, reason }, 'nobody on call was called');
    } else last_post = outcome.value ?? last_post;
  }
  const steps = mirror.steps.filter((step) => step !== PENDING);
  await bridge.tickets.save(ticket, { steps, last_post, attempt: null });
  bridge.ctx.failpoint('after-record');
}
