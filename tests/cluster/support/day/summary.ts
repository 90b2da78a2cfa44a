import { type DayEvidence, STANDSTILL } from './evidence.ts';

/** How often each word comes, as `word 3`. */
function count(words: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].map(([word, times]) => `${word} ${times}`).join(', ');
}

/** What a day had in it: a judge who is shown nothing finds nothing. */
export function summaryOf({ tickets, uses, gaps, practice }: DayEvidence): string {
  const channels = tickets.flatMap((one) => one.channels);
  const posts = channels.flatMap((channel) => channel.posts);
  const stands = gaps.filter(({ why }) => why === STANDSTILL);
  const stillFor = stands.reduce((sum, { from, until }) => sum + until - from, 0);
  const parked = tickets.filter((one) => one.parked).length;
  return [
    `${tickets.length} tickets, ${tickets.filter(({ ended }) => ended).length} ended, ${parked} parked`,
    `texts: ${count(tickets.flatMap(({ sent }) => sent.map((one) => `${one.door} ${one.outcome}`)))}`,
    `entries: ${count(tickets.flatMap(({ log }) => log.map(({ type }) => type)))}`,
    `${tickets.flatMap(({ reacted }) => reacted).length} reactions in Discord, ${practice.length} tickets for practice`,
    `events ${tickets.flatMap(({ heard }) => heard).length}`,
    `channels: ${count(channels.map(({ goneBy }) => (goneBy ? `gone by ${goneBy}` : 'standing')))}`,
    `posts: ${count(posts.flatMap(({ marks, isBots }) => [isBots ? 'bot' : 'staff', ...marks]))}`,
    `interactions: ${count(uses.map(({ state }) => state))}; ${gaps.length - stands.length} times without a bot`,
    ...(stands.length > 0
      ? [`the machine stood still ${stands.length} times, ${stillFor} ms`]
      : []),
  ].join('\n');
}
