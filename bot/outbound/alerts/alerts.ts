import { isStaffRole } from '../../../src/contract/identity.ts';
import type { Entry } from '../../../src/domain/log/entry.ts';
import type { MirrorAlert, MirrorChange } from '../../../src/domain/mirror/mirrors.ts';
import { createTurns } from '../../../src/domain/turns.ts';
import type { Bridge } from '../../bridge.ts';
import type { MirroredTicket } from '../../mirrored-tickets.ts';
import { mentionsOf, postCall } from './on-call.ts';

/** People who may wait for the next message of one ticket's customer. */
export const MOST_ALERTED = 10;

const TEXT = 'the customer has written.';

/** Changes of who is to be alerted: commands make them beside the ticket's queue. */
const changing = createTurns<MirroredTicket>();

/**
 * Has somebody named with the customer's next message, or no more where they were to be.
 * @returns whether they are now; `full` where too many are
 */
export function toggleAlert(
  bridge: Bridge,
  ticket: MirroredTicket,
  personId: string,
): Promise<boolean | 'full'> {
  return changing.take(ticket, async () => {
    const { alerts = [], seq } = ticket.mirror;
    const others = alerts.filter(({ id }) => id !== personId);
    const isOff = others.length < alerts.length;
    if (!isOff && alerts.length >= MOST_ALERTED) return 'full';
    const mine = isOff ? [] : [{ id: personId, after: seq }];
    await bridge.tickets.save(ticket, { alerts: [...others, ...mine] });
    return !isOff;
  });
}

/** The owner is the customer of the ticket, whatever their role. */
function isFromCustomer(entry: Entry, owner: string): boolean {
  if (entry.type !== 'message' || entry.stream !== 'public') return false;
  const { origin, author } = entry;
  return origin !== 'system' && (author.key === owner || !isStaffRole(author.role));
}

/** What is committed with an entry that somebody is to be named with: a crash then forgets nobody. */
export function alertingChange({ mirror, ticket }: MirroredTicket, entry: Entry): MirrorChange {
  if (!mirror.alerts?.length || !isFromCustomer(entry, ticket.owner)) return {};
  return { spoken: entry.seq };
}

const isDue =
  (spoken: number) =>
  ({ after }: MirrorAlert) =>
    after < spoken;

/** Names those who asked for it behind a message of the customer's, once. */
export async function callAlerted(bridge: Bridge, ticket: MirroredTicket): Promise<void> {
  const { spoken = 0, alerts = [], channel_id } = ticket.mirror;
  const people = alerts.filter(isDue(spoken)).map(({ id }) => id);
  if (people.length === 0 || !channel_id) return;
  const last_post = await postCall(bridge, ticket, {
    key: `alert ${ticket.id} ${spoken}`,
    text: `${mentionsOf(people)} ${TEXT}`,
    calls: { users: people },
    isIt: ({ content }) => content.endsWith(TEXT),
  });
  await changing.take(ticket, async () => {
    const left = (ticket.mirror.alerts ?? []).filter((one) => !isDue(spoken)(one));
    await bridge.tickets.save(ticket, { alerts: left, last_post, attempt: null });
  });
  bridge.ctx.failpoint('after-record');
}
