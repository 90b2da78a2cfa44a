import type { Channel, LogEntry, Post, TicketEvidence } from './evidence.ts';
import { type Found, firstOutOfOrder, fold, twice } from './judge-parts.ts';

type Lines = ReturnType<typeof fold>;

/** A ticket that is open has one channel, with all that was said since that was made; one that has ended has none. */
export function judgeChannels(ticket: TicketEvidence): Found[] {
  const { channels, ended, parked } = ticket;
  const standing = channels.filter(({ goneBy }) => !goneBy);
  const found: Found[] = [];
  if (standing.length > 1) found.push(['channel-twice', standing.map(({ id }) => id).join(', ')]);
  if (ended && standing.length > 0) found.push(['channel-left', standing[0]?.id ?? '']);
  if (parked && standing.length > 0) found.push(['channel-left', 'the ticket is parked']);
  if (parked && !parked.told) found.push(['parked-untold', 'no line says that it is parked']);
  if (!ended && !parked && standing.length === 0) {
    found.push(['channel-missing', 'the ticket is open']);
  }
  for (const channel of channels) found.push(...judgePosts(ticket, channel));
  const current = standing.at(-1);
  if (current && !ended) found.push(...judgeCurrent(ticket, current));
  return found;
}

const wordsOf = (posts: readonly Post[]) => posts.flatMap(({ words }) => words);

/** In each channel, whatever became of it: nothing twice, nothing out of order, nothing nobody said. */
function judgePosts({ log, sent }: TicketEvidence, { posts, createdAt }: Channel): Found[] {
  const found: Found[] = [];
  const single = posts.filter(({ isSummary }) => !isSummary);
  const shown = wordsOf(single.filter(({ deleted }) => !deleted));
  for (const word of twice(shown)) found.push(['post-twice', word]);
  const known = new Set(sent.map(({ word }) => word));
  for (const word of shown) if (!known.has(word)) found.push(['post-phantom', word]);
  for (const stream of ['public', 'internal'] as const) {
    const own = log.filter((entry) => entry.stream === stream);
    const first = new Map(own.filter(({ type }) => type === 'message').map((e) => [e.id, e]));
    // An edit of what is older than the channel may be a post of its own, when it comes: its message may stand in
    // the history alone.
    const placeOf = ({ id, type }: LogEntry) => {
      const made = first.get(id);
      return type === 'edit' && made && made.at < createdAt ? undefined : made?.seq;
    };
    const seqOf = new Map<string, number | undefined>();
    for (const entry of own) if (!seqOf.has(entry.word)) seqOf.set(entry.word, placeOf(entry));
    const seqs = (isBots: boolean) =>
      wordsOf(single.filter((post) => post.isBots === isBots && !post.deleted)).flatMap(
        (word) => seqOf.get(word) ?? [],
      );
    const late = firstOutOfOrder(seqs(true));
    if (late !== undefined) found.push(['post-late', `${stream} entry ${late}, of the bot's`]);
  }
  // A mark speaks of the message, whatever its author has made of it since.
  const stored = new Set(log.map(({ client_id }) => client_id.split(':')[0]));
  for (const { id, words, marks, isBots } of posts) {
    const isMarked = marks.includes('✅') || marks.includes('📝');
    if (isBots || !isMarked || words.length === 0) continue;
    if (!stored.has(id)) found.push(['marked-but-lost', words.join(' ')]);
  }
  return found;
}

/** The channel that stands has every message since it was made, as it is now, and none that is deleted. */
function judgeCurrent({ log }: TicketEvidence, { posts, createdAt }: Channel): Found[] {
  const found: Found[] = [];
  const standing = posts.filter(({ deleted, isSummary }) => !deleted && !isSummary);
  const shown = new Map(
    standing.flatMap((post) => post.words.map((word) => [word, post] as const)),
  );
  const lines: Lines = [...fold(log, 'public'), ...fold(log, 'internal')];
  for (const { word, files, at } of lines) {
    const post = shown.get(word);
    if (!post) {
      if (word && at > createdAt) found.push(['post-missing', word]);
    } else if (post.files.join() !== files.join()) {
      found.push(['post-missing', `${word}: files ${post.files.join()}, not ${files.join()}`]);
    }
  }
  const live = new Set(lines.map(({ word }) => word));
  const past = new Set(log.map(({ word }) => word));
  for (const word of shown.keys()) {
    if (past.has(word) && !live.has(word)) found.push(['post-left', word]);
  }
  return found;
}
