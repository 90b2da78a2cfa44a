import type { Digest, WeekNumbers } from '../../../src/domain/digest/numbers.ts';
import { escapeName, inWords, MAX_CONTENT, shorten, systemLine } from '../../format.ts';

/** By what the digest of a slot is known among our own posts. */
export function digestMark({ slot }: Pick<Digest, 'slot'>): string {
  return systemLine(`Weekly digest, due <t:${Math.floor(slot / 1000)}:f>`);
}

const stars = ({ count, average }: WeekNumbers['rating']) =>
  average === null ? '—' : `${average.toFixed(1)} of 5 (${count})`;

const listed = (rows: Digest['agents'], none: string) =>
  rows.map(({ name, count }) => `${escapeName(name || none)} ${count}`).join(', ') || '—';

/** The digest as staff read it: each number, and behind it that of the week before. */
export function digestText(digest: Digest): string {
  const { week, before, from, to, categories, agents } = digest;
  const line = (name: string, show: (numbers: WeekNumbers) => string | number) =>
    `${name}: **${show(week)}** (week before: ${show(before)})`;
  const lines = [
    `**The week ${from} to ${to}**`,
    line('Opened', ({ opened }) => opened),
    line('Closed', ({ closed }) => closed),
    line('First answer, median', ({ first_response }) => inWords(first_response)),
    line('Resolution, median', ({ resolution }) => inWords(resolution)),
    line('Overdue', ({ breaches }) => breaches),
    line('Satisfaction', ({ rating }) => stars(rating)),
    `Busiest categories: ${listed(categories, 'none')}`,
    `Most tickets: ${listed(agents, 'nobody')}`,
  ];
  const mark = digestMark(digest);
  return `${shorten(lines.join('\n'), MAX_CONTENT - mark.length - 1)}\n${mark}`;
}
