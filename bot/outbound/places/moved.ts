import { channelGone } from '../../../src/domain/mirror/mirrors.ts';
import type { Bridge } from '../../bridge.ts';
import type { MirroredTicket } from '../../mirrored-tickets.ts';
import { callStillDue } from '../alerts/on-call.ts';
import { endTrouble } from './post-troubles.ts';

/** The step that is written ahead of the removal of a post: its ticket is about to get another place. */
export const MOVING = 'moving';
/** The step that a mirror begins with again whose ticket has moved; see `history.ts`. */
const MOVED = 'moved';

/** The post is gone on purpose; where the ticket belongs is looked for in its next turn. */
export async function saveMoved(bridge: Bridge, ticket: MirroredTicket): Promise<void> {
  endTrouble(bridge, ticket.id);
  ticket.unrecorded = [];
  ticket.caughtUpGeneration = -1;
  ticket.channelsSince = performance.now();
  ticket.sideSteps.clear();
  const steps = [MOVED, ...callStillDue(ticket)];
  await bridge.tickets.save(ticket, { ...channelGone(), steps });
  bridge.log.info({ ticket: ticket.id }, 'its post is gone: it goes where it belongs');
}
