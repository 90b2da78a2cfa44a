import { expect, test } from '@jest/globals';
import type { Channel, DayEvidence, LogEntry, Post } from '../cluster/support/day/evidence.ts';
import { judgeDay } from '../cluster/support/day/judge.ts';

const entry = (seq: number, type: LogEntry['type'], id: string, word: string): LogEntry => ({
  ...{ stream: 'public', seq, type, id, word, files: [], reactions: [], at: 1000 + seq },
  ...{ origin: 'web', author: 'ana', client_id: word },
});
const post = (id: string, word: string, isBots = true): Post => ({
  ...{ id, words: [word], isBots, isSummary: false, files: [], deleted: false, marks: [] },
});
const line = (id: string, word: string) => ({ id, word, files: [], reactions: [] });

/** A right day: Ana says two things and changes one; Kim answers, takes that back, and leaves a note. */
function rightDay() {
  const log = [
    entry(1, 'message', 'a', 'word1'),
    entry(2, 'message', 'b', 'word2'),
    entry(3, 'edit', 'a', 'word3'),
    { ...entry(4, 'message', 'c', 'word4'), client_id: '3' },
    entry(5, 'delete', 'c', ''),
    { ...entry(1, 'message', 'n', 'word5'), stream: 'internal' as const, client_id: '4' },
  ];
  const by = (word: string, name: string, isNote = false) =>
    ({ word, by: name, door: 'web', isNote, outcome: 'accepted' }) as const;
  const channel: Channel = {
    id: '9',
    createdAt: 0,
    posts: [
      post('1', 'word3'),
      post('2', 'word2'),
      { ...post('3', 'word4', false), deleted: true, marks: ['✅'] },
      { ...post('4', 'word5', false), marks: ['📝'] },
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
    ],
    log: log as LogEntry[],
    heard: [
      { rev: 1, id: 'a', line: line('a', 'word1') },
      { rev: 2, id: 'b', line: line('b', 'word2') },
      { rev: 3, id: 'a', line: line('a', 'word3') },
      { rev: 4, id: 'c', line: line('c', 'word4') },
      { rev: 5, id: 'c', line: null },
    ],
    slips: [] as string[],
    final: [line('a', 'word3'), line('b', 'word2')],
    channels: [channel],
    customerPage: { words: ['word3', 'word2'], gone: [] as string[] },
    staffPage: { words: ['word3', 'word2', 'word4', 'word5'], gone: ['word4'] },
  };
  const day: DayEvidence = {
    tickets: [ticket],
    uses: [
      { what: '/claim', at: 5000, state: 'answered' },
      { what: '/close', at: 20_000, state: 'failed' },
    ],
    gaps: [{ from: 21_000, until: 25_000, why: 'the bot is killed' }],
  };
  return { day, ticket, channel, posts: channel.posts };
}

type Right = ReturnType<typeof rightDay>;

test('a right day has no findings', () => {
  expect(judgeDay(rightDay().day)).toEqual([]);
});

const planted: [kind: string, plant: (right: Right) => unknown][] = [
  ['numbers', ({ ticket }) => ticket.log.push(entry(9, 'ticket_change', 'x', ''))],
  ['lost', ({ ticket }) => ticket.sent.push({ ...ticket.sent[0], word: 'word9' } as never)],
  ['doubled', ({ ticket }) => ticket.log.push(entry(6, 'message', 'd', 'word2'))],
  [
    'refused-but-stored',
    ({ ticket }) => Object.assign(ticket.sent[1] as object, { outcome: 'refused' }),
  ],
  ['phantom', ({ ticket }) => ticket.sent.splice(1, 1)],
  ['wrong-stream', ({ ticket }) => Object.assign(ticket.sent[4] as object, { isNote: false })],
  ['reordered', ({ ticket }) => ticket.sent.reverse()],
  ['event-skipped', ({ ticket }) => ticket.slips.push('9 came live after 5')],
  ['event-twice', ({ ticket }) => ticket.heard.push(ticket.heard[4] as never)],
  ['event-late', ({ ticket }) => ticket.heard.reverse()],
  ['events-differ', ({ ticket }) => ticket.heard.splice(2, 1)],
  ['events-differ', ({ ticket }) => ticket.heard.pop()],
  ['read-differs', ({ ticket }) => ticket.final.pop()],
  ['read-differs', ({ ticket }) => ticket.final.reverse()],
  [
    'read-differs',
    ({ ticket }) => Object.assign(ticket.final[0] as object, { reactions: ['👍×1'] }),
  ],
  ['note-leaked', ({ ticket }) => ticket.heard.push({ rev: 6, id: 'n', line: line('n', 'word5') })],
  ['note-leaked', ({ ticket }) => ticket.customerPage.words.push('word5')],
  ['page-differs', ({ ticket }) => ticket.customerPage.words.reverse()],
  ['page-differs', ({ ticket }) => ticket.staffPage.words.pop()],
  ['page-differs', ({ ticket }) => ticket.staffPage.words.push('word1')],
  ['page-differs', ({ ticket }) => ticket.staffPage.gone.pop()],
  ['channel-missing', ({ channel }) => Object.assign(channel, { goneBy: 'bot' })],
  ['channel-twice', ({ ticket, channel }) => ticket.channels.push({ ...channel, id: '10' })],
  ['channel-left', ({ ticket }) => Object.assign(ticket, { ended: true })],
  ['post-missing', ({ posts }) => posts.splice(0, 1)],
  ['post-missing', ({ ticket }) => Object.assign(ticket.log[1] as object, { files: ['a.txt'] })],
  ['post-twice', ({ posts }) => posts.push(post('8', 'word2'))],
  ['post-late', ({ posts }) => posts.reverse()],
  ['post-left', ({ posts }) => Object.assign(posts[2] as object, { deleted: false })],
  ['post-left', ({ posts }) => Object.assign(posts[0] as object, { words: ['word1'] })],
  ['post-phantom', ({ posts }) => posts.push(post('8', 'word99'))],
  ['marked-but-lost', ({ posts }) => posts.push({ ...post('8', 'word9', false), marks: ['✅'] })],
  ['unanswered', ({ day }) => day.gaps.pop()],
  ['unanswered', ({ day }) => Object.assign(day.uses[0] as object, { state: 'pending' })],
];

test.each(planted)('%s is found where it is planted (%#)', (kind, plant) => {
  const right = rightDay();
  plant(right);
  expect(judgeDay(right.day).map((finding) => finding.kind)).toContain(kind);
});
