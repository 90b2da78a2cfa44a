import type { Line, LogEntry } from './evidence.ts';

export interface Finding {
  kind:
    | 'numbers'
    | 'lost'
    | 'doubled'
    | 'refused-but-stored'
    | 'phantom'
    | 'wrong-stream'
    | 'reordered'
    | 'event-skipped'
    | 'event-twice'
    | 'event-late'
    | 'events-differ'
    | 'read-differs'
    | 'note-leaked'
    | 'page-differs'
    | 'channel-missing'
    | 'channel-twice'
    | 'channel-left'
    | 'parked-untold'
    | 'post-missing'
    | 'post-twice'
    | 'post-late'
    | 'post-left'
    | 'post-phantom'
    | 'marked-but-lost'
    | 'reaction-lost'
    | 'reaction-phantom'
    | 'reaction-unshown'
    | 'listed-wrong'
    | 'practice-leaked'
    | 'report-differs'
    | 'unanswered';
  /** Its number; 0 for what is no ticket's. */
  ticket: number;
  detail: string;
}

export type Found = [kind: Finding['kind'], detail: string];

/** A stream's messages as they are at its end, in order; with `all` those that are deleted too, as they last were. */
export function fold(
  log: readonly LogEntry[],
  stream: LogEntry['stream'],
  all = false,
): (Line & { seq: number; at: number; origin: string; clientId: string })[] {
  const own = log.filter((entry) => entry.stream === stream && entry.id);
  return own
    .filter(({ type }) => type === 'message')
    .sort((a, b) => a.seq - b.seq)
    .flatMap((first) => {
      const rest = own.filter(({ id, type }) => id === first.id && type !== 'message');
      if (!all && rest.some(({ type }) => type === 'delete')) return [];
      const kept = [first, ...rest.filter(({ type }) => type !== 'delete')];
      const last = kept.reduce((a, b) => (b.seq > a.seq ? b : a));
      const { seq, at, origin, client_id: clientId } = first;
      const { word, files, reactions } = last;
      return [{ id: first.id as string, word, files, reactions, seq, at, origin, clientId }];
    });
}

export function twice<T>(items: readonly T[]): T[] {
  return [...new Set(items.filter((item, index) => items.indexOf(item) !== index))];
}

/** The first number that is below one before it. */
export function firstOutOfOrder(numbers: readonly number[]): number | undefined {
  let highest = -Infinity;
  for (const number of numbers) {
    if (number < highest) return number;
    highest = number;
  }
  return undefined;
}

const key = ({ id, word, files, reactions }: Line) =>
  JSON.stringify([id, word, files, [...reactions].sort()]);

export function isSame(one: readonly Line[], other: readonly Line[]): boolean {
  return one.length === other.length && one.every((line, n) => key(line) === key(other[n] as Line));
}
