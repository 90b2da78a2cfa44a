import { type Colleague, record } from './colleague.ts';
import type { Day, DayTicket } from './day.ts';
import type { Post } from './evidence.ts';
import { notes } from './moves.ts';

/** What Discord itself refuses, such as in a channel that is just gone, has not happened. */
async function attempt(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch {
    return false;
  }
}

async function write(day: Day, who: Colleague, ticket: DayTicket, channelId: string) {
  const word = day.word();
  const isNote = who.dice.random() < 0.3;
  const sent = record(ticket, { word, by: who.name, door: 'discord', isNote });
  const isDone = await attempt(async () => {
    const { id } = await who.person.write(channelId, isNote ? `// ${word}` : word);
    who.own.push({ channelId, id, ticket });
  });
  if (isDone) sent.outcome = 'accepted';
}

async function remove(_day: Day, who: Colleague) {
  const own = who.dice.pick(who.own);
  if (!own) return;
  who.own.splice(who.own.indexOf(own), 1);
  await attempt(() => who.person.remove(own.channelId, own.id));
}

/** A note stays a note, and a message a message. */
async function edit(day: Day, who: Colleague) {
  const own = who.dice.pick(who.own);
  const post = own && day.witness.look().postById(own.id);
  if (!own || !post) return;
  const word = day.word();
  const isNote = own.ticket.sent.some((one) => one.isNote && post.words.includes(one.word));
  const by = who.name;
  const sent = record(own.ticket, { word, by, door: 'discord', isNote, isEdit: true });
  const text = isNote && !post.inThread ? `// ${word}` : word;
  if (await attempt(() => who.person.edit(own.channelId, own.id, text))) sent.outcome = 'accepted';
}

async function react(day: Day, who: Colleague, ticket: DayTicket) {
  const channel = day.witness.channelOf(ticket.number);
  const post = channel && who.dice.pick(channel.posts.filter(isReactedTo));
  if (!channel || !post) return;
  const emoji = who.dice.pick(['👍', '🎉']);
  const set = who.dice.random() < 0.8;
  const path = `/channels/${channel.id}/messages/${post.id}/reactions/${encodeURIComponent(emoji)}/@me`;
  const at = Date.now();
  if (await attempt(() => who.person.call(set ? 'PUT' : 'DELETE', path))) {
    ticket.reacted.push({ postId: post.id, emoji, by: who.person.id, at, set });
  }
}

const isReactedTo = ({ words, deleted, inThread }: Post) =>
  words.length === 1 && !deleted && !inThread;

/** Writes in a thread for notes that one of them has opened before. */
async function writeInThread(day: Day, who: Colleague) {
  const thread = who.dice.pick(who.threads);
  if (!thread) return;
  const word = day.word();
  const sent = record(thread.ticket, { word, by: who.name, door: 'thread', isNote: true });
  const isDone = await attempt(async () => {
    const { id } = await who.person.write(thread.id, word);
    who.own.push({ channelId: thread.id, id, ticket: thread.ticket });
  });
  if (isDone) sent.outcome = 'accepted';
}

/** What comes next of the deck; what cannot be done here, such as claiming what is claimed, comes again. */
async function move(day: Day, who: Colleague, ticket: DayTicket, channelId: string) {
  const next = who.deck.shift();
  if (!next) return;
  who.deck.push(next);
  if (await attempt(() => next({ day, who, ticket, channelId }))) who.done.add(next);
}

type Act = (day: Day, who: Colleague, ticket: DayTicket, channelId: string) => Promise<void>;

const acts: [often: number, act: Act][] = [
  [8, write],
  [2, edit],
  [1, remove],
  [2, react],
  [2, writeInThread],
  [8, move],
];

async function acting(day: Day, who: Colleague, act: Act): Promise<void> {
  const tickets = day.tickets.filter(({ number }) => day.witness.channelOf(number));
  const ticket = who.dice.pick(tickets);
  const channel = ticket && day.witness.channelOf(ticket.number);
  if (channel) await act(day, who, ticket, channel.id);
}

/** One thing that one of the staff does. */
export const staffActs = (day: Day, who: Colleague) => acting(day, who, who.dice.draw(acts));

/** What is left of the deck, so that a day has all there is to be done. */
export async function finishDeck(day: Day, who: Colleague): Promise<void> {
  for (let tries = 0; who.done.size < who.deck.length && tries < 60; tries++) {
    await acting(day, who, move);
  }
  for (let tries = 0; who.threads.length === 0 && tries < 5; tries++) {
    await acting(day, who, async (_day, _who, ticket, channelId) => {
      await attempt(() => notes({ day, who, ticket, channelId }));
    });
  }
  // Of these nothing may be lost now: there is nothing wrong any more.
  for (let n = 0; n < 5; n++) {
    await acting(day, who, react);
    await acting(day, who, writeInThread);
  }
}
