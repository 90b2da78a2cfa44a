import { listOnCall } from '../../../src/domain/agents/on-call.ts';
import { readCalendar } from '../../../src/domain/calendar/calendar.ts';
import { isOpen as isWorking, nextOpening } from '../../../src/domain/calendar/working-time.ts';
import { listWithStep } from '../../../src/domain/mirror/mirrors.ts';
import { isPractice } from '../../../src/domain/practice/practice-key.ts';
import { isOpen } from '../../../src/domain/tickets/workflow.ts';
import type { Bridge } from '../../bridge.ts';
import { systemLine } from '../../format.ts';
import type { MirroredTicket } from '../../mirrored-tickets.ts';
import { deliver, type Outgoing } from '../../posting.ts';
import { describe } from '../../rest/discord-errors.ts';
import { timestamp } from '../card/card-fields.ts';
import { failureOf } from '../posts/refusals.ts';

/** A step that is still to be done: whoever goes on call later is not called by what is there already. */
const PENDING = 'on-call';
/** The step that says that the call waits for the working hours. */
const HELD = 'on-call-held';

const NOBODY_HERE = 'Nobody is called: who is on call is not of the staff of this server.';

/** As many as a server has channels. */
const MOST_HELD = 500;

/** Channels that only take the place of another: there is nothing new in them for anybody. */
const replacing = ['remade', 'unparked', 'moved'];

const isReplaced = ({ mirror }: MirroredTicket) =>
  mirror.steps.some((step) => replacing.includes(step));

const isForStaff = ({ ticket }: MirroredTicket) => isOpen(ticket) && !isPractice(ticket.owner);

/** Who is on call for a ticket, in the guild of its channel. */
const onCallFor = ({ ctx, settings }: Bridge, { ticket }: MirroredTicket) =>
  listOnCall(ctx, ticket.support_role, settings.guildId);

/** What a channel's steps have in addition when its ticket has somebody to call. */
export async function callingStep(bridge: Bridge, ticket: MirroredTicket): Promise<string[]> {
  if (!isForStaff(ticket) || isReplaced(ticket)) return [];
  const { people, areElsewhere } = await onCallFor(bridge, ticket);
  return people.length > 0 || areElsewhere ? [PENDING] : [];
}

/** Mentions of people, to be put into a text. */
export function mentionsOf(people: readonly string[]): string {
  return people.map((id) => `<@${id}>`).join(' ');
}

/** True while whoever is on call is still to be named in a ticket's channel. */
export function isCallPending({ mirror }: MirroredTicket): boolean {
  return mirror.steps.includes(PENDING);
}

/** What is still to be done in the channel that takes the place of a lost one. */
export function callStillDue(ticket: MirroredTicket): string[] {
  return isCallPending(ticket) ? [PENDING] : [];
}

/** When somebody may be called again, where quiet hours hold the call of a ticket back; undefined where not. */
async function heldUntil({ ctx }: Bridge, { ticket }: MirroredTicket): Promise<number | undefined> {
  if (!ctx.config.quietHours || ticket.issue_level !== 'NORMAL') return undefined;
  const calendar = await readCalendar(ctx);
  const now = ctx.clock.now();
  if (isWorking(calendar, now)) return undefined;
  return nextOpening(calendar, now) ?? Number.POSITIVE_INFINITY;
}

/** Posts a line by which people are called, once. @returns the newest post then */
export async function postCall(
  bridge: Bridge,
  ticket: MirroredTicket,
  call: Pick<Outgoing, 'key' | 'calls' | 'isIt'> & { text: string },
): Promise<string> {
  const { text, ...rest } = call;
  const channelId = ticket.mirror.channel_id as string;
  const body = { content: systemLine(text) };
  const outcome = await deliver(bridge, ticket, { channelId, body, ...rest });
  if (outcome.end === 'gone') throw failureOf(bridge, ticket, channelId, outcome);
  if (outcome.end === 'refused') {
    const reason = outcome.error.message;
    bridge.log.warn({ ticket: ticket.id, reason }, 'nobody was called');
    return ticket.mirror.last_post;
  }
  return outcome.value ?? ticket.mirror.last_post;
}

/** Says that the call waits, and for what, once; the step stays to be done. */
async function holdCall(bridge: Bridge, ticket: MirroredTicket, until: number): Promise<void> {
  const { id, mirror } = ticket;
  if (mirror.steps.includes(HELD)) return;
  const start = 'Nobody is called outside the working hours';
  const when = Number.isFinite(until) ? ` before ${timestamp(until)}` : '';
  const last_post = await postCall(bridge, ticket, {
    key: `held ${id} ${mirror.channel_id}`,
    text: `${start}${when}, unless it becomes urgent.`,
    isIt: ({ content }) => content.startsWith(systemLine(start)),
  });
  await bridge.tickets.save(ticket, { steps: [...mirror.steps, HELD], last_post, attempt: null });
  bridge.ctx.failpoint('after-record');
}

/**
 * Names those on call in the channel of a new ticket, or of one that was opened again, once; in quiet hours
 * when they are over, unless somebody has the ticket by then.
 */
export async function callOnCall(bridge: Bridge, ticket: MirroredTicket): Promise<void> {
  const { id, mirror, ticket: data } = ticket;
  if (!isCallPending(ticket)) return;
  const until = isForStaff(ticket) ? await heldUntil(bridge, ticket) : undefined;
  if (until !== undefined) return holdCall(bridge, ticket, until);
  const isLate = mirror.steps.includes(HELD) || isReplaced(ticket);
  const isWanted = isForStaff(ticket) && !(isLate && data.assignee !== null);
  const { people = [], areElsewhere = false } = isWanted ? await onCallFor(bridge, ticket) : {};
  const why = mirror.steps.includes('reopened') ? 'this ticket is open again.' : 'a new ticket.';
  const text = `You are on call: ${why}`;
  let { last_post } = mirror;
  if (people.length > 0) {
    last_post = await postCall(bridge, ticket, {
      key: `on call ${id} ${mirror.channel_id}`,
      text: `${mentionsOf(people)} ${text}`,
      calls: { users: people },
      isIt: ({ content }) => content.endsWith(text),
    });
  } else if (areElsewhere) {
    last_post = await postCall(bridge, ticket, {
      key: `on call ${id} ${mirror.channel_id}`,
      text: NOBODY_HERE,
      isIt: ({ content }) => content === systemLine(NOBODY_HERE),
    });
  }
  const steps = mirror.steps.filter((step) => step !== PENDING && step !== HELD);
  await bridge.tickets.save(ticket, { steps, last_post, attempt: null });
  bridge.ctx.failpoint('after-record');
}

/**
 * Has tickets called for whose calls were held back, once the working hours have begun.
 * @param everyMs milliseconds between two looks
 * @returns a function that ends it
 */
export function keepCallingHeld(bridge: Bridge, everyMs: number): () => void {
  const { ctx } = bridge;
  if (!ctx.config.quietHours) return () => undefined;
  const look = async () => {
    if (!isWorking(await readCalendar(ctx), ctx.clock.now())) return;
    const held = await listWithStep(ctx, HELD, MOST_HELD);
    if (bridge.ended) return;
    for (const id of held) bridge.outbound.schedule(id);
  };
  const timer = setInterval(() => {
    look().catch((error: unknown) =>
      bridge.log.warn({ reason: describe(error) }, 'calls that were held back are not looked for'),
    );
  }, everyMs).unref();
  return () => clearInterval(timer);
}
