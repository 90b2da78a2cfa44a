import type { AppContext } from '../../context.ts';
import { type Entry, isOfMessage, type LogId, type Message, type Ticket } from '../log/entry.ts';
import type { Snapshot } from '../log/message-reads.ts';
import { readEntries } from '../log/reads.ts';
import { chooseImages, linkOf, linksOf, MAX_IMAGES, readImages } from './assets.ts';
import { foldEntries } from './fold.ts';
import { escapeHtml } from './html.ts';
import { footerOf, renderClosing, renderOpening } from './page.ts';
import { renderInBackground } from './rendering.ts';

const PAGE = 500;
/** What stands around each entry of a file, in bytes: at most. */
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
  isOfMessage(entry)
    ? [entry.content ?? '']
    : [JSON.stringify(entry.changes ?? {}), entry.comment ?? '', entry.ticket.close_reason ?? ''];

/** What an entry adds to a file, in bytes: never less than it will. */
function sizeOf(ctx: AppContext, entry: Entry): number {
  const files = filesOf(entry);
  const texts = [entry.author.name, ...textsOf(entry)];
  // A file's name stands there twice where it is an image.
  const names = files.flatMap((file) => {
    const { signed, lasting } = linkOf(ctx, file, 0);
    return [file.name, file.name, file.type, signed, lasting];
  });
  const bytes = [...texts, ...names].map((text) => Buffer.byteLength(escapeHtml(text)));
  const around = AROUND_ENTRY * (1 + files.length);
  return bytes.reduce((sum, more) => sum + more, around);
}

export const fileName = (ticket: Ticket, part?: string) =>
  `transcript-${String(ticket.number).padStart(4, '0')}${part ? `-${part}` : ''}.html`;

/** Cuts the log into what fits one file each, reading it once and keeping none of it. */
async function planRanges(ctx: AppContext, ticket: Ticket, { log, head }: Snapshot, room: number) {
  const ranges: Range[] = [];
  const atOpening = log.stream === 'public' ? ticket.files : [];
  const files = new Map(atOpening.map((file) => [file.id, file]));
  let range: Range = { after: 0, upTo: 0 };
  let bytes = 0;
  for await (const page of readPages(ctx, log, { after: 0, upTo: head })) {
    for (const entry of page) {
      const size = sizeOf(ctx, entry);
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

/** What stands in each file around the entries. */
function frameOf(ctx: AppContext, ticket: Ticket, isNotes: boolean, madeAt: number) {
  const links = linksOf(ctx, ticket.files, madeAt);
  const closing = Buffer.from(renderClosing(footerOf(isNotes ? 'notes' : 'staff', madeAt)));
  const open = (images: ReadonlyMap<string, string>) =>
    Buffer.from(renderOpening(ticket, { images, links }));
  return { open, closing, size: open(new Map()).length + closing.length + AROUND_ENTRY };
}

/**
 * The transcript of one of a ticket's logs, made from our own database; that of the internal one is for
 * staff alone, and a file of its own. One file with the images that fit into it; a log that is too long
 * becomes several files, without them. The same log up to `head` is always cut in the same places, and
 * of a ticket that has ended the files are the same, byte for byte.
 */
export async function planTranscript(
  ctx: AppContext,
  ticket: Ticket,
  snapshot: Snapshot,
  maxBytes: number,
): Promise<TranscriptPlan> {
  const { log } = snapshot;
  const isNotes = log.stream === 'internal';
  const madeAt = ticket.closed_at ?? ctx.clock();
  const { open, closing, size } = frameOf(ctx, ticket, isNotes, madeAt);
  const room = maxBytes - size;
  const { ranges, files, bytes } = await planRanges(ctx, ticket, snapshot, room);
  const isOne = ranges.length === 1;
  return {
    count: ranges.length,
    async *files() {
      const chosen = isOne ? chooseImages(files, Math.min(MAX_IMAGES, room - bytes)) : [];
      const images = await readImages(ctx, chosen);
      for (const [nth, range] of ranges.entries()) {
        const entries: Entry[] = [];
        for await (const page of readPages(ctx, log, range)) entries.push(...page);
        const links = linksOf(ctx, entries.flatMap(filesOf), madeAt);
        const body = await renderInBackground({ items: foldEntries(entries), images, links });
        const part = isOne ? '' : String(nth + 1);
        const parts = [isNotes ? 'notes' : '', part].filter((one) => one !== '');
        const data = Buffer.concat([open(images), body, closing]);
        yield { name: fileName(ticket, parts.join('-')), data };
      }
    },
  };
}
