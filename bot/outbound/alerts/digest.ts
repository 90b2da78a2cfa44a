import type { APIMessage } from 'discord.js';
import type { Digest } from '../../../src/domain/digest/numbers.ts';
import { readUnposted, saveDigestPosting } from '../../../src/domain/digest/outbox.ts';
import { digestTimeOf, OFF } from '../../../src/domain/digest/settings.ts';
import type { Bridge } from '../../bridge.ts';
import { findOwn, lookBackFrom } from '../../own-posts.ts';
import { callPost } from '../../posting.ts';
import { callDiscord } from '../../rest/call-ends.ts';
import { describe } from '../../rest/discord-errors.ts';
import { digestMark, digestText } from './digest-text.ts';

/** A digest that Discord has refused is tried again after this. */
const REFUSED_MS = 10 * 60_000;

function isDigest(digest: Digest): (message: APIMessage) => boolean {
  const mark = digestMark(digest);
  return ({ content }) => content.endsWith(mark);
}

function refuse(bridge: Bridge, reason: string): false {
  bridge.log.warn({ reason }, 'the digest of the week was refused');
  return false;
}

/** @returns why Discord does not take it; undefined where it is there */
async function post(
  bridge: Bridge,
  digest: Digest,
  channelId: string,
): Promise<string | undefined> {
  const outcome = await callDiscord<APIMessage>(bridge, 'post_message', () =>
    callPost(bridge, {
      channelId,
      key: `digest ${digest.slot}`,
      body: { content: digestText(digest) },
      isIt: isDigest(digest),
    }),
  );
  // Posted by an earlier attempt, and deleted since.
  const isDone = outcome.end === 'done' || (outcome.end === 'gone' && outcome.what === 'message');
  if (!isDone) return outcome.error.message;
  bridge.ctx.failpoint('after-post');
  return undefined;
}

/**
 * Posts the digest that is due, if there is one. An attempt of unknown outcome is looked for where it was made,
 * and made again with the same nonce.
 * @returns false where Discord does not take it for now
 */
async function bringDigest(bridge: Bridge): Promise<boolean> {
  const { ctx, settings } = bridge;
  const { transcriptChannelId: channelId } = settings;
  const unposted = channelId && (await readUnposted(ctx));
  if (!unposted) return true;
  const { digest, posting } = unposted;
  const { slot } = digest;
  const done = { slot, attempt: null };
  // Switched off since: it is not to come up when there are digests again.
  if ((await digestTimeOf(ctx)).at === OFF) {
    await saveDigestPosting(ctx, done);
    return true;
  }
  const before = posting.attempt?.slot === slot ? posting.attempt : undefined;
  if (before) {
    const isIt = isDigest(digest);
    const found = await findOwn(
      bridge,
      { channelId: before.channelId, isIt },
      lookBackFrom(before.at),
    );
    // Where it cannot be looked for it may stand.
    if (found.end === 'refused') return refuse(bridge, found.error.message);
    if (found.end === 'done' && found.value) {
      await saveDigestPosting(ctx, done);
      return true;
    }
  }
  const at = before?.channelId === channelId ? before.at : ctx.clock();
  const attempt = { slot, channelId, at };
  await saveDigestPosting(ctx, { slot: posting.slot, attempt });
  // Nothing is posted under a lease that somebody else has.
  await bridge.grant.require();
  ctx.failpoint('before-post');
  const refused = await post(bridge, digest, channelId);
  if (refused !== undefined) {
    // Nothing of it stands there: it need not be looked for where the bot may see nothing any more.
    await saveDigestPosting(ctx, { slot: posting.slot, attempt: null });
    return refuse(bridge, refused);
  }
  await saveDigestPosting(ctx, done);
  ctx.failpoint('after-record');
  return true;
}

/**
 * Posts the digest of each week where transcripts are kept, once, as soon as it is made; one that could not
 * be posted meanwhile comes late, and gives way to the next.
 * @param everyMs milliseconds between two looks
 * @returns a function that ends it
 */
export function keepPostingDigests(bridge: Bridge, everyMs: number): () => void {
  let timer: NodeJS.Timeout;
  const look = async () => {
    let pause = everyMs;
    try {
      if (!(await bringDigest(bridge))) pause = Math.max(everyMs, REFUSED_MS);
    } catch (error) {
      bridge.log.warn({ reason: describe(error) }, 'the digest of the week was not posted');
    }
    if (!bridge.ended) timer = setTimeout(() => void look(), pause).unref();
  };
  timer = setTimeout(() => void look(), everyMs).unref();
  return () => clearTimeout(timer);
}
