import type { CountView } from '../../contract/reports.ts';
import { nextDay, startOfDay } from './days.ts';

/** Filters of `GET /tickets`; null where it has none that says the same. */
export type Link = Record<string, string | number> | null;

export function countOf(count: number, link: Link): CountView {
  if (!link) return { count, tickets_url: null };
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(link)) query.set(name, String(value));
  const asked = query.toString();
  return { count, tickets_url: asked ? `/api/v1/tickets?${asked}` : '/api/v1/tickets' };
}

/** The tickets opened from one day to another, both included. */
export function openedIn(zone: string, from: string, to: string) {
  return { created_from: startOfDay(zone, from), created_to: startOfDay(zone, nextDay(to)) - 1 };
}

/** The tickets that ended on a day. */
export function endedOn(zone: string, day: string) {
  return { closed_from: startOfDay(zone, day), closed_to: startOfDay(zone, nextDay(day)) - 1 };
}
