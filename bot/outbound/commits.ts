import type { Stream } from '../../src/domain/log/entry.ts';
import type { MirrorChange } from '../../src/domain/mirror/mirrors.ts';
import { type Post, recordPost, recordPosts } from '../../src/domain/mirror/posts.ts';
import type { Bridge } from '../bridge.ts';
import type { MirroredTicket } from '../mirrored-tickets.ts';
import { compareIds } from '../snowflakes.ts';

/** Rows that may wait to be written, at most; they all stand in the mirror's own row meanwhile. */
const MAX_PENDING = 20;

/** Remembers a post until the next commit. */
export function notePost(ticket: MirroredTicket, post: Post): void {
  ticket.unrecorded.push(post);
}

/** For how long the rows of all tickets are gathered to be written together, in milliseconds. */
const GATHER_MS = 100;
const gathered = new WeakMap<Bridge, Set<MirroredTicket>>();

/** Writes the rows of several tickets as one. @returns whether all of them are written */
async function writeTogether(
  { ctx }: Bridge,
  tickets: readonly MirroredTicket[],
): Promise<boolean> {
  const posts = new Set(tickets.flatMap(({ unrecorded }) => unrecorded));
  if (posts.size === 0) return true;
  try {
    await recordPosts(ctx, [...posts]);
  } catch {
    return false;
  }
  for (const ticket of tickets) {
    ticket.unrecorded = ticket.unrecorded.filter((post) => !posts.has(post));
  }
  return true;
}

async function writeRows(bridge: Bridge, ticket: MirroredTicket): Promise<void> {
  if (await writeTogether(bridge, [ticket])) return;
  // One of them wants to be looked at by itself.
  for (let post = ticket.unrecorded[0]; post; post = ticket.unrecorded[0]) {
    await recordPost(bridge.ctx, post);
    if (ticket.unrecorded[0] === post) ticket.unrecorded.shift();
  }
}

async function writeGathered(bridge: Bridge, tickets: readonly MirroredTicket[]): Promise<void> {
  const free = tickets.filter(({ recording }) => !recording);
  const writing = writeTogether(bridge, free);
  const over = writing.then(() => {
    for (const ticket of free) ticket.recording = undefined;
  });
  for (const ticket of free) ticket.recording = over;
  if (await writing) return;
  // What fails here as well is tried again before the rows are next needed.
  for (const ticket of free) settlePosts(bridge, ticket).catch(() => undefined);
}

/** Has the rows of a ticket written soon, together with those of others: nothing waits for them. */
function writeSoon(bridge: Bridge, ticket: MirroredTicket): void {
  const others = gathered.get(bridge);
  if (others) return void others.add(ticket);
  const tickets = new Set([ticket]);
  gathered.set(bridge, tickets);
  const write = () => {
    gathered.delete(bridge);
    void writeGathered(bridge, [...tickets]);
  };
  setTimeout(write, GATHER_MS).unref();
}

/** Waits until every post that was made has its row. */
export async function settlePosts(bridge: Bridge, ticket: MirroredTicket): Promise<void> {
  while (ticket.unrecorded.length > 0) {
    ticket.recording ??= writeRows(bridge, ticket).finally(() => {
      ticket.recording = undefined;
    });
    await ticket.recording;
  }
}

/**
 * Commits the consumer's offset in a log together with the posts made since the last commit: one write for
 * both. The posts' own rows follow in the background, and after a crash from the mirror's row.
 */
export async function commit(
  bridge: Bridge,
  ticket: MirroredTicket,
  stream: Stream,
  change: MirrorChange = {},
): Promise<void> {
  const { mirror } = ticket;
  if (ticket.unrecorded.length > MAX_PENDING) await settlePosts(bridge, ticket);
  const pending = [...ticket.unrecorded];
  let { last_post } = mirror;
  for (const { id } of pending) if (compareIds(id, last_post) > 0) last_post = id;
  const posts = pending.length + mirror.pending.length > 0 ? { pending, last_post } : {};
  await bridge.tickets.save(ticket, { ...posts, ...change, attempt: null });
  ticket.inDoubt[stream] = false;
  if (ticket.unrecorded.length > 0) writeSoon(bridge, ticket);
}
