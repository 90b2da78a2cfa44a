import type { AppContext } from '../../context.ts';
import { majority, native } from '../log/collections.ts';
import { isDuplicateKey } from '../mongo-errors.ts';
import type { Digest } from './numbers.ts';

/** The newest digest: a transactional outbox with room for one. */
const MADE = 'digest-made';
const POSTED = 'digest-posted';

type Deps = Pick<AppContext, 'db' | 'clock'>;

/** How far the bridge has come with it. */
export interface DigestPosting {
  /** The slot of the last digest that is dealt with; 0 for none. */
  slot: number;
  /** Written down before a post is made: which one, where, and when; null where it is known what became of it. */
  attempt: { slot: number; channelId: string; at: number } | null;
}

/** Stores a value that has a slot in place of an earlier one's; the filter says which slots give way. */
async function storeUnlessLater(
  ctx: Deps,
  _id: string,
  value: Digest | DigestPosting,
  givesWay: object,
): Promise<void> {
  try {
    await native(ctx.db.settings).updateOne(
      { _id, 'value.slot': givesWay } as never,
      { $inc: { version: 1 }, $set: { value, updated_at: ctx.clock() } },
      { upsert: true },
    );
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
  }
}

/** Stores the digest of a slot, unless there is one of that slot, or of a later one. */
export function storeDigest(ctx: Deps, digest: Digest): Promise<void> {
  return storeUnlessLater(ctx, MADE, digest, { $lt: digest.slot });
}

/** The digest that is to be posted next, and what is known of attempts; undefined where there is nothing to do. */
export async function readUnposted(
  ctx: Pick<Deps, 'db'>,
): Promise<{ digest: Digest; posting: DigestPosting } | undefined> {
  const rows = await native(ctx.db.settings)
    .find({ _id: { $in: [MADE, POSTED] } }, { readConcern: majority })
    .toArray();
  const stored = (name: string) => rows.find(({ _id }) => _id === name)?.value;
  const digest = stored(MADE) as Digest | undefined;
  const posting = (stored(POSTED) ?? { slot: 0, attempt: null }) as DigestPosting;
  return digest && posting.slot < digest.slot ? { digest, posting } : undefined;
}

/** Writes down how far the posting has come; never back to an earlier slot. */
export function saveDigestPosting(ctx: Deps, posting: DigestPosting): Promise<void> {
  return storeUnlessLater(ctx, POSTED, posting, { $lte: posting.slot });
}
