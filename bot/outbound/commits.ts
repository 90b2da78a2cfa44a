import type { Stream } from '../../src/domain/log/entry.ts';
import type { MirrorChange } from '../../src/domain/mirror/mirrors.ts';
import { type Post, recordPost } from '../../src/domain/mirror/posts.ts';
import type { Bridge } from '../bridge.ts';
import type { MirroredTicket } from '../mirrored-tickets.ts';
import { compareIds } from '../posting.ts';

/** Rows that may wait to be written, at most; they all stand in the mirror's own row meanwhile. */
const MAX_PENDING = 20;

/** Remembers a post until the next commit. */
export function notePost(ticket: MirroredTicket, post: Post): void {
  ticket.unrecorded.push(post);
}

async function writeRows({ ctx }: Bridge, ticket: MirroredTicket): Promise<void> {
  for (let post = ticket.unrecorded[0]; post; post = ticket.unrecorded[0]) {
    await recordPost(ctx, post);
    if (ticket.unrecorded[0] === post) ticket.unrecorded.shift();
  }
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
  // What fails here is tried again before the rows are next needed.
  settlePosts(bridge, ticket).catch(() => undefined);
}
