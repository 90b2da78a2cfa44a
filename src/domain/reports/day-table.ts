import { Binary } from 'mongodb';
import type { DayAgentRow, StatisticsRow } from '../../models/statistics.ts';
import type { AssigneeRow, TicketRow } from '../../models/ticket.ts';

/** What the reports need of a ticket. */
export type CountedTicket = Pick<
  TicketRow,
  'status' | 'priority' | 'category' | 'response_time' | 'resolution_time'
> & {
  channel?: string;
  assignee?: AssigneeRow | null;
  rating?: { score: number } | null;
  clock?: TicketRow['clock'];
  created_at: number;
};

/** A category that a ticket does not have. */
export const NONE = '';

const codedColumns = ['status', 'priority', 'category', 'channel', 'agent', 'rating'] as const;
const timeColumns = ['response', 'resolution', 'clock', 'paused'] as const;
type CodedColumn = (typeof codedColumns)[number];
type TimeColumn = (typeof timeColumns)[number];

/** A day as reports read it: a column store. See `StatisticsRow`. */
export type DayTable = {
  day: string;
  version: string;
  count: number;
  words: readonly string[];
  agents: readonly DayAgentRow[];
  closed: Uint16Array;
} & Record<CodedColumn, Uint16Array> &
  Record<TimeColumn, Float64Array>;

/** Gives each value a code, in the order in which they come. */
function createCodes<T>(keyOf: (value: T) => string, first: number) {
  const codes = new Map<string, number>();
  const values: T[] = [];
  return {
    values,
    of(value: T): number {
      const key = keyOf(value);
      let code = codes.get(key);
      if (code === undefined) {
        code = first + values.length;
        codes.set(key, code);
        values.push(value);
      }
      return code;
    },
  };
}

const timeOrNone = (value: number | null | undefined) => value ?? Number.NaN;

/** The columns of a day, of the tickets opened on it and of who had those that ended on it. */
export function packDay(
  tickets: readonly CountedTicket[],
  closed: readonly (AssigneeRow | null | undefined)[],
): Omit<StatisticsRow, '_id' | 'zone' | 'version' | 'fence'> {
  const words = createCodes((word: string) => word, 0);
  const agents = createCodes(({ key }: AssigneeRow) => key, 1);
  const agentOf = (assignee: AssigneeRow | null | undefined) =>
    assignee ? agents.of(assignee) : 0;
  const coded = (value: (ticket: CountedTicket) => number) =>
    new Binary(new Uint8Array(Uint16Array.from(tickets, value).buffer));
  const timed = (value: (ticket: CountedTicket) => number) =>
    new Binary(new Uint8Array(Float64Array.from(tickets, value).buffer));
  const columns = {
    status: coded(({ status }) => words.of(status)),
    priority: coded(({ priority }) => words.of(priority)),
    category: coded(({ category }) => words.of(category ?? NONE)),
    channel: coded(({ channel }) => words.of(channel ?? 'web')),
    agent: coded(({ assignee }) => agentOf(assignee)),
    rating: coded(({ rating }) => rating?.score ?? 0),
    response: timed(({ response_time }) => timeOrNone(response_time)),
    resolution: timed(({ resolution_time }) => timeOrNone(resolution_time)),
    clock: timed(({ clock, created_at }) => (clock ? clock.from + clock.paused : created_at)),
    paused: timed(({ clock }) => timeOrNone(clock?.paused_since)),
    closed: new Binary(new Uint8Array(Uint16Array.from(closed, agentOf).buffer)),
  };
  return { count: tickets.length, words: words.values, agents: agents.values, ...columns };
}

/** A copy, since what the driver returns is not aligned. */
const bytesOf = (binary: Binary): ArrayBuffer => new Uint8Array(binary.value()).buffer;

export function unpackDay(row: StatisticsRow): DayTable {
  const { _id: day, version, count, words, agents } = row;
  const coded = codedColumns.map((name) => [name, new Uint16Array(bytesOf(row[name]))]);
  const timed = timeColumns.map((name) => [name, new Float64Array(bytesOf(row[name]))]);
  const closed = new Uint16Array(bytesOf(row.closed));
  const columns = Object.fromEntries([...coded, ...timed]);
  return { day, version, count, words, agents, closed, ...columns } as DayTable;
}
