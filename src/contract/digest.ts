import { z } from 'zod';
import { weekdays } from './calendar.ts';
import { millis } from './ids.ts';

/** When the digest of the week is due, by the clock on the wall of the calendar's time zone. */
export const digestTime = z
  .string()
  .regex(
    new RegExp(`^(?:off|(?:${weekdays.join('|')}) (?:[01]\\d|2[0-3]):[0-5]\\d)$`),
    'must be a day and a time as mon 09:00, or off',
  );

export const setDigestBody = z.object({ at: digestTime });
export type SetDigestBody = z.infer<typeof setDigestBody>;

export const digestSettingsView = z.object({
  at: z.string().describe('`mon 09:00`, or `off`.'),
  is_default: z.boolean().describe('True where it is that of the environment.'),
  next_at: millis.nullable().describe('When the next one is due; null for never.'),
});
export type DigestSettingsView = z.infer<typeof digestSettingsView>;
