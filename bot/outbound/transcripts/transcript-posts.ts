import { createHash } from 'node:crypto';
import type { RawFile } from 'discord.js';
import { isDeleted } from '../../../src/domain/log/deletion.ts';
import type { KeptFile } from '../../../src/domain/mirror/mirrors.ts';
import type { Bridge } from '../../bridge.ts';
import type { MirroredTicket } from '../../mirrored-tickets.ts';
import { deliver } from '../../posting.ts';
import type { Outcome } from '../../rest/call-ends.ts';
import { keepTranscriptPost } from './transcript-places.ts';
import { readPeople, type SummaryFacts, summaries, summarise } from './transcript-summary.ts';
import { planTranscriptPosts } from './transcripts.ts';

type Failed = Exclude<Outcome<unknown>, { end: 'done' }>;

/** By what a file is known to be the one that was kept. */
const hashOf = ({ name, data }: RawFile): KeptFile => ({
  name,
  sha256: createHash('sha256')
    .update(data as Buffer)
    .digest('hex'),
});

/** Posts some files of the transcript, with as much of the summary as Discord takes. */
async function postFiles(
  bridge: Bridge,
  ticket: MirroredTicket,
  { channelId, key, footer }: { channelId: string; key: string; footer: string },
  files: readonly RawFile[],
  facts: SummaryFacts,
): Promise<Outcome<string | undefined>> {
  let outcome: Outcome<string | undefined> | undefined;
  const tries = summaries.flatMap((how) => [{ how, files }]);
  // At last without what Discord does not take: the ticket has all of it.
  tries.push({ how: 'bare', files: [] });
  for (const [nth, one] of tries.entries()) {
    const isAboutFiles = outcome?.end === 'refused' && outcome.cause === 'files';
    if (isAboutFiles && one.files.length > 0) continue;
    const embed = summarise(ticket.ticket, facts, one.how);
    if (one.files.length === 0) {
      embed.description = '*Discord does not take this file: the ticket has all of it.*';
    }
    outcome = await deliver(bridge, ticket, {
      channelId,
      key,
      rendition: String(nth),
      body: { embeds: [{ ...embed, footer: { text: footer } }] },
      files: [...one.files],
      isIt: (message) => message.embeds[0]?.footer?.text === footer,
    });
    if (outcome.end !== 'refused' || outcome.cause === 'permission') return outcome;
  }
  return outcome as Outcome<string | undefined>;
}

/**
 * Posts the transcript where transcripts are kept, post by post; each is written down when it is there.
 * @returns what keeps it from there, undefined when all of it is there
 */
export async function postTranscript(
  bridge: Bridge,
  ticket: MirroredTicket,
  channelId: string,
): Promise<Failed | undefined> {
  const { mirror, ticket: data } = ticket;
  const closing = data.ending_seq;
  const { posts } = await planTranscriptPosts(bridge, ticket);
  const speakers = await readPeople(bridge, ticket);
  let nth = -1;
  for await (const files of posts) {
    if (isDeleted(ticket.ticket)) return undefined;
    const step = `transcript@${closing} ${++nth}`;
    if (mirror.steps.includes(step)) continue;
    const part = nth > 0 ? ` · ${nth + 1}` : '';
    // Told from the transcript of an earlier closing, where there was one.
    const again = mirror.closing > 0 ? ` · ${closing}` : '';
    const footer = `Ticket ${ticket.id}${again}${part}`;
    const place = { channelId, key: `${step} ${ticket.id}`, footer };
    const kept = files.map(hashOf);
    const rated_at = data.rating?.at ?? null;
    const outcome = await postFiles(bridge, ticket, place, files, { speakers, files: kept });
    if (outcome.end !== 'done') return outcome;
    const posted = { closing, footer, files: kept, rated_at };
    await bridge.tickets.save(ticket, {
      ...keepTranscriptPost(ticket, channelId, outcome.value, posted),
      steps: [...mirror.steps, step],
      attempt: null,
    });
  }
  return undefined;
}
