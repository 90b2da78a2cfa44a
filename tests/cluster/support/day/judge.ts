/**
 * Judges a support day by what it has left behind: what everybody sent, what the database holds, what customers and
 * staff saw. It folds the log by a few lines of its own, and knows nothing of how Deskcord does it.
 */

import type { DayEvidence, LogEntry, TicketEvidence, Use } from './evidence.ts';
import { judgeChannels } from './judge-channels.ts';
import { judgeList, judgeReport } from './judge-lists.ts';
import { type Finding, type Found, firstOutOfOrder, fold, isSame, twice } from './judge-parts.ts';
import { judgeReactions } from './judge-reactions.ts';

export type { Finding } from './judge-parts.ts';

/** Discord gives an interaction up after this. */
const DEADLINE_MS = 3000;

/** @returns everything that does not fit together; nothing for a right day */
export function judgeDay(day: DayEvidence): Finding[] {
  const { tickets, uses, gaps } = day;
  return [
    ...tickets.flatMap((ticket) => judgeTicket(ticket, day)),
    ...judgeReport(day),
    ...uses
      .filter((use) => isUnanswered(use, gaps))
      .map(({ what }): Finding => {
        return { kind: 'unanswered', ticket: 0, detail: `${what} got no answer in time` };
      }),
  ];
}

function isUnanswered({ state, at }: Use, gaps: DayEvidence['gaps']): boolean {
  if (state !== 'failed' && state !== 'pending') return false;
  return !gaps.some(({ from, until }) => from <= at + DEADLINE_MS && until >= at);
}

function judgeTicket(ticket: TicketEvidence, day: DayEvidence): Finding[] {
  const found = [
    ...judgeNumbers(ticket.log),
    ...judgeSent(ticket),
    ...judgeOrder(ticket),
    ...judgeCustomer(ticket),
    ...judgePages(ticket),
    ...judgeChannels(ticket),
    ...judgeReactions(ticket, day),
    ...judgeList(ticket, day),
  ];
  return found.map(([kind, detail]) => ({ kind, ticket: ticket.number, detail }));
}

/** Each stream is numbered 1, 2, 3 … */
function judgeNumbers(log: readonly LogEntry[]): Found[] {
  return (['public', 'internal'] as const).flatMap((stream) => {
    const seqs = log.filter((entry) => entry.stream === stream).map(({ seq }) => seq);
    const right = seqs.sort((a, b) => a - b).every((seq, index) => seq === index + 1);
    return right ? [] : [['numbers', `${stream}: ${seqs.join(' ')}`] as Found];
  });
}

/** What was accepted is there once; what was refused or never sent is not. */
function judgeSent({ sent, log }: TicketEvidence): Found[] {
  const found: Found[] = [];
  const stored = log.filter(({ type, word }) => (type === 'message' || type === 'edit') && word);
  const by = new Map(sent.map((one) => [one.word, one]));
  for (const word of twice(stored.map((one) => one.word))) {
    found.push(['doubled', `${word} is in the log twice`]);
  }
  const words = new Set(stored.map(({ word }) => word));
  for (const { word, outcome } of sent) {
    if (outcome === 'accepted' && !words.has(word))
      found.push(['lost', `${word} is not in the log`]);
    if (outcome === 'refused' && words.has(word)) found.push(['refused-but-stored', word]);
  }
  for (const { word, stream } of stored) {
    const one = by.get(word);
    if (!one) found.push(['phantom', `nobody sent ${word}`]);
    else if (one.isNote !== (stream === 'internal')) {
      found.push(['wrong-stream', `${word} is in the ${stream} log`]);
    }
  }
  return found;
}

/** What one writer sent through one door is in the log in that order. */
function judgeOrder({ sent, log }: TicketEvidence): Found[] {
  const seqOf = new Map(
    log.filter(({ type }) => type === 'message').map(({ word, seq }) => [word, seq]),
  );
  const groups = new Map<string, Found | undefined>();
  const highest = new Map<string, number>();
  for (const { word, by, door, isNote, isEdit } of sent) {
    const seq = seqOf.get(word);
    if (seq === undefined || isEdit) continue;
    const key = `${by} by ${door}${isNote ? ', notes' : ''}`;
    if (seq < (highest.get(key) ?? 0)) groups.set(key, ['reordered', `${key}: ${word}`]);
    highest.set(key, Math.max(seq, highest.get(key) ?? 0));
  }
  return [...groups.values()].filter((one) => one !== undefined);
}

/** The customer's events come once and in order, and end, as their last read does, where the log ends. */
function judgeCustomer({ log, heard, final, slips, sent }: TicketEvidence): Found[] {
  const found: Found[] = slips.map((slip) => ['event-skipped', slip]);
  const revs = heard.map(({ rev }) => rev);
  for (const rev of twice(revs)) found.push(['event-twice', `entry ${rev}`]);
  const late = firstOutOfOrder(revs);
  if (late !== undefined) found.push(['event-late', `entry ${late}`]);
  const right = fold(log, 'public');
  if (!isSame(right, final)) found.push(['read-differs', differ(right, final)]);
  const held = new Map<string, LineOf>();
  for (const { id, line } of heard) {
    if (!id) continue;
    if (line) held.set(id, line);
    else held.delete(id);
  }
  const last = right.map(({ id }) => held.get(id)).filter((line) => line !== undefined);
  const more = [...held.values()].filter(({ id }) => !right.some((line) => line.id === id));
  const seen = [...last, ...more];
  if (!isSame(right, seen)) found.push(['events-differ', differ(right, seen)]);
  const notes = new Set(sent.filter(({ isNote }) => isNote).map(({ word }) => word));
  const leaked = [...heard.map(({ line }) => line?.word ?? ''), ...final.map(({ word }) => word)];
  for (const word of leaked) if (notes.has(word)) found.push(['note-leaked', word]);
  return found;
}

type LineOf = TicketEvidence['final'][number];

const show = ({ word, files, reactions }: LineOf) =>
  `${word}${files.map((file) => `[${file}]`).join('')}${reactions.map((one) => `{${one}}`).join('')}`;

function differ(right: readonly LineOf[], seen: readonly LineOf[]): string {
  const at = right.findIndex((line, index) => !seen[index] || show(line) !== show(seen[index]));
  const index = at < 0 ? right.length : at;
  const name = (line?: LineOf) => (line ? show(line) : 'nothing');
  return `at ${index}: ${name(seen[index])} where the log has ${name(right[index])}`;
}

/** The customer's transcript is what stands at the end; the staff's has also what is deleted, and the notes. */
function judgePages({ log, customerPage, staffPage, sent }: TicketEvidence): Found[] {
  const found: Found[] = [];
  const words = (stream: 'public' | 'internal', all: boolean) =>
    fold(log, stream, all)
      .map(({ word }) => word)
      .join(' ');
  const notes = new Set(sent.filter(({ isNote }) => isNote).map(({ word }) => word));
  if (customerPage) {
    const said = customerPage.words.join(' ');
    if (said !== words('public', false)) {
      found.push(['page-differs', `customer: ${said}, not ${words('public', false)}`]);
    }
    for (const word of customerPage.words) if (notes.has(word)) found.push(['note-leaked', word]);
  }
  if (staffPage) {
    for (const stream of ['public', 'internal'] as const) {
      const own = new Set(words(stream, true).split(' '));
      const said = staffPage.words.filter((word) => own.has(word)).join(' ');
      if (said !== words(stream, true)) {
        found.push(['page-differs', `staff, ${stream}: ${said}, not ${words(stream, true)}`]);
      }
    }
    const gone = new Set(log.filter(({ type }) => type === 'delete').map(({ id }) => id));
    const all = [...fold(log, 'public', true), ...fold(log, 'internal', true)];
    const shown = new Set(staffPage.gone);
    for (const { id, word } of all) {
      if (gone.has(id) !== shown.has(word)) found.push(['page-differs', `staff: is ${word} gone?`]);
    }
    if (staffPage.words.length !== all.length) {
      found.push(['page-differs', `staff: ${staffPage.words.length} lines, not ${all.length}`]);
    }
  }
  return found;
}
