import type { APIEmbed, APIEmbedField } from 'discord.js';
import { publicLog, type Ticket } from '../../../src/domain/log/entry.ts';
import type { KeptFile } from '../../../src/domain/mirror/mirrors.ts';
import { duration } from '../../../src/domain/transcript/html.ts';
import { readSpeakers, type Speaker } from '../../../src/domain/transcript/speakers.ts';
import type { Bridge } from '../../bridge.ts';
import { escapeName, MAX_TOPIC, neutralise, shorten } from '../../format.ts';
import type { MirroredTicket } from '../../mirrored-tickets.ts';
import { breakLinks } from '../posts/renditions.ts';

/** How much of what people wrote stands in a summary: all, with its links broken, nothing. */
export const summaries = ['', 'links', 'bare'] as const;
export type Summary = (typeof summaries)[number];

/** What Discord takes in one field. */
const MAX_FIELD = 1024;
/** People who are named, and how long each may be: all of them fit into a field. */
const MAX_SPEAKERS = 12;
const MAX_NAME = 40;

/** What stands in a summary besides the ticket itself. */
export interface SummaryFacts {
  speakers: readonly Speaker[];
  files: readonly KeptFile[];
}

export const readPeople = (bridge: Bridge, { id, mirror }: MirroredTicket): Promise<Speaker[]> =>
  readSpeakers(bridge.ctx.db, { log: publicLog(id), head: mirror.seq }, MAX_SPEAKERS);

const at = (time: number | null) => (time === null ? '—' : `<t:${Math.floor(time / 1000)}:f>`);

const field = (name: string, value: string, inline = true): APIEmbedField => ({
  name,
  value: shorten(value, MAX_FIELD),
  inline,
});

function timeFields(ticket: Ticket): APIEmbedField[] {
  const { first_response_at, response_time, resolution_time, reopened } = ticket;
  const took = (length: number | null) => (length === null ? '' : ` (${duration(length)})`);
  return [
    field('Opened', at(ticket.created_at)),
    field('First answer', at(first_response_at) + took(response_time)),
    field('Closed', at(ticket.closed_at) + took(resolution_time)),
    ...(reopened ? [field('Reopened', `${reopened} ×`)] : []),
  ];
}

function ratingFields({ rating }: Ticket, safe: (text: string) => string, isBare: boolean) {
  if (!rating) return [];
  const stars = '★'.repeat(rating.score) + '☆'.repeat(5 - rating.score);
  const comment = isBare || !rating.comment ? '' : `\n${safe(neutralise(rating.comment))}`;
  return [field('Rating', stars + comment, false)];
}

function peopleFields(
  { assignee, assigned_to }: Ticket,
  speakers: readonly Speaker[],
  safe: (text: string) => string,
): APIEmbedField[] {
  const who = assignee?.name ?? assigned_to;
  const lines = speakers.map(
    ({ name, role, messages }) => `${safe(escapeName(name, MAX_NAME))} (${role}): ${messages}`,
  );
  return [
    ...(who ? [field('Assigned to', safe(escapeName(who)))] : []),
    ...(lines.length > 0 ? [field('Messages by', lines.join('\n'), false)] : []),
  ];
}

/** A ticket that has ended, at a glance: whose, times, people, rating, and what its files are known by. */
export function summarise(ticket: Ticket, facts: SummaryFacts, how: Summary): APIEmbed {
  const safe = (text: string) => (how === 'links' ? breakLinks(text) : text);
  const bare = how === 'bare';
  const topic = bare ? '' : `: ${safe(escapeName(ticket.topic, MAX_TOPIC))}`;
  const reason = bare || !ticket.close_reason ? '' : safe(neutralise(ticket.close_reason));
  const hashes = facts.files.map(({ name, sha256 }) => `\`${name}\`\n\`${sha256}\``);
  return {
    title: shorten(`Ticket #${ticket.number}${topic}`, 256),
    fields: [
      ...(bare ? [] : [field('Customer', safe(escapeName(ticket.username)))]),
      field('Level', ticket.issue_level),
      field('Support role', ticket.support_role),
      ...timeFields(ticket),
      ...(bare ? [] : peopleFields(ticket, facts.speakers, safe)),
      ...(reason ? [field('Reason', reason, false)] : []),
      ...ratingFields(ticket, safe, bare),
      ...(hashes.length > 0 ? [field('SHA-256', hashes.join('\n'), false)] : []),
    ],
  };
}
