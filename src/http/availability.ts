import { readAvailability } from '../domain/availability/availability.ts';
import { AVAILABILITY_AGE_MS } from '../domain/availability/cache.ts';
import { getCalendar, setCalendar } from '../domain/calendar/calendar.ts';
import type { Handlers } from './endpoint.ts';
import { noContent, sendJson } from './reply.ts';

export const availabilityHandlers = {
  /** Anybody may ask, so it is answered from memory for as long as a browser may keep it. */
  async availability(ctx, { res }) {
    const seconds = AVAILABILITY_AGE_MS / 1000;
    sendJson(res, 200, await readAvailability(ctx), {
      'Cache-Control': `public, max-age=${seconds}`,
    });
  },
  async getCalendar({ ctx, actor }) {
    return { status: 200, body: await getCalendar(ctx, actor) };
  },
  async setCalendar({ ctx, actor, body }) {
    await setCalendar(ctx, actor, body);
    return { status: 200, body };
  },
  async removeCalendar({ ctx, actor }) {
    await setCalendar(ctx, actor, null);
    return noContent;
  },
} satisfies Partial<Handlers>;
