import type { AppContext } from '../../context.ts';
import { isInline } from '../files/content.ts';
import { loadFile } from '../files/read.ts';
import { type Entry, isOfMessage, type LogId, type Message, type Ticket } from '../log/entry.ts';
import type { Snapshot } from '../log/message-reads.ts';
import { readEntries } from '../log/reads.ts';
import { escapeHtml } from './page.ts';
import { renderInBackground } from './rendering.ts';

const PAGE = 500;
/** Images up to this size are shown in place, in bytes. */
const MAX_IMAGE = 1024 * 1024;
/** All of them together, as they stand in the file. */
const MAX_IMAGES = 6 * 1024 * 1024;
/** What stands around the entries of a file, and around each of them, in bytes: at most. */
const AROUND_FILE = 8 * 1024;
const AROUND_ENTRY = 1024;

export interface TranscriptFile {
  name: string;
  data: Buffer;
}

/** The entries of one file: those above `after`, up to `upTo`. */
interface Range {
  after: number;
  upTo: number;
}

export interface TranscriptPlan {
  /** The files there will be. */
  count: number;
  /** Makes them one after the other: never more than one is held at a time. */
  files(): AsyncGenerator<TranscriptFile>;
}

/** The pages of a log in a range, in order. */
async function* readPages(
  ctx: AppContext,
  log: LogId,
  { after, upTo }: Range,
): AsyncGenerator<Entry[]> {
  for (let seq = after; seq < upTo; ) {
    const page = await readEntries(ctx.db, log, { after: seq, upTo, limit: PAGE });
    const last = page.at(-1);
    if (!last) return;
    yield page;
    seq = last.seq;
  }
}

type File = Message['files'][number];

const filesOf = (entry: Entry): File[] => (isOfMessage(entry) ? (entry.files ?? []) : []);

const textsOf = (entry: Entry): string[] =>
  isOfMessage(entry) ? [entry.content ?? ''] : [JSON.stringify(entry.changes ?? {})];

/** What an entry adds to a file, in bytes: never less than it will. */
function sizeOf(entry: Entry): number {
  const files = filesOf(entry);
  const texts = [entry.author.name, ...textsOf(entry)];
  // A file's name stands there twice where it is an image.
  const names = files.flatMap(({ name, type }) => [name, name, type]);
  const bytes = [...texts, ...names].map((text) => Buffer.byteLength(escapeHtml(text)));
  const around = AROUND_ENTRY * (1 + files.length);
  return bytes.reduce((sum, more) => sum + more, around);
}

/** The small images of a log as `data:` addresses, until there is enough of them. */
async function readImages(ctx: AppContext, files: Iterable<File>): Promise<Map<string, string>> {
  const images = new Map<string, string>();
  let room = MAX_IMAGES;
  for (const file of files) {
    const size = Math.ceil(file.size / 3) * 4;
    if (!isInline(file.type) || file.size > MAX_IMAGE || size > room) continue;
    const bytes = await loadFile(ctx, file.id).catch(() => undefined);
    if (!bytes) continue;
    images.set(file.id, `data:${file.type};base64,${bytes.toString('base64')}`);
    room -= size;
  }
  return images;
}

export const fileName = (ticket: Ticket, part?: string) =>
  `transcript-${String(ticket.number).padStart(4, '0')}${part ? `-${part}` : ''}.html`;

/** Cuts the log into what fits one file each, reading it once and keeping none of it. */
async function planRanges(
  ctx: AppContext,
  ticket: Ticket,
  { log, head }: Snapshot,
  maxBytes: number,
) {
  const room = maxBytes - AROUND_FILE - 6 * Buffer.byteLength(ticket.description + ticket.topic);
  const ranges: Range[] = [];
  const files = new Map<string, File>();
  let range: Range = { after: 0, upTo: 0 };
  let bytes = 0;
  for await (const page of readPages(ctx, log, { after: 0, upTo: head })) {
    for (const entry of page) {
      const size = sizeOf(entry);
      if (bytes + size > room && range.upTo > range.after) {
        ranges.push(range);
        range = { after: range.upTo, upTo: range.upTo };
        bytes = 0;
        // Images stand in a transcript of one file only.
        files.clear();
      }
      range.upTo = entry.seq;
      bytes += size;
      if (ranges.length > 0) continue;
      for (const file of filesOf(entry)) files.set(file.id, file);
    }
  }
  return { ranges: [...ranges, range], files: files.values(), bytes };
}

type Render<T> = (part: readonly T[]) => Promise<Buffer>;

/** Entries as pages that are each small enough, in order; halved until they are. */
export async function split<T>(
  entries: readonly T[],
  maxBytes: number,
  render: Render<T>,
): Promise<Buffer[]> {
  const page = await render(entries);
  if (page.length <= maxBytes || entries.length <= 1) return [page];
  const middle = Math.ceil(entries.length / 2);
  const before = await split(entries.slice(0, middle), maxBytes, render);
  return [...before, ...(await split(entries.slice(middle), maxBytes, render))];
}

/**
 * The transcript of one of a ticket's logs, made from our own database; that of the internal one is for
 * staff alone, and a file of its own. One file with the images; where it would be larger than
 * `maxBytes` the images stay out, and a log that is too long even then becomes several files. The same
 * log up to `head` is always cut in the same places.
 */
export async function planTranscript(
  ctx: AppContext,
  ticket: Ticket,
  snapshot: Snapshot,
  maxBytes: number,
): Promise<TranscriptPlan> {
  const { log } = snapshot;
  const isStaffs = log.stream === 'internal';
  const { ranges, files, bytes } = await planRanges(ctx, ticket, snapshot, maxBytes);
  const isOne = ranges.length === 1;
  const room = maxBytes - AROUND_FILE - bytes;
  const madeAt = ctx.clock();
  return {
    count: ranges.length,
    async *files() {
      let images = isOne ? await readImages(ctx, files) : new Map<string, string>();
      const size = [...images.values()].reduce((sum, { length }) => sum + length, 0);
      if (size > room) images = new Map();
      for (const [nth, range] of ranges.entries()) {
        const entries: Entry[] = [];
        for await (const page of readPages(ctx, log, range)) entries.push(...page);
        const data = await renderInBackground({ ticket, entries, images, madeAt });
        const part = isOne ? '' : String(nth + 1);
        const parts = [isStaffs ? 'notes' : '', part].filter((one) => one !== '');
        yield { name: fileName(ticket, parts.join('-')), data };
      }
    },
  };
}
