import type { Stream } from '../../../src/domain/log/entry.ts';
import { readEntries } from '../../../src/domain/log/reads.ts';
import { channelGone, offsetField } from '../../../src/domain/mirror/mirrors.ts';
import { isNews } from '../../../src/domain/mirror/parking.ts';
import type { Bridge } from '../../bridge.ts';
import { systemLine } from '../../format.ts';
import type { MirroredTicket } from '../../mirrored-tickets.ts';
import { deliver } from '../../posting.ts';
import { sideStep } from '../side-steps.ts';
import { withTranscript } from '../transcripts/transcript-places.ts';

const PAGE = 100;
const streams: readonly Stream[] = ['public', 'internal'];

/** The step that is written ahead of the channel's removal: the parking of this ticket is under way. */
export const PARKING = 'parking';
/** The step that a mirror begins with again whose ticket was parked; see `history.ts`. */
const BACK = 'unparked';

/** The channel is gone on purpose. */
export async function saveParked(bridge: Bridge, ticket: MirroredTicket): Promise<void> {
  ticket.unrecorded = [];
  ticket.caughtUpGeneration = -1;
  ticket.channelsSince = performance.now();
  ticket.sideSteps.clear();
  await bridge.tickets.save(ticket, {
    ...channelGone(),
    steps: [],
    parked: { at: bridge.ctx.clock(), told: false },
    called: false,
  });
  bridge.room.left(ticket);
  bridge.log.info({ ticket: ticket.id }, 'parked: its channel has made room');
}

/** Says where transcripts are kept that a ticket is parked, and how its channel comes back. */
export async function tellParked(bridge: Bridge, ticket: MirroredTicket): Promise<void> {
  const { mirror, ticket: data } = ticket;
  const { transcriptChannelId: channelId } = bridge.settings;
  const { parked } = mirror;
  if (!parked || parked.told || !channelId) return;
  await sideStep(bridge, ticket, 'tell-parked', async () => {
    const marker = `(${data.id} parked)`;
    const text = `Ticket #${data.number} is idle and was parked: its channel made room. It comes back with the next message or change, or by \`/unpark ${data.number}\` ${marker}.`;
    const outcome = await deliver(bridge, ticket, {
      channelId,
      key: `parked ${data.id} ${parked.at}`,
      body: { content: systemLine(text) },
      isIt: ({ content }) => content.includes(marker),
    });
    const place = outcome.end === 'done' ? outcome.value : undefined;
    const told = { parked: { ...parked, told: true }, attempt: null };
    await bridge.tickets.save(ticket, { ...withTranscript(ticket, channelId, place), ...told });
  });
}

/** True where something was written in the channel so late that it waits for another one to be taken in. */
function hasUnread({ inboxes }: Bridge, { id }: MirroredTicket): boolean {
  const { events = [], dropped } = inboxes.get(id) ?? {};
  return (
    dropped !== undefined || events.some(({ kind }) => kind === 'message' || kind === 'changed')
  );
}

/**
 * Whether there is anything for which a parked ticket wants its channel back; what is not, is passed over.
 */
async function isWanted(bridge: Bridge, ticket: MirroredTicket): Promise<boolean> {
  const { mirror, heads } = ticket;
  if (mirror.called || hasUnread(bridge, ticket)) return true;
  for (const stream of streams) {
    const offset = offsetField[stream];
    while (mirror[offset] < heads[stream] && !bridge.ended) {
      const range = { after: mirror[offset], upTo: heads[stream], limit: PAGE };
      const entries = await readEntries(bridge.ctx.db, { ticketId: ticket.id, stream }, range);
      const last = entries.at(-1);
      if (!last) break;
      if (entries.some(isNews)) return true;
      await bridge.tickets.save(ticket, { [offset]: last.seq });
    }
  }
  return false;
}

/**
 * Ends the parking of a ticket where there is news for staff, or they have called for it; the channel is
 * then made as for any other ticket, when there is room.
 * @returns true where it stays parked
 */
export async function staysParked(bridge: Bridge, ticket: MirroredTicket): Promise<boolean> {
  if (!ticket.mirror.parked) return false;
  if (!(await isWanted(bridge, ticket))) {
    await tellParked(bridge, ticket);
    return true;
  }
  bridge.log.info({ ticket: ticket.id }, 'parked no more');
  const unparked_at = bridge.ctx.clock();
  const ended = { parked: null, called: false, unparked_at, steps: [BACK], attempt: null };
  await bridge.tickets.save(ticket, ended);
  return false;
}

/** Has the channel of a parked ticket made again. @returns false where the ticket is not parked */
export async function unpark(bridge: Bridge, ticketId: string): Promise<boolean> {
  const ticket = await bridge.tickets.load(ticketId);
  if (!ticket?.mirror.parked) return false;
  await bridge.tickets.save(ticket, { called: true });
  bridge.outbound.schedule(ticketId);
  return true;
}
