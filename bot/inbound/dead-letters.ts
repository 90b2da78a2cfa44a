import { LeaseLost } from '../../src/domain/consumers/lease.ts';
import { changePost, findPost } from '../../src/domain/mirror/posts.ts';
import type { Bridge } from '../bridge.ts';
import type { MirroredTicket } from '../mirrored-tickets.ts';
import {
  code,
  describe,
  hasCode,
  isForbidden,
  isTransient,
  isUnauthorized,
  loggable,
  MirrorProblem,
} from '../rest/discord-errors.ts';
import { inboxOf } from './inbox.ts';
import type { Incoming } from './incoming.ts';
import { mark } from './marks.ts';
import { markOf, settle, tellNotPassedOn } from './receipts.ts';

/** What fails this often though Discord and MongoDB answer is given up: it holds nobody up any longer. */
export const MAX_TRIES = 5;

/** True where what failed is not at fault: an outage, a missing permission, a lost lease or channel. */
function isElsewhere(error: unknown): boolean {
  return (
    isTransient(error) ||
    isForbidden(error) ||
    isUnauthorized(error) ||
    error instanceof LeaseLost ||
    error instanceof MirrorProblem ||
    hasCode(error, code.unknownChannel)
  );
}

/**
 * Dead letter: tries what stands in front of all behind it, and after `MAX_TRIES` failures of its own
 * reports it, lets `giveUp` tell staff, and goes on.
 * @param key what is tried, the same at every try
 */
export async function attempt(
  bridge: Bridge,
  ticket: MirroredTicket,
  key: string,
  work: () => Promise<void>,
  giveUp?: () => Promise<void>,
): Promise<void> {
  const { failures } = inboxOf(bridge, ticket.id);
  const before = failures.get(key) ?? 0;
  if (before >= MAX_TRIES) return;
  try {
    await work();
    failures.delete(key);
  } catch (error) {
    if (isElsewhere(error)) throw error;
    failures.set(key, before + 1);
    if (before + 1 < MAX_TRIES) throw error;
    bridge.ctx.reports.report(error, { part: 'discord', ticket: ticket.id, event: key });
    bridge.log.error({ ...loggable(error), ticket: ticket.id }, 'an event was given up');
    await giveUp?.().catch((failed: unknown) => {
      bridge.log.warn({ reason: describe(failed), ticket: ticket.id }, 'staff were not told');
    });
  }
}

/** A message that cannot be ingested, whatever is tried: marked and said so, until it is edited. */
export async function buryMessage(
  bridge: Bridge,
  ticket: MirroredTicket,
  incoming: Incoming,
): Promise<void> {
  const post = await findPost(bridge.ctx, incoming.id);
  const wasThere = post?.direction === 'in';
  if (wasThere) {
    const { hash, editedAt: edited } = incoming;
    const change = { hash, edited, mark: 'refused' } as const;
    await changePost(bridge.ctx, incoming.id, change, bridge.lease.fencingToken);
    mark(bridge, ticket, incoming, 'refused', [markOf(post, false)]);
  } else {
    const lives = post?.lives ?? 0;
    await settle(
      bridge,
      ticket,
      incoming,
      { message: undefined, files: [], mark: 'refused', lives },
      post,
    );
  }
  const what =
    'something went wrong on our side, and was reported. Editing the message tries again';
  await tellNotPassedOn(bridge, ticket, incoming, what, wasThere ? undefined : true);
}
