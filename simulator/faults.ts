import type { BodyText } from './body-text.ts';
import { invalidField } from './errors.ts';
import {
  anything,
  bool,
  choice,
  type Field,
  integer,
  object,
  optional,
  text,
  validate,
} from './validation/fields.ts';

const number: Field<number> = (value, errors) => {
  if (typeof value === 'number' && value >= 0) return value;
  errors.add('NUMBER_TYPE_COERCE', `Value "${String(value)}" is not a number.`);
  return 0;
};

/** A fault that strikes REST and CDN calls. */
const callFault = object({
  kind: choice('status', 'delay', 'hang', 'stall', 'reset', 'rate-limit', 'delete-message'),
  /** Any method when left out. */
  method: optional(text()),
  /** Regular expression tried on the path without its query; any path when left out. */
  path: optional(text()),
  /** Regular expressions tried on the texts of the body; see `BodyText`. */
  content: optional(text()),
  embed: optional(text()),
  file: optional(text()),
  body: optional(text()),
  /** The same as `body`, but a plain part of a text. */
  contains: optional(text()),
  /** "bot" or "people"; both when left out. */
  who: optional(choice('bot', 'people')),
  /** How many calls it strikes; for good when left out. */
  times: optional(integer({ min: 1 })),
  /** How many matching calls pass first. */
  skip: optional(integer({ min: 0 })),
  /** Before the call has an effect, or after it had. */
  when: optional(choice('before', 'after')),
  status: optional(integer({ min: 400, max: 599 })),
  code: optional(integer()),
  message: optional(text()),
  errors: optional(anything),
  /** The whole body of the answer; a text goes out as HTML, as a proxy's page does. */
  answer: optional(anything),
  /** How long a delay is, or how long an error takes. */
  ms: optional(integer({ min: 0 })),
  retry_after: optional(number),
  scope: optional(choice('user', 'global', 'shared')),
  /** Leaves the Retry-After header out of a 429. */
  without_header: optional(bool),
});

export type CallFault = ReturnType<typeof callFault> & { id: number; hits: number };

/** A call as far as faults look at it. */
export interface Struck {
  method: string;
  path: string;
  isBot: boolean;
  text: BodyText;
}

const BODY_PATTERNS = ['content', 'embed', 'file', 'body'] as const;

/** The faults that are set, in the order they were added. */
export class Faults {
  private list: CallFault[] = [];
  private next = 1;

  add(body: unknown): CallFault {
    const read = validate(callFault, body, true);
    for (const key of ['path', ...BODY_PATTERNS] as const) checkPattern(key, read[key]);
    const fault = { ...read, id: this.next++, hits: 0 };
    this.list.push(fault);
    return fault;
  }

  all(): CallFault[] {
    return this.list;
  }

  clear(): void {
    this.list = [];
  }

  /** The faults that strike this call; each counts it, and those used up are taken off the list. */
  strike(call: Struck): CallFault[] {
    const struck: CallFault[] = [];
    for (const fault of this.list) {
      if (!concerns(fault, call)) continue;
      fault.hits += 1;
      if (fault.hits > (fault.skip ?? 0)) struck.push(fault);
    }
    this.list = this.list.filter((f) => f.times === undefined || f.hits < f.times + (f.skip ?? 0));
    return struck;
  }
}

function concerns(fault: CallFault, { method, path, isBot, text }: Struck): boolean {
  const { contains } = fault;
  if (fault.method !== undefined && fault.method.toUpperCase() !== method) return false;
  if (fault.path !== undefined && !new RegExp(fault.path).test(path)) return false;
  if (fault.who !== undefined && (fault.who === 'bot') !== isBot) return false;
  if (contains !== undefined && !text.body.some((one) => one.includes(contains))) return false;
  return BODY_PATTERNS.every((key) => {
    const pattern = fault[key];
    if (pattern === undefined) return true;
    return text[key].some((one) => new RegExp(pattern).test(one));
  });
}

/** Refuses a text that is no regular expression. */
export function checkPattern(field: string, pattern: string | undefined): void {
  try {
    new RegExp(pattern ?? '');
  } catch {
    throw invalidField([field], 'INVALID_PATTERN', 'Not a regular expression.');
  }
}
