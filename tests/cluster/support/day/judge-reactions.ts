import type { DayEvidence, LogEntry, Post, Reacted, TicketEvidence } from './evidence.ts';
import { type Found, fold } from './judge-parts.ts';

/** A reaction on its way when the bot is killed, or set before another one listens, is not missed by anybody. */
const BEFORE_MS = 5000;
const AFTER_MS = 3000;
/** What customers react with; the bot's other reactions are marks of its own. */
const customers = ['👍', '🎉', '😀'];

type Line = ReturnType<typeof fold>[number];

/** Of each message that stands: who has reacted to it, and when that changed last. */
function reactionsOf(log: readonly LogEntry[], { id }: Line) {
  const own = log.filter((entry) => entry.id === id && entry.type !== 'delete');
  const last = own.reduce((a, b) => (b.seq > a.seq ? b : a));
  const changed = own.filter(({ type }) => type === 'react').map(({ at }) => at);
  return { reactors: last.reactors, changedAt: Math.max(0, ...changed) };
}

const keyOf = ({ postId, emoji, by }: Reacted) => `${postId} ${emoji} ${by}`;

/** What was done last of each reaction. */
const lastOf = (reacted: readonly Reacted[]) => [
  ...new Map(reacted.map((one) => [keyOf(one), one])).values(),
];

/** Staff's reactions in Discord to what a customer has said, or to a note, are in the log, and those of customers are seen in Discord. */
export function judgeReactions(ticket: TicketEvidence, day: DayEvidence): Found[] {
  const { log, channels, ended, reacted } = ticket;
  const current = channels.findLast(({ goneBy }) => !goneBy);
  if (ended || !current) return [];
  const lines = [...fold(log, 'public'), ...fold(log, 'internal')];
  const posts = current.posts.filter(({ deleted, isSummary }) => !deleted && !isSummary);
  const found: Found[] = [];
  for (const line of lines) {
    const { reactors, changedAt } = reactionsOf(log, line);
    const post = posts.find(({ words }) => line.word !== '' && words.includes(line.word));
    if (post) found.push(...judgeTakenIn(line, post, reactors, reacted, day));
    if (post && changedAt >= day.calmFrom) found.push(...judgeShown(line, post, reactors));
    for (const { origin, emoji, by } of reactors) {
      const isKnown = reacted.some((one) => one.set && one.emoji === emoji && one.by === by);
      if (origin === 'discord' && !isKnown) {
        found.push(['reaction-phantom', `${emoji} of ${by} to ${line.word}`]);
      }
    }
  }
  return found;
}

function judgeTakenIn(
  { word, origin }: Line,
  { id: postId, isBots }: Post,
  reactors: LogEntry['reactors'],
  reacted: readonly Reacted[],
  { gaps }: DayEvidence,
): Found[] {
  // Among themselves staff react for themselves; their notes and their messages are their own posts.
  if (!isBots || origin !== 'web') return [];
  return lastOf(reacted.filter((one) => one.postId === postId)).flatMap(
    ({ emoji, by, at, set }): Found[] => {
      const isUnsure = gaps.some((gap) => gap.from - BEFORE_MS <= at && at <= gap.until + AFTER_MS);
      const isThere = reactors.some((one) => one.emoji === emoji && one.by === by);
      if (isUnsure || isThere === set) return [];
      return [['reaction-lost', `${emoji} of ${by} to ${word} is ${set ? 'not' : 'still'} there`]];
    },
  );
}

function judgeShown({ word }: Line, { marks }: Post, reactors: LogEntry['reactors']): Found[] {
  const elsewhere = reactors.filter(({ origin }) => origin !== 'discord').map(({ emoji }) => emoji);
  const wanted = customers.filter((emoji) => elsewhere.includes(emoji)).join('');
  const shown = customers.filter((emoji) => marks.includes(emoji)).join('');
  if (wanted === shown) return [];
  return [
    ['reaction-unshown', `${word} has ${shown || 'none'} in Discord, not ${wanted || 'none'}`],
  ];
}
