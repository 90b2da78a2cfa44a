import type { Config } from '../../src/config.ts';

/** Text that begins with this is a note, for staff only. */
const INTERNAL_NOTE = '//';

/**
 * A note's text without the mark that makes it one. Where more than the mark stands before the text
 * proper, or nothing behind it, all of it is kept.
 */
export function withoutNoteMark(text: string): string {
  const rest = text.replace(/^\s*\/\/(?!\/)[ \t]*/, '');
  return rest.trim() === '' ? text : rest;
}

/** Which of staff's plain messages are the customer's: all of them, or none but those that say so. */
export type ReplyMode = Config['replyMode'];

/** In the mode `reply`, text that begins with this is for the customer; `!!!` is only an exclamation. */
const replyMark = /^\s*!!(?!!)[ \t]*/;

/** A reply's text without the mark that makes it one. */
export function withoutReplyMark(text: string): string {
  return text.replace(replyMark, '');
}

/** Nothing that a reader sees: white space, controls, format characters, fillers, variation selectors. */
const invisible = /^(?:[\s\p{Cc}\p{Cf}\p{Zs}\u115f\u1160\u2800\u3164\uffa0]|\p{Mn})+/u;
/** Mentions, emojis of the server and timestamps. */
const reference = /^(?:<(?:@[!&]?|#|a?:\w+:|t:-?|\/[^:>]+:|id:)[\w:-]*>|@everyone|@here)/u;
/** Bold, italics, code, spoilers, escapes, quotes, headings, lists. */
const markup = /^[*_~|`\\>#-]/u;

/** Takes off what may stand before the text proper of a line without being part of it. */
function bareLine(line: string): string {
  for (let rest = line; ; ) {
    const found = invisible.exec(rest) ?? reference.exec(rest) ?? markup.exec(rest);
    if (!found) return rest;
    rest = rest.slice(found[0].length);
  }
}

/**
 * Whether staff meant a message for each other: its text proper begins with `//`, whatever invisible
 * characters, markup, mentions or quoted lines come first. Decided towards keeping it in: the mark shows
 * the writer what became of it, while what has reached a customer cannot be unseen.
 */
export function isInternalNote(content: string): boolean {
  for (const line of content.split('\n')) {
    const bare = bareLine(line);
    if (bare.slice(0, 2).normalize('NFKC').startsWith(INTERNAL_NOTE)) return true;
    const isQuoted = line.replace(invisible, '').startsWith('>');
    if (bare !== '' && !isQuoted) return false;
  }
  return false;
}

/** What a text itself says of whom it is for: `//`, `!!`, or nothing. */
export type Marking = 'note' | 'reply' | 'plain';

/**
 * How a text is marked. The mark of a reply has to be the very first thing and counts in the mode `reply`
 * alone; that of a note counts behind it, too: again towards keeping a message in.
 */
export function markingOf(content: string, mode: ReplyMode): Marking {
  if (isInternalNote(withoutReplyMark(content))) return 'note';
  return mode === 'reply' && replyMark.test(content) ? 'reply' : 'plain';
}

/** Whether a message stays with staff: its text says so, or in the mode `reply` does not say otherwise. */
export function isForStaff(marking: Marking, mode: ReplyMode): boolean {
  return marking === 'note' || (marking === 'plain' && mode === 'reply');
}

/** Damerau-Levenshtein distance: insertions, deletions, substitutions, neighbours swapped. */
function distance(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, i) => [i]);
  const at = (i: number, j: number) => rows[i]?.[j] ?? 0;
  for (let j = 0; j <= b.length; j++) (rows[0] as number[])[j] = j;
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + cost);
      if (a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        least = Math.min(least, at(i - 2, j - 2) + 1);
      }
      (rows[i] as number[])[j] = least;
    }
  }
  return at(a.length, b.length);
}

const MAX_COMMAND = 32;

/**
 * The command that a message was meant to be: typed as text instead of being picked from Discord's list,
 * perhaps with a slip. The same name, or one letter away from it.
 */
export function typedCommand(content: string, names: Iterable<string>): string | undefined {
  const text = bareLine(content.normalize('NFKC').trimStart());
  const word = /^\/([\p{L}\p{N}_-]+)(?=\s|$)/u.exec(text)?.[1]?.toLowerCase();
  if (!word || word.length > MAX_COMMAND) return undefined;
  for (const name of names) if (distance(word, name) <= 1) return name;
  return undefined;
}
