import { buffer } from 'node:stream/consumers';
import { setImmediate } from 'node:timers/promises';
import type { AppContext } from '../../context.ts';
import { isInline } from '../files.ts';
import { type Entry, isOfMessage, publicLog, type Ticket } from '../log/entry.ts';
import { readEntries } from '../log/reads.ts';
import { renderTranscript } from './page.ts';

const PAGE = 500;
/** Images up to this size are shown in place, in bytes. */
const MAX_IMAGE = 1024 * 1024;
/** All of them together, as they stand in the file. */
const MAX_IMAGES = 6 * 1024 * 1024;

export interface TranscriptFile {
  name: string;
  data: Buffer;
}

/** The ticket's whole public log up to a head, in order. */
async function readLog(ctx: AppContext, ticketId: string, head: number): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (let seq = 0; seq < head; ) {
    const page = await readEntries(ctx.db, publicLog(ticketId), {
      after: seq,
      upTo: head,
      limit: PAGE,
    });
    const last = page.at(-1);
    if (!last) break;
    entries.push(...page);
    seq = last.seq;
  }
  return entries;
}

/** The small images of a log as `data:` addresses, until there is enough of them. */
async function readImages(
  ctx: AppContext,
  entries: readonly Entry[],
): Promise<Map<string, string>> {
  const images = new Map<string, string>();
  let room = MAX_IMAGES;
  const files = new Map(
    entries
      .filter(isOfMessage)
      .flatMap((entry) => entry.files ?? [])
      .map((file) => [file.id, file]),
  );
  for (const file of files.values()) {
    const size = Math.ceil(file.size / 3) * 4;
    if (!isInline(file.type) || file.size > MAX_IMAGE || size > room) continue;
    const bytes = await buffer(ctx.files.read(file.id)).catch(() => undefined);
    if (!bytes) continue;
    images.set(file.id, `data:${file.type};base64,${bytes.toString('base64')}`);
    room -= size;
  }
  return images;
}

const fileName = (ticket: Ticket, part?: number) =>
  `transcript-${String(ticket.number).padStart(4, '0')}${part ? `-${part}` : ''}.html`;

type Render = (part: readonly Entry[]) => Promise<Buffer>;

/** Entries as pages that are each small enough, in order; halved until they are. */
async function split(
  entries: readonly Entry[],
  maxBytes: number,
  render: Render,
): Promise<Buffer[]> {
  const page = await render(entries);
  if (page.length <= maxBytes || entries.length <= 1) return [page];
  const middle = Math.ceil(entries.length / 2);
  const before = await split(entries.slice(0, middle), maxBytes, render);
  return [...before, ...(await split(entries.slice(middle), maxBytes, render))];
}

/**
 * The transcript of a ticket, made from our own database. One file; where it would be larger than
 * `maxBytes` the images stay out, and a log that is too long even then becomes several files.
 */
export async function buildTranscript(
  ctx: AppContext,
  ticket: Ticket,
  head: number,
  maxBytes: number,
): Promise<TranscriptFile[]> {
  const entries = await readLog(ctx, ticket.id, head);
  const madeAt = ctx.clock();
  const renderWith = (images: ReadonlyMap<string, string>) => async (part: readonly Entry[]) => {
    // A large page takes long: others have their turn in between.
    await setImmediate();
    return Buffer.from(renderTranscript({ ticket, entries: part, images, madeAt }));
  };
  const images = await readImages(ctx, entries);
  if (images.size > 0) {
    const data = await renderWith(images)(entries);
    if (data.length <= maxBytes) return [{ name: fileName(ticket), data }];
  }
  const pages = await split(entries, maxBytes, renderWith(new Map()));
  const isOne = pages.length === 1;
  return pages.map((data, part) => ({ name: fileName(ticket, isOne ? 0 : part + 1), data }));
}
