/** Discord's limit for a message, in characters; counted here in UTF-16 units, which is never fewer. */
export const MAX_CONTENT = 2000;

const directionMarks = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
const controls = /[\u0000-\u0008\u000b-\u001f\u007f]/g;
const fence = /```(?:([A-Za-z0-9_+#.-]{1,20})\n)?((?:(?!```)[\s\S])+)```/g;
const url = /https?:\/\/[^\s<>\\`]+/g;

/** Takes out what turns text around or is not text at all. */
function strip(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(directionMarks, '').replace(controls, '');
}

/** Escapes what Discord would take for markup inside a line. */
function escapeInline(text: string): string {
  return text
    .replace(/\\/g, '\\\\')
    .replace(/[*`]/g, '\\$&')
    .replace(/(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g, '\\_')
    .replace(/~{2,}|\|{2,}/g, (run) => run.replace(/./g, '\\$&'))
    .replace(/<(?=[@#/:]|a:|t:|id:)/g, '\\<');
}

/** Escapes what Discord takes for markup at the start of a line: headings, quotes, subtext, lists. */
function escapeLineStarts(text: string): string {
  return text
    .replace(/^([ \t]*)([#>]|-(?=#|\s))/gm, '$1\\$2')
    .replace(/^([ \t]*\d+)([.)])(?=[ \t])/gm, '$1\\$2');
}

/** Text outside code blocks as Discord will show it letter for letter; bare links stay links. */
function escapeText(text: string): string {
  const masked = /\]\s*\(/.test(text);
  let escaped = '';
  let from = 0;
  const add = (part: string) => {
    const inline = escapeInline(part);
    escaped += masked ? inline.replace(/\[/g, '\\[') : inline;
  };
  for (const found of text.matchAll(url)) {
    add(text.slice(from, found.index));
    escaped += found[0];
    from = found.index + found[0].length;
  }
  add(text.slice(from));
  return escapeLineStarts(escaped);
}

/** Text on one line, shown letter for letter, with a mark where something was left out. */
export function oneLine(text: string, max: number): string {
  return escapeText(shorten(strip(text).replace(/\s+/g, ' ').trim(), max));
}

/** The whole of a topic, as far as Discord shows it in a title. */
export const MAX_TOPIC = 256;

/** What stands behind the names of staff, and so may not be a part of anybody's name. */
const tagInName = /[(（⁽₍﹙[{<]\s*(staff|system|edited)\s*[)）⁾₎﹚\]}>]/giu;

/** A name as one word of a line: no markup, no line breaks, nothing invisible, nobody else's tag. */
export function escapeName(name: string, max = 100): string {
  const visible = strip(name)
    .replace(/[\p{Cf}\p{Zl}\p{Zp}]/gu, '')
    .normalize('NFKC')
    .replace(tagInName, '“$1”')
    .replace(/\s+/g, ' ')
    .trim();
  return escapeInline(shorten(visible, max)).replace(/[[\]]/g, '\\$&') || 'Customer';
}

interface Segment {
  code: boolean;
  /** First line of a code block, such as "```js". */
  opener: string;
  text: string;
}

/** Cuts text into what stands in code blocks and what does not, both made harmless. */
function segmentsOf(text: string): Segment[] {
  const clean = strip(text);
  const segments: Segment[] = [];
  const addText = (part: string) => {
    if (part.length > 0) segments.push({ code: false, opener: '', text: escapeText(part) });
  };
  let from = 0;
  for (const found of clean.matchAll(fence)) {
    addText(clean.slice(from, found.index));
    const body = (found[2] as string).replace(/^\n|\n$/g, '');
    segments.push({ code: true, opener: `\`\`\`${found[1] ?? ''}`, text: body });
    from = found.index + found[0].length;
  }
  addText(clean.slice(from));
  return segments;
}

/**
 * What people outside wrote, with everything that could pass for somebody else's words or the bot's
 * own notes taken out of its markup: names, lists, quotes, links with a false face. Code blocks stay.
 */
export function neutralise(text: string): string {
  let whole = '';
  for (const { code, opener, text: body } of segmentsOf(text)) {
    if (!code) whole += body;
    // On a line of its own: what stands before it, such as a link, must not swallow the fence.
    else whole += `${whole === '' || whole.endsWith('\n') ? '' : '\n'}${opener}\n${body}\n\`\`\``;
  }
  return whole;
}

const linkHere = new RegExp(url.source, 'y');

/**
 * The last place at or before `limit` at which a line may be cut: at a space, or else between
 * characters; before a link that would be cut and fits into `most`.
 */
function cutAt(line: string, limit: number, most: number): number {
  const space = line.lastIndexOf(' ', limit - 1);
  const at = space > limit / 2 ? space + 1 : cutBefore(line, limit);
  const start = line.lastIndexOf('http', at - 1);
  if (start < 0 || at - start > most) return at;
  linkHere.lastIndex = start;
  const [link = ''] = linkHere.exec(line) ?? [];
  const isCut = start + link.length > at && link.length <= most;
  return isCut ? start : at;
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
/** What people see as one character is shorter; a longer run of marks may be cut. */
const LONGEST_GRAPHEME = 100;

/**
 * The last place at or before `limit` that is not within what people see as one character, nor within
 * an escaped one.
 */
function cutBefore(line: string, limit: number): number {
  let at = limit;
  const unit = line.charCodeAt(at);
  if (unit >= 0xdc00 && unit <= 0xdfff) at--;
  // Clusters are found from a place that is between two of them: an ASCII character.
  let from = at;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII is meant
  while (from > 0 && !/[\u0000-\u007f]/.test(line[from - 1] as string)) from--;
  const around = line.slice(Math.max(0, from - 1), at + LONGEST_GRAPHEME);
  const cluster = graphemes.segment(around).containing(at - Math.max(0, from - 1));
  const start = cluster ? Math.max(0, from - 1) + cluster.index : at;
  if (at - start <= LONGEST_GRAPHEME && start > 0) at = start;
  let slashes = 0;
  while (line[at - 1 - slashes] === '\\') slashes++;
  return slashes % 2 === 1 ? at - 1 : at;
}

/** Around a piece of a code block: its opener and its end, at most. */
const FENCES = 40;

/** Collects lines into chunks of at most `limit` characters. */
function createChunks(limit: number) {
  const chunks: string[] = [];
  let chunk = '';
  const flush = () => {
    if (chunk.trim().length > 0) chunks.push(chunk);
    chunk = '';
  };
  /** Adds pieces that end where a line may end; `around` is repeated in every chunk it spreads over. */
  const add = (text: string, opener: string) => {
    const closer = opener ? '\n```' : '';
    const start = () =>
      opener ? `${chunk === '' || chunk.endsWith('\n') ? '' : '\n'}${opener}\n` : '';
    const whole = start() + text + closer;
    if (chunk.length + whole.length <= limit) {
      chunk += whole;
      return;
    }
    if (opener && `${opener}\n${text}${closer}`.length <= limit) {
      flush();
      chunk = `${opener}\n${text}${closer}`;
      return;
    }
    let rest = text;
    if (opener && chunk.length > limit / 2) flush();
    while (rest.length > 0) {
      const prefix = start();
      const room = limit - chunk.length - prefix.length - closer.length;
      if (rest.length <= room) {
        chunk += prefix + rest + closer;
        return;
      }
      const line = rest.lastIndexOf('\n', room - 1) + 1;
      const mayFlush = chunk.length > limit / 2;
      const found = line > 0 ? line : mayFlush ? 0 : cutAt(rest, room, limit - FENCES);
      const at = found === 0 && chunk === '' ? room : found;
      if (at > 0) chunk += prefix + rest.slice(0, at) + closer;
      rest = rest.slice(at);
      flush();
    }
  };
  return {
    add,
    end(): string[] {
      flush();
      return chunks;
    },
  };
}

/**
 * Cuts text into pieces that are harmless each for itself and fit one message with a header of
 * `header` characters. A code block is moved whole to the next piece, or closed and opened again.
 */
export function splitText(text: string, header: number): string[] {
  const pieces = createChunks(MAX_CONTENT - header);
  for (const { code, opener, text: body } of segmentsOf(text)) pieces.add(body, code ? opener : '');
  return pieces.end();
}

export interface Speech {
  name: string;
  /** Written by staff, or by this server, rather than by the customer; or a note, for staff alone. */
  tag?: 'staff' | 'system' | 'note';
  text: string;
  /** Shown where the first version was never seen in the channel. */
  edited?: boolean;
}

/** How a note begins; a message begins with its author's name, and so never like this. */
export const NOTE_MARK = '📝 **note** · ';

function headersOf({ name, tag, edited }: Omit<Speech, 'text'>): { who: string; first: string } {
  const bold = `**${escapeName(name)}**`;
  const who = tag === 'note' ? `${NOTE_MARK}${bold}` : tag ? `${bold} (${tag})` : bold;
  return { who, first: edited ? `${who} (edited)` : who };
}

/**
 * A message as the channel shows it, in as many parts as it takes. Every part begins with the bold
 * name, so that nothing in the text can pass for the start of another one.
 */
export function speechParts(speech: Speech): string[] {
  const { who, first } = headersOf(speech);
  const pieces = splitText(speech.text, first.length + 10);
  if (pieces.length === 0) return [`${first}:`];
  return pieces.map((piece, part) => {
    const header = part === 0 ? `${first}:` : `${who} (${part + 1}):`;
    return `${header}${piece.startsWith('```') ? '\n' : ' '}${piece.trimEnd()}`;
  });
}

/**
 * The same parts as they stand under their author's own name, which says who speaks. Each goes with the part
 * of `speechParts` at its place, so that a message may change from one way to the other in its middle.
 */
export function bareParts(speech: Speech): string[] {
  const prefix = speech.edited ? `${systemLine('(edited)')}\n` : '';
  const pieces = splitText(speech.text, headersOf(speech).first.length + 10);
  if (pieces.length === 0) return [prefix.trimEnd()];
  return pieces.map((piece, part) => (part === 0 ? prefix : '') + piece.trimEnd());
}

/** How a line of the bot's own begins. */
export const SYSTEM_LINE = '-# ';

/** A line of the bot's own, in a style that people outside cannot write. */
export function systemLine(text: string): string {
  return SYSTEM_LINE + text.replace(/\n/g, ' ');
}

/** What ends a post that stands for words which Discord does not take in any form. */
export const NOT_TAKEN = '*(Discord does not take this message; the ticket has it)*';
/** What the last line of a post begins with that is without some files. */
export const NOT_SHOWN = 'Not shown here: ';

/** True for a post that says itself that it does not show all; what people write is escaped, and does not. */
export function saysItIsPartial(content: string): boolean {
  const last = content.slice(content.lastIndexOf('\n') + 1);
  return last.endsWith(NOT_TAKEN) || last.startsWith(systemLine(NOT_SHOWN));
}

/** The first characters of a text, with a mark where something was left out. */
export function shorten(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, cutBefore(text, max - 1))}…`;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** A length of time in words: minutes, or hours from two of them on. */
export function inWords(ms: number | null): string {
  if (ms === null) return '—';
  return ms < 2 * HOUR ? `${Math.round(ms / MINUTE)} min` : `${Math.round(ms / HOUR)} h`;
}
