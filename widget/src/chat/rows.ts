import { isEnded } from '../../../client/ended.ts';
import type { NewTicketItem } from '../../../client/new-tickets.ts';
import type { ShownMessage } from '../../../client/open-ticket.ts';
import type { TicketView } from '../../../src/contract/tickets.ts';
import { startOfDay } from './words.ts';

/** A line of a conversation. */
export type Row =
  | { key: string; kind: 'day'; at: number }
  | {
      key: string;
      kind: 'opening';
      text: string;
      topic?: string;
      at: number;
      item?: NewTicketItem;
      isNewestOwn?: boolean;
    }
  | {
      key: string;
      kind: 'message';
      shown: ShownMessage;
      isMine: boolean;
      /** Of several in a row by one author. */
      isFirst: boolean;
      isLast: boolean;
      /** It alone says how far it has come. */
      isNewestOwn?: boolean;
    }
  | { key: string; kind: 'closed'; at: number; reason: string | null };

const TOGETHER_MS = 5 * 60_000;

export interface Shown {
  me: string;
  ticket: TicketView | undefined;
  pending: NewTicketItem | undefined;
  messages: readonly ShownMessage[];
  /** There is more above the first message. */
  hasOlder: boolean;
}

const timeOf = (shown: ShownMessage) =>
  shown.state === 'sent' ? shown.message.created_at : shown.item.created_at;

const authorOf = (shown: ShownMessage, me: string) =>
  shown.state === 'sent' ? shown.message.author_id : me;

/** The first words, as a ticket's topic. */
export function topicOf(text: string): string {
  const line = text.trim().replace(/\s+/g, ' ');
  const letters = [...line];
  if (letters.length <= 60) return line;
  const cut = letters.slice(0, 60).join('');
  const space = cut.lastIndexOf(' ');
  return `${space > 30 ? cut.slice(0, space) : cut}…`;
}

function isOwn(row: Row): row is Extract<Row, { kind: 'opening' | 'message' }> {
  return row.kind === 'opening' || (row.kind === 'message' && row.isMine);
}

const marks = ['isMine', 'isFirst', 'isLast', 'isNewestOwn'] as const;

/** Whether a row looks as it did before: of what is under way that depends on more than the row. */
export function isSameRow(before: Row, now: Row): boolean {
  if (before.kind !== 'message' || now.kind !== 'message') return false;
  if (before.shown.state !== 'sent' || now.shown.state !== 'sent') return false;
  return before.shown.message === now.shown.message && marks.every((is) => before[is] === now[is]);
}

/** The lines of a conversation from top to bottom. */
export function buildRows({ me, ticket, pending, messages, hasOlder }: Shown): Row[] {
  const rows: Row[] = [];
  let tomorrow = Number.NEGATIVE_INFINITY;
  const day = (at: number) => {
    if (at < tomorrow) return;
    const start = startOfDay(at);
    tomorrow = start + 86_400_000;
    rows.push({ key: `day-${start}`, kind: 'day', at });
  };
  const start = ticket ?? pending;
  if (start && !hasOlder) {
    const { description, topic, created_at } = start;
    const isNamed = topicOf(description) !== topic;
    day(created_at);
    rows.push({
      ...{ key: 'opening', kind: 'opening', text: description, at: created_at },
      ...(isNamed && { topic }),
      ...(!ticket && pending && { item: pending }),
    });
  }
  for (const [index, shown] of messages.entries()) {
    const at = timeOf(shown);
    day(at);
    const [before, after] = [messages[index - 1], messages[index + 1]];
    const author = authorOf(shown, me);
    const joins = (other: ShownMessage | undefined) =>
      other !== undefined &&
      authorOf(other, me) === author &&
      Math.abs(timeOf(other) - at) < TOGETHER_MS;
    rows.push({
      ...{ key: shown.key, kind: 'message', shown, isMine: author === me },
      ...{ isFirst: !joins(before), isLast: !joins(after) },
    });
  }
  const newestOwn = rows.findLast(isOwn);
  if (newestOwn) newestOwn.isNewestOwn = true;
  if (ticket && isEnded(ticket)) {
    const at = ticket.closed_at ?? ticket.updated_at;
    rows.push({ key: 'closed', kind: 'closed', at, reason: ticket.close_reason });
  }
  return rows;
}
