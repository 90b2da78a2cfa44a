import type { AppContext } from '../../context.ts';
import { systemActor } from '../access/actor.ts';
import { shiftDay } from '../reports/days.ts';
import { reportAgents, reportSla, reportTickets } from '../reports/reports.ts';
import type { Slot } from './slots.ts';

/** How many names a digest has of each kind. */
const NAMES = 3;
const DAYS = 7;

/** What became of the tickets that were opened in a week, and how many ended in it. */
export interface WeekNumbers {
  opened: number;
  closed: number;
  /** Medians, in milliseconds; null where there is none. */
  first_response: number | null;
  resolution: number | null;
  /** Promises broken: of the first answer and of the resolution. */
  breaches: number;
  rating: { count: number; average: number | null };
}

/** The numbers of the seven days before a slot, and of the seven before those. */
export interface Digest {
  /** When it was due, milliseconds since 1970. */
  slot: number;
  /** The first and the last day. */
  from: string;
  to: string;
  week: WeekNumbers;
  before: WeekNumbers;
  /** The busiest first; the empty name is of tickets without a category. */
  categories: { name: string; count: number }[];
  /** Whoever has most tickets first. */
  agents: { name: string; count: number }[];
}

async function numbersOf(ctx: AppContext, from: string, to: string) {
  const query = { from, to };
  const [tickets, sla] = await Promise.all([
    reportTickets(ctx, systemActor, query),
    reportSla(ctx, systemActor, query),
  ]);
  const { total, per_day, first_response, resolution, rating, by_category, as_of } = tickets;
  const week: WeekNumbers = {
    opened: total.count,
    closed: per_day.reduce((sum, { closed }) => sum + closed.count, 0),
    first_response: first_response.median,
    resolution: resolution.median,
    breaches: sla.first_response.breached + sla.resolution.breached,
    rating,
  };
  return { week, by_category, as_of };
}

/**
 * The digest that is due at a slot.
 * @returns undefined while the statistics are older than the slot
 * @throws AppError SERVICE_UNAVAILABLE (the statistics are not made yet)
 */
export async function makeDigest(ctx: AppContext, { at, day }: Slot): Promise<Digest | undefined> {
  const [from, to] = [shiftDay(day, -DAYS), shiftDay(day, -1)];
  const [now, before, people] = await Promise.all([
    numbersOf(ctx, from, to),
    numbersOf(ctx, shiftDay(from, -DAYS), shiftDay(to, -DAYS)),
    reportAgents(ctx, systemActor, { from, to }),
  ]);
  if (Math.min(now.as_of, before.as_of, people.as_of) < at) return undefined;
  const categories = Object.entries(now.by_category)
    .map(([name, { count }]) => ({ name, count }))
    .sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1))
    .slice(0, NAMES);
  const agents = people.agents
    .slice(0, NAMES)
    .map(({ name, handled }) => ({ name, count: handled.count }));
  return { slot: at, from, to, week: now.week, before: before.week, categories, agents };
}
