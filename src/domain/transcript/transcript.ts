import type { AppContext } from '../../context.ts';
import type { GetTranscriptQuery } from '../../contract/transcripts.ts';
import type { FileRow } from '../../models/entry.ts';
import { type Actor, isStaff } from '../access/actor.ts';
import { requireRight } from '../access/policy.ts';
import { internalLog, publicLog, type Ticket } from '../log/entry.ts';
import type { Snapshot } from '../log/message-reads.ts';
import { readTicket } from '../tickets/read.ts';
import { chooseImages, linksOf, MAX_IMAGES, readImages } from './assets.ts';
import { fileName } from './files.ts';
import type { Item } from './fold.ts';
import { readCustomerItems, readStaffItems } from './items.ts';
import { footerOf, renderClosing, renderOpening } from './page.ts';
import { renderInBackground } from './rendering.ts';

/** A part ends with so many items, or with so many bytes of texts, or of images. */
const PART = { items: 100, text: 256 * 1024, images: 1024 * 1024 } as const;

export interface TranscriptPage {
  name: string;
  /** The page, part by part, each made when the one before was taken. */
  parts: AsyncGenerator<Buffer>;
}

interface Plan {
  ticket: Ticket;
  items: AsyncGenerator<Item>;
  whom: 'customer' | 'staff';
  /** When what it shows last changed: the same log makes the same page. */
  madeAt: number;
}

const filesOf = (items: readonly Item[]): FileRow[] =>
  items.flatMap((item) => (item.kind === 'message' ? item.line.files : []));

const textOf = (item: Item): number =>
  item.kind === 'message'
    ? item.line.earlier.reduce((sum, text) => sum + text.length, item.line.content.length)
    : JSON.stringify(item.entry.changes ?? {}).length;

/** Items in stretches that are small enough to be held. */
async function* gatherParts(items: AsyncGenerator<Item>): AsyncGenerator<Item[]> {
  let part: Item[] = [];
  let text = 0;
  let images = 0;
  for await (const item of items) {
    part.push(item);
    text += textOf(item);
    images += chooseImages(filesOf([item]), MAX_IMAGES).reduce((sum, { size }) => sum + size, 0);
    if (part.length < PART.items && text < PART.text && images < PART.images) continue;
    yield part;
    part = [];
    text = 0;
    images = 0;
  }
  if (part.length > 0) yield part;
}

async function* renderParts(ctx: AppContext, plan: Plan): AsyncGenerator<Buffer> {
  const { ticket, items, whom, madeAt } = plan;
  const from = ctx.clock();
  let room = MAX_IMAGES;
  const assetsOf = async (files: readonly FileRow[]) => {
    const images = await readImages(ctx, chooseImages(files, room));
    for (const { length } of images.values()) room -= length;
    return { images, links: linksOf(ctx, files, from) };
  };
  yield Buffer.from(renderOpening(ticket, await assetsOf(ticket.files)));
  for await (const part of gatherParts(items)) {
    yield await renderInBackground({ items: part, ...(await assetsOf(filesOf(part))) });
  }
  yield Buffer.from(renderClosing(footerOf(whom, madeAt)));
}

/**
 * A ticket's transcript as one HTML page, as long as it is. The customer's has what the customer sees now:
 * no notes, no events, no earlier versions, nothing that was deleted. The staff's has all of it.
 * @param query which of the two; without a word staff get theirs, customers the customer's
 * @throws AppError NOT_FOUND, FORBIDDEN
 */
export async function openTranscript(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
  { version = isStaff(actor) ? 'staff' : 'customer' }: GetTranscriptQuery,
): Promise<TranscriptPage> {
  const { ticket, head } = await readTicket(ctx, actor, ticketId);
  requireRight(ctx.config, actor, 'read_transcript', ticket);
  const shared: Snapshot = { log: publicLog(ticketId), head: head.seq };
  const changedAt = Math.max(ticket.updated_at, head.at);
  if (version === 'customer') {
    const items = readCustomerItems(ctx, shared);
    const plan: Plan = { ticket, items, whom: 'customer', madeAt: changedAt };
    return { name: fileName(ticket), parts: renderParts(ctx, plan) };
  }
  requireRight(ctx.config, actor, 'read_internal', ticket);
  const log = internalLog(ticketId);
  const internal = await ctx.store.readHead(log);
  const items = readStaffItems(ctx, shared, { log, head: internal.seq });
  const madeAt = Math.max(changedAt, internal.at);
  const plan: Plan = { ticket, items, whom: 'staff', madeAt };
  return { name: fileName(ticket, 'staff'), parts: renderParts(ctx, plan) };
}
