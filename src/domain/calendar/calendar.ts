import type { AppContext } from '../../context.ts';
import type { Calendar } from '../../contract/calendar.ts';
import type { Actor } from '../access/actor.ts';
import { requireRight } from '../access/policy.ts';
import { majority, native } from '../log/collections.ts';
import { storeSetting } from '../settings.ts';
import { createWatched, type WatchDeps, type Watched } from '../watched.ts';

const calendarSetting = 'calendar';

export type WatchedCalendar = Watched<Calendar | undefined>;

export function createWatchedCalendar(deps: WatchDeps): WatchedCalendar {
  return createWatched(deps, calendarSetting, async () => {
    const row = await native(deps.db.settings).findOne(
      { _id: calendarSetting },
      { readConcern: majority },
    );
    return (row?.value as Calendar | null | undefined) ?? undefined;
  });
}

/**
 * The working hours, from memory; undefined where none are set: always open. The same object until they
 * change, so that what is worked out of it is remembered with it.
 */
export async function readCalendar(ctx: AppContext): Promise<Calendar | undefined> {
  return ctx.desk.calendar.get();
}

export async function getCalendar(ctx: AppContext, actor: Actor): Promise<Calendar | null> {
  requireRight(ctx.config, actor, 'set_calendar', undefined);
  return (await readCalendar(ctx)) ?? null;
}

/** @param calendar null for none: always open */
export async function setCalendar(
  ctx: AppContext,
  actor: Actor,
  calendar: Calendar | null,
): Promise<void> {
  requireRight(ctx.config, actor, 'set_calendar', undefined);
  await storeSetting(ctx, calendarSetting, calendar);
  await ctx.desk.calendar.changed();
}
