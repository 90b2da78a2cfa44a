import type { Stream } from '../../src/domain/log/entry.ts';
import type { Post } from '../../src/domain/mirror/posts.ts';
import { enterMode } from '../../src/domain/settings.ts';
import type { Bridge } from '../bridge.ts';
import { isForStaff, type Marking, type ReplyMode } from './classify.ts';
import type { Incoming } from './incoming.ts';

type Modes = Pick<Bridge, 'ctx' | 'replyModeSince'>;

const SETTING = 'reply_mode';
/** What was in force before there was a choice. */
const FIRST: ReplyMode = 'all';

/**
 * Puts the configured mode into force, if it is not.
 * @returns since when it is, milliseconds since 1970; 0 for ever since
 */
export async function enterReplyMode({ ctx, lease }: Bridge): Promise<number> {
  lease.require();
  return enterMode(ctx, SETTING, ctx.config.replyMode, FIRST);
}

/**
 * The mode that words of a time are judged by. Of those from before the present mode it is not known which
 * one their writer reckoned with: the stricter one, which sends nobody's note to the customer.
 */
export function replyModeAt({ ctx, replyModeSince }: Modes, at: number): ReplyMode {
  return at < replyModeSince ? 'reply' : ctx.config.replyMode;
}

/**
 * How the stored text of a message was marked, where nothing says so: by the log it is in, if the mode has
 * been the same since it was written.
 */
export function impliedMarking(
  { ctx, replyModeSince }: Modes,
  { writtenAt }: Pick<Incoming, 'writtenAt'>,
  stream: Stream,
): Marking {
  if (writtenAt < replyModeSince) return 'plain';
  if (ctx.config.replyMode === 'all') return stream === 'internal' ? 'note' : 'plain';
  return stream === 'public' ? 'reply' : 'plain';
}

/**
 * The same message as an edit of a stored one: it stays in the log it is in, whatever the mode is by now,
 * unless a mark was put on or taken off.
 */
export function asEditOf(
  bridge: Modes,
  incoming: Incoming,
  stream: Stream,
  post: Pick<Post, 'marking' | 'among_staff'>,
): Incoming {
  // Whoever its writer is by now: what they did not write for the customer stays inside.
  if (post.among_staff && stream === 'internal') {
    return { ...incoming, marking: 'note', internalNote: true, isAmongStaff: true };
  }
  const { marking, writtenAt, editedAt } = incoming;
  const isSame = marking === (post.marking ?? impliedMarking(bridge, incoming, stream));
  const mode = replyModeAt(bridge, editedAt || writtenAt);
  const internalNote = isSame ? stream === 'internal' : isForStaff(marking, mode);
  return { ...incoming, internalNote };
}

/**
 * The same message as what a proxy says again of a stored one. What was kept inside stays there: taking a mark
 * off is the proxy's doing, which knows neither ours nor who was let in for notes alone.
 */
export function asRepetitionOf(
  bridge: Modes,
  incoming: Incoming,
  stream: Stream,
  post: Pick<Post, 'marking' | 'among_staff'>,
): Incoming {
  if (stream === 'public') return asEditOf(bridge, incoming, stream, post);
  const isAmongStaff = incoming.isAmongStaff || post.among_staff === true;
  return { ...incoming, internalNote: true, isAmongStaff };
}
