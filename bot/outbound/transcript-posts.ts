import type { APIEmbed, RawFile } from 'discord.js';
import { isDeleted } from '../../src/domain/log/deletion.ts';
import type { Bridge } from '../bridge.ts';
import type { Outcome } from '../call-ends.ts';
import { escapeName, MAX_TOPIC, neutralise, shorten } from '../format.ts';
import type { MirroredTicket } from '../mirrored-tickets.ts';
import { deliver } from '../posting.ts';
import { breakLinks } from './renditions.ts';
import { withTranscript } from './transcript-places.ts';
import { planTranscriptPosts } from './transcripts.ts';

type Failed = Exclude<Outcome<unknown>, { end: 'done' }>;

/** How much of what people wrote stands in the summary: all, with its links broken, nothing. */
const summaries = ['', 'links', 'bare'] as const;
type Summary = (typeof summaries)[number];

function summarise({ ticket }: MirroredTicket, how: Summary): APIEmbed {
  const at = (time: number | null) => (time === null ? '—' : `<t:${Math.floor(time / 1000)}:f>`);
  const field = (name: string, value: string, inline = true) => ({ name, value, inline });
  const safe = (text: string) => (how === 'links' ? breakLinks(text) : text);
  const bare = how === 'bare';
  const topic = bare ? '' : `: ${safe(escapeName(ticket.topic, MAX_TOPIC))}`;
  const reason = bare || !ticket.close_reason ? '' : safe(neutralise(ticket.close_reason));
  return {
    title: shorten(`Ticket #${ticket.number}${topic}`, 256),
    fields: [
      ...(bare ? [] : [field('Customer', safe(escapeName(ticket.username)))]),
      field('Level', ticket.issue_level),
      field('Support role', ticket.support_role),
      field('Opened', at(ticket.created_at)),
      field('Closed', at(ticket.closed_at)),
      ...(reason ? [field('Reason', shorten(reason, 1024), false)] : []),
    ],
  };
}

/** Posts some files of the transcript, with as much of the summary as Discord takes. */
async function postFiles(
  bridge: Bridge,
  ticket: MirroredTicket,
  { channelId, key, footer }: { channelId: string; key: string; footer: string },
  files: readonly RawFile[],
): Promise<Outcome<string | undefined>> {
  let outcome: Outcome<string | undefined> | undefined;
  const tries = summaries.flatMap((how) => [{ how, files }]);
  // At last without what Discord does not take: the ticket has all of it.
  tries.push({ how: 'bare', files: [] });
  for (const [nth, one] of tries.entries()) {
    const isAboutFiles = outcome?.end === 'refused' && outcome.cause === 'files';
    if (isAboutFiles && one.files.length > 0) continue;
    const embed = summarise(ticket, one.how);
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
    const outcome = await postFiles(bridge, ticket, place, files);
    if (outcome.end !== 'done') return outcome;
    const transcripts = withTranscript(ticket, channelId, outcome.value);
    await bridge.tickets.save(ticket, {
      ...transcripts,
      steps: [...mirror.steps, step],
      attempt: null,
    });
  }
  return undefined;
}
