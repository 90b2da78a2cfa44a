import type { Bridge } from '../../bridge.ts';
import type { MirroredTicket } from '../../mirrored-tickets.ts';
import type { Outcome } from '../../rest/call-ends.ts';
import { whyRefused } from './refusals.ts';
import { afterRefusal, type Rendition } from './renditions.ts';
import { headerOf, type Said } from './speech-parts.ts';

export type Try<T> = (rendition: Rendition) => Promise<Outcome<T>>;

/** Tries one rendition after the other until Discord takes one. */
export async function tryRenditions<T>(
  bridge: Bridge,
  ticket: MirroredTicket,
  said: Said,
  original: Rendition,
  attempt: Try<T>,
  header = headerOf(said.speech),
): Promise<{ outcome: Outcome<T>; rendition: Rendition }> {
  const channelId = ticket.mirror.channel_id as string;
  for (let rendition = original; ; ) {
    const outcome = await attempt(rendition);
    if (outcome.end !== 'refused') return { outcome, rendition };
    const why = (cause: typeof outcome.cause) => whyRefused(bridge, channelId, cause);
    const next = afterRefusal(header, original, rendition, outcome.cause, why);
    if (!next) return { outcome, rendition };
    if (rendition === original) {
      const where = { part: 'discord', ticket: ticket.id, seq: said.seq };
      bridge.ctx.reports.report(outcome.error, where);
    }
    rendition = next;
  }
}
