import { expect, test } from '@jest/globals';
import type {
  Channel,
  DayEvidence,
  LogEntry,
  Post,
  Reactor,
} from '../cluster/support/day/evidence.ts';
import { judgeDay } from '../cluster/support/day/judge.ts';

const entry = (seq: number, type: LogEntry['type'], id: string, word: string): LogEntry => ({
  ...{
    stream: 'public',
    seq,
    type,
    id,
    word,
    files: [],
    reactions: [],
    reactors: [],
    at: 1000 + seq,
  },
  ...{ origin: 'web', author: 'ana', client_id: word },
});
const post = (id: string, word: string, isBots = true): Post => ({
  ...{ id, words: [word], isBots, isSummary: false, files: [], deleted: false, marks: [] },
});
const reacted = (seq: number, id: string, word: string, reactor: Reactor): LogEntry => ({
  ...entry(seq, 'react', id, word),
  reactors: [reactor],
});
const line = (id: string, word: string, reactions: string[] = []) => ({
  ...{ id, word, files: [], reactions },
});

/**
 * A right day: Ana says two things and changes one; Kim answers, takes that back, leaves a note, and another in
 * a thread. Kim reacts to what Ana has changed, and Ana to the other.
 */
function rightDay() {
  const log = [
    entry(1, 'message', 'a', 'word1'),
    entry(2, 'message', 'b', 'word2'),
    entry(3, 'edit', 'a', 'word3'),
    { ...entry(4, 'message', 'c', 'word4'), client_id: '3' },
    entry(5, 'delete', 'c', ''),
    {
      ...reacted(6, 'a', 'word3', { emoji: '👍', by: 'kim', origin: 'discord' }),
      reactions: ['👍×1'],
    },
    {
      ...reacted(7, 'b', 'word2', { emoji: '🎉', by: 'ana', origin: 'web' }),
      reactions: ['🎉×1'],
    },
    { ...entry(1, 'message', 'n', 'word5'), stream: 'internal' as const, client_id: '4' },
    { ...entry(2, 'message', 't', 'word6'), stream: 'internal' as const, client_id: '5' },
  ];
  const by = (word: string, name: string, isNote = false) =>
    ({ word, by: name, door: 'web', isNote, outcome: 'accepted' }) as const;
  const channel: Channel = {
    id: '9',
    createdAt: 0,
    posts: [
      post('1', 'word3'),
      { ...post('2', 'word2'), marks: ['🎉'] },
      { ...post('3', 'word4', false), deleted: true, marks: ['✅'] },
      { ...post('4', 'word5', false), marks: ['📝'] },
      { ...post('5', 'word6', false), marks: ['📝'], inThread: true },
    ],
  };
  const ticket = {
    number: 7,
    ended: false,
    sent: [
      by('word1', 'ana'),
      by('word2', 'ana'),
      { ...by('word3', 'ana'), isEdit: true as const },
      by('word4', 'kim'),
      by('word5', 'kim', true),
      { ...by('word6', 'kim', true), door: 'thread' as const },
    ],
    log: log as LogEntry[],
    heard: [
      { rev: 1, id: 'a', line: line('a', 'word1') },
      { rev: 2, id: 'b', line: line('b', 'word2') },
      { rev: 3, id: 'a', line: line('a', 'word3') },
      { rev: 4, id: 'c', line: line('c', 'word4') },
      { rev: 5, id: 'c', line: null },
      { rev: 6, id: 'a', line: line('a', 'word3', ['👍×1']) },
      { rev: 7, id: 'b', line: line('b', 'word2', ['🎉×1']) },
    ],
    slips: [] as string[],
    final: [line('a', 'word3', ['👍×1']), line('b', 'word2', ['🎉×1'])],
    channels: [channel],
    reacted: [
      { postId: '1', emoji: '😀', by: 'kim', at: 10_000, set: true },
      { postId: '1', emoji: '👍', by: 'kim', at: 10_000, set: true },
      { postId: '1', emoji: '😀', by: 'kim', at: 11_000, set: false },
      // On its way when the bot was killed.
      { postId: '1', emoji: '🎉', by: 'kim', at: 20_500, set: true },
    ],
    listed: [7],
    customerPage: { words: ['word3', 'word2'], gone: [] as string[] },
    staffPage: { words: ['word3', 'word2', 'word4', 'word5', 'word6'], gone: ['word4'] },
  };
  const day: DayEvidence = {
    tickets: [ticket],
    uses: [
      { what: '/claim', at: 5000, state: 'answered' },
      { what: '/close', at: 20_000, state: 'failed' },
    ],
    gaps: [{ from: 21_000, until: 25_000, why: 'the bot is killed' }],
    calmFrom: 1000,
    practice: [8],
    reported: 1,
  };
  return { day, ticket, channel, posts: channel.posts };
}

type Right = ReturnType<typeof rightDay>;

test('a right day has no findings', () => {
  expect(judgeDay(rightDay().day)).toEqual([]);
});

test('a ticket that is parked needs no channel', () => {
  const { day, ticket, channel } = rightDay();
  channel.goneBy = 'bot';
  expect(judgeDay(day).map(({ kind }) => kind)).toEqual(['channel-missing']);
  Object.assign(ticket, { parked: { told: true } });
  expect(judgeDay(day)).toEqual([]);
});

test("an edit of what stands in the history of a new channel may come when it comes, or in its message's place", () => {
  const { day, channel, posts } = rightDay();
  const [edited, other] = posts.slice(0, 2);
  posts.splice(0, 2, ...([other, edited] as Post[]));
  expect(judgeDay(day).map(({ kind }) => kind)).toEqual(['post-late']);
  channel.createdAt = 1002.5;
  expect(judgeDay(day)).toEqual([]);
  posts.splice(0, 2, ...([edited, other] as Post[]));
  expect(judgeDay(day)).toEqual([]);
});

const planted: [kind: string, plant: (right: Right) => unknown][] = [
  ['numbers', ({ ticket }) => ticket.log.push(entry(19, 'ticket_change', 'x', ''))],
  ['lost', ({ ticket }) => ticket.sent.push({ ...ticket.sent[0], word: 'word9' } as never)],
  ['doubled', ({ ticket }) => ticket.log.push(entry(8, 'message', 'd', 'word2'))],
  [
    'refused-but-stored',
    ({ ticket }) => Object.assign(ticket.sent[1] as object, { outcome: 'refused' }),
  ],
  ['phantom', ({ ticket }) => ticket.sent.splice(1, 1)],
  ['wrong-stream', ({ ticket }) => Object.assign(ticket.sent[4] as object, { isNote: false })],
  ['reordered', ({ ticket }) => ticket.sent.reverse()],
  ['event-skipped', ({ ticket }) => ticket.slips.push('9 came live after 7')],
  ['event-twice', ({ ticket }) => ticket.heard.push(ticket.heard[4] as never)],
  ['event-late', ({ ticket }) => ticket.heard.reverse()],
  ['events-differ', ({ ticket }) => ticket.heard.splice(5, 1)],
  ['events-differ', ({ ticket }) => ticket.heard.pop()],
  ['read-differs', ({ ticket }) => ticket.final.pop()],
  ['read-differs', ({ ticket }) => ticket.final.reverse()],
  [
    'read-differs',
    ({ ticket }) => Object.assign(ticket.final[0] as object, { reactions: ['👍×2'] }),
  ],
  ['note-leaked', ({ ticket }) => ticket.heard.push({ rev: 8, id: 'n', line: line('n', 'word5') })],
  ['note-leaked', ({ ticket }) => ticket.customerPage.words.push('word5')],
  ['page-differs', ({ ticket }) => ticket.customerPage.words.reverse()],
  ['page-differs', ({ ticket }) => ticket.staffPage.words.pop()],
  ['page-differs', ({ ticket }) => ticket.staffPage.words.push('word1')],
  ['page-differs', ({ ticket }) => ticket.staffPage.gone.pop()],
  ['channel-missing', ({ channel }) => Object.assign(channel, { goneBy: 'bot' })],
  ['channel-twice', ({ ticket, channel }) => ticket.channels.push({ ...channel, id: '10' })],
  ['channel-left', ({ ticket }) => Object.assign(ticket, { ended: true })],
  ['channel-left', ({ ticket }) => Object.assign(ticket, { parked: { told: true } })],
  [
    'parked-untold',
    ({ ticket, channel }) => {
      channel.goneBy = 'bot';
      Object.assign(ticket, { parked: { told: false } });
    },
  ],
  ['post-missing', ({ posts }) => posts.splice(0, 1)],
  ['post-missing', ({ ticket }) => Object.assign(ticket.log[6] as object, { files: ['a.txt'] })],
  ['post-twice', ({ posts }) => posts.push(post('8', 'word2'))],
  ['post-late', ({ posts }) => posts.reverse()],
  ['post-left', ({ posts }) => Object.assign(posts[2] as object, { deleted: false })],
  ['post-left', ({ posts }) => Object.assign(posts[0] as object, { words: ['word1'] })],
  ['post-phantom', ({ posts }) => posts.push(post('8', 'word99'))],
  ['marked-but-lost', ({ posts }) => posts.push({ ...post('8', 'word9', false), marks: ['✅'] })],
  ['lost', ({ ticket }) => ticket.log.pop()],
  ['wrong-stream', ({ ticket }) => Object.assign(ticket.log[8] as object, { stream: 'public' })],
  ['note-leaked', ({ ticket }) => ticket.final.push(line('t', 'word6'))],
  ['marked-but-lost', ({ ticket }) => ticket.log.pop()],
  // Said again in the channel by the bot.
  ['post-twice', ({ posts }) => posts.push(post('8', 'word6'))],
  ['post-missing', ({ posts }) => posts.pop()],
  ['reaction-lost', ({ ticket }) => Object.assign(ticket.log[5] as object, { reactors: [] })],
  ['reaction-lost', ({ ticket }) => ticket.reacted.splice(2, 1)],
  ['reaction-lost', ({ ticket }) => Object.assign(ticket.reacted[3] as object, { at: 15_000 })],
  ['reaction-lost', ({ day }) => day.gaps.pop()],
  ['reaction-phantom', ({ ticket }) => ticket.reacted.splice(1, 1)],
  ['reaction-unshown', ({ posts }) => Object.assign(posts[1] as object, { marks: [] })],
  ['reaction-unshown', ({ posts }) => Object.assign(posts[1] as object, { marks: ['🎉', '😀'] })],
  ['reaction-unshown', ({ posts }) => Object.assign(posts[0] as object, { marks: ['👍'] })],
  ['listed-wrong', ({ ticket }) => ticket.listed.pop()],
  ['listed-wrong', ({ ticket }) => ticket.listed.push(9)],
  ['practice-leaked', ({ ticket }) => ticket.listed.push(8)],
  ['report-differs', ({ day }) => Object.assign(day, { reported: 2 })],
  ['unanswered', ({ day }) => day.gaps.pop()],
  ['unanswered', ({ day }) => Object.assign(day.uses[0] as object, { state: 'pending' })],
];

test.each(planted)('%s is found where it is planted (%#)', (kind, plant) => {
  const right = rightDay();
  plant(right);
  expect(judgeDay(right.day).map((finding) => finding.kind)).toContain(kind);
});
