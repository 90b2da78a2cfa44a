import type { AppContext } from '../../context.ts';
import { type Entry, foldMessage, type MessageEntry } from '../log/entry.ts';
import { readChanges } from '../log/message-changes.ts';
import { lastChanges, type Snapshot } from '../log/message-reads.ts';
import { readEntries } from '../log/reads.ts';
import { beginLine, changeLine, type Item, type Line, timeOf } from './fold.ts';

/** Entries read at once. */
const PAGE = 100;
/** Earlier versions of one message that are shown, the newest. */
const MAX_VERSIONS = 20;

type ReadItems = (ctx: AppContext, snapshot: Snapshot, page: readonly Entry[]) => Promise<Item[]>;

const isMessage = (entry: Entry): entry is MessageEntry => entry.type === 'message';
const idsOf = (page: readonly Entry[]) => page.filter(isMessage).map(({ id }) => id);

/** The messages of a page that are still there, as they are at the head, and nothing else. */
const readForCustomer: ReadItems = async (ctx, { head }, page) => {
  const changes = await lastChanges(ctx.db, idsOf(page), head);
  return page.filter(isMessage).flatMap((entry): Item[] => {
    const message = foldMessage(changes.get(entry.id) ?? entry);
    if (message.deleted) return [];
    const { content, files, edited: isEdited } = message;
    return [{ kind: 'message', line: { ...beginLine(entry), content, files, isEdited } }];
  });
};

/** The messages of a page with all that became of them, and the changes of the ticket among them. */
const readForStaff: ReadItems = async (ctx, { head }, page) => {
  const changes = await readChanges(ctx.db, idsOf(page), head, MAX_VERSIONS);
  return page.flatMap((entry): Item[] => {
    if (entry.type === 'ticket_change') return [{ kind: 'change', entry }];
    // An edit or a deletion stands with its message.
    if (entry.type !== 'message') return [];
    const line: Line = beginLine(entry);
    const { newest, older } = changes.get(entry.id) ?? { newest: [], older: 0 };
    for (const change of newest) changeLine(line, change);
    return [{ kind: 'message', line: { ...line, left: older } }];
  });
};

async function* itemsOf(
  ctx: AppContext,
  snapshot: Snapshot,
  read: ReadItems,
): AsyncGenerator<Item, undefined> {
  const { log, head } = snapshot;
  for (let after = 0; after < head; ) {
    const page = await readEntries(ctx.db, log, { after, upTo: head, limit: PAGE });
    const last = page.at(-1);
    if (!last) return;
    yield* await read(ctx, snapshot, page);
    after = last.seq;
  }
}

/** Two logs as one, by the time of their items, each in its own order. */
async function* mergeItems(
  first: AsyncGenerator<Item, undefined>,
  second: AsyncGenerator<Item, undefined>,
): AsyncGenerator<Item, undefined> {
  let [a, b] = await Promise.all([first.next(), second.next()]);
  while (!a.done || !b.done) {
    if (a.done || (!b.done && timeOf(b.value) < timeOf(a.value))) {
      yield b.value as Item;
      b = await second.next();
    } else {
      yield a.value;
      a = await first.next();
    }
  }
}

/** What a customer is shown of a ticket's public log. */
export const readCustomerItems = (ctx: AppContext, snapshot: Snapshot) =>
  itemsOf(ctx, snapshot, readForCustomer);

/** What staff are shown of both logs: notes, edits, deletions, events. */
export const readStaffItems = (ctx: AppContext, shared: Snapshot, own: Snapshot) =>
  mergeItems(itemsOf(ctx, shared, readForStaff), itemsOf(ctx, own, readForStaff));
