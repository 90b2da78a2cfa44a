import type { Simulator } from './simulator.ts';
import {
  anything,
  bool,
  choice,
  integer,
  list,
  object,
  optional,
  text,
} from './validation/fields.ts';

/** What a fault that acts at once may say. */
export const actBody = object({
  kind: text(),
  /** "bot", "people" or a user id; everybody when left out. */
  who: optional(text()),
  code: optional(integer({ min: 1000, max: 4999 })),
  ms: optional(integer({ min: 0 })),
  times: optional(integer({ min: 1 })),
  resumable: optional(bool),
  events: optional(list(text())),
  settings: optional(anything),
  channel_id: optional(text()),
  message_id: optional(text()),
  /** Which server it is about; the first when left out. */
  guild_id: optional(text()),
  /** Text and name of the copy a proxy makes. */
  content: optional(text()),
  name: optional(text()),
  /** What a proxy does first. */
  first: optional(choice('delete', 'post')),
});

/** Something that happens at once, on the gateway or to what the simulator knows. */
export type Act = (sim: Simulator, given: ReturnType<typeof actBody>) => void;
