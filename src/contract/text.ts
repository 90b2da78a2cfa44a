import { z } from 'zod';

/** Length in Unicode code points, as every limit of the contract counts it. */
export function countCodePoints(text: string): number {
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0xdc00 || unit > 0xdfff) count++;
  }
  return count;
}

/**
 * What shows nothing: white space and other separators, controls, format characters (zero-width,
 * direction marks, soft hyphen), characters to be ignored by default (fillers, variation selectors),
 * the empty Braille pattern, lone surrogates, and code points that are no characters.
 */
const visible = /[^\s\p{Z}\p{Cc}\p{Cf}\p{Cs}\p{DI}\p{NChar}\u2800]/u;

/** True where a reader would see nothing at all. */
export function isBlank(text: string): boolean {
  return !visible.test(text);
}

export interface TextRule {
  /** In code points. */
  max: number;
  /** True where the text may be empty: that of a message with files. */
  empty?: boolean;
}

export interface TextProblem {
  /** Stable, for programs. */
  type: 'too_short' | 'too_long' | 'lone_surrogate' | 'blank';
  message: string;
  context?: unknown;
}

/** What is wrong with a text, or nothing; the one rule for every text on every door. */
export function checkText(text: string, { max, empty = false }: TextRule): TextProblem | undefined {
  if (text.length === 0) {
    if (empty) return undefined;
    return { type: 'too_short', message: 'must not be empty', context: { min: 1 } };
  }
  if (!text.isWellFormed()) {
    return { type: 'lone_surrogate', message: 'is not well-formed Unicode' };
  }
  if (isBlank(text)) return { type: 'blank', message: 'must have something visible' };
  if (text.length > max && countCodePoints(text) > max) {
    return { type: 'too_long', message: `must be at most ${max} characters`, context: { max } };
  }
  return undefined;
}

/**
 * Text of 1 to `max` code points with something visible in it. Only where `trim` says so is it
 * trimmed; the rest is kept exactly as sent.
 */
export function text({ trim = false, ...rule }: TextRule & { trim?: boolean }) {
  const base = z.string();
  return (trim ? base.trim() : base).superRefine((value, refinement) => {
    const problem = checkText(value, rule);
    if (!problem) return;
    const { type, message, context } = problem;
    refinement.addIssue({ code: 'custom', message, params: { type, context } });
  });
}

/** Takes what is not seen out of a text, but for the joiners that scripts and emoji need. */
export function stripHidden(value: string): string {
  return value.replace(hidden, '');
}

/** Controls, direction marks and all else that is not seen, but for the joiners that scripts and emoji need. */
const hidden = /(?!\u200c|\u200d|\ufe0f)[\p{Cc}\p{Cf}\p{Cs}\p{DI}\p{Zl}\p{Zp}\p{NChar}\u2800]/gu;
/** What only we say of somebody: it stands behind the names of staff and of the bot. */
const ownTag = /\([^()]*\b(?:staff|system)\b[^()]*\)/gi;

/**
 * A name as it is shown and stored: on one line, with nothing unseen in it, and for a customer without
 * the tags that tell staff from customers: `(staff)` becomes `[staff]`.
 */
export function displayName(name: string, side: 'customer' | 'staff'): string {
  const clean = stripHidden(name).replace(/\s+/gu, ' ').trim();
  if (side === 'staff') return clean || 'staff';
  const plain = stripJoiners(clean).normalize('NFKC');
  const isTagged = plain.search(ownTag) >= 0;
  const shown = isTagged ? plain.replace(ownTag, (tag) => `[${tag.slice(1, -1)}]`) : clean;
  return shown || 'customer';
}

function stripJoiners(text: string): string {
  return text.replace(/\u200c|\u200d|\ufe0f/gu, '');
}
