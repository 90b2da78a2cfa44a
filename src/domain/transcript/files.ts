import { buffer } from 'node:stream/consumers';
import type { AppContext } from '../../context.ts';
import { isInline } from '../files.ts';
import type { Entry, Ticket } from '../log/entry.ts';
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
    const page = await readEntries(ctx.db, ticketId, { after: seq, upTo: head, limit: PAGE });
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
    entries.flatMap((entry) => entry.files ?? []).map((file) => [file.id, file]),
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
  const render = (part: readonly Entry[], images: ReadonlyMap<string, string>) =>
    Buffer.from(renderTranscript({ ticket, entries: part, images, madeAt }));
  const whole = render(entries, await readImages(ctx, entries));
  if (whole.length <= maxBytes) return [{ name: fileName(ticket), data: whole }];
  const plain = render(entries, new Map());
  if (plain.length <= maxBytes) return [{ name: fileName(ticket), data: plain }];
  const parts = Math.ceil(plain.length / (maxBytes * 0.8));
  const length = Math.ceil(entries.length / parts);
  return Array.from({ length: parts }, (_, part) => ({
    name: fileName(ticket, part + 1),
    data: render(entries.slice(part * length, (part + 1) * length), new Map()),
  }));
}
