import type { DayEvidence } from './evidence.ts';

/** How often each word comes, as `word 3`. */
function count(words: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].map(([word, times]) => `${word} ${times}`).join(', ');
}

/** What a day had in it: a judge who is shown nothing finds nothing. */
export function summaryOf({ tickets, uses, gaps }: DayEvidence): string {
  const channels = tickets.flatMap((one) => one.channels);
  const posts = channels.flatMap((channel) => channel.posts);
  return [
    `${tickets.length} tickets, ${tickets.filter(({ ended }) => ended).length} ended`,
    `texts: ${count(tickets.flatMap(({ sent }) => sent.map((one) => `${one.door} ${one.outcome}`)))}`,
    `entries: ${count(tickets.flatMap(({ log }) => log.map(({ type }) => type)))}`,
    `events ${tickets.flatMap(({ heard }) => heard).length}`,
    `channels: ${count(channels.map(({ goneBy }) => (goneBy ? `gone by ${goneBy}` : 'standing')))}`,
    `posts: ${count(posts.flatMap(({ marks, isBots }) => [isBots ? 'bot' : 'staff', ...marks]))}`,
    `interactions: ${count(uses.map(({ state }) => state))}; ${gaps.length} times without a bot`,
  ].join('\n');
}
