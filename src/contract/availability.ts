import { z } from 'zod';
import { calendarView } from './calendar.ts';
import { millis } from './ids.ts';

/** Whether somebody may be expected to answer. Names nobody. */
export const availabilityView = z.object({
  open: z.boolean().describe('By the working hours; true where none are set.'),
  opens_at: millis.exactOptional().describe('Where it is closed: when it opens again.'),
  timezone: z.string(),
  hours: calendarView.shape.weekly.nullable().describe('Null: no working hours are set.'),
  holidays: z.array(z.string()).describe('Those to come.'),
  staff_online: z.boolean(),
  expected_reply_ms: z
    .int()
    .nullable()
    .describe('The median of the recent first responses; null while it is not known.'),
});
export type AvailabilityView = z.infer<typeof availabilityView>;
