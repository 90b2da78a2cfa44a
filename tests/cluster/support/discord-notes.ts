import { expect } from '@jest/globals';
import { ObjectId } from 'mongodb';
import { internalLog, logKey } from '../../../src/domain/log/entry.ts';
import type { DiscordPerson } from '../../support/discord.ts';
import { eventually } from '../../support/eventually.ts';
import type { ReceivedEvent, StoredEntry } from '../../support/history-checker.ts';
import type { Cluster } from './cluster.ts';
import { changeKey, type Recorder } from './history.ts';
import { Reader } from './reader.ts';
import { mixedDoors } from './socket-door.ts';
import { changeUntilAnswered, newAccount, sendUntilAnswered } from './writer.ts';

/** Of so many of the newest notes one is changed. */
const CHANGED_AMONG = 4;
/**
 * In Discord, of those among so many of the newest posts: a bot that was away compares a hundred before
 * the last one that it has taken in.
 */
const COMPARED = 60;

interface Note {
  /** Of the post in Discord, or of the note. */
  id: string;
  texts: string[];
  isGone: boolean;
}

export interface NotesOptions {
  recorder: Recorder;
  cluster: Cluster;
  kim: DiscordPerson;
  ticketId: string;
  random: () => number;
  channelId(): Promise<string>;
  /** What stands in the channel, in order. */
  texts(): Promise<string[]>;
}

/** Tells whether a text of a channel is a note, whoever wrote it. */
export const isNote = (text: string) => text.startsWith('//') || text.startsWith('📝');

/**
 * The notes of a ticket as two of the staff write, edit and delete them: Kim in Discord by `//`, a colleague
 * over REST and sockets. What Kim does has no answer but its mark, so in the end the log is held against
 * what stands in Discord.
 */
export function writeNotes(options: NotesOptions) {
  const { recorder, cluster, kim, ticketId, random } = options;
  const log = logKey(internalLog(ticketId));
  const colleague = newAccount('AGENT');
  const doors = mixedDoors(recorder, colleague, ticketId, random);
  const where = { name: 'reader of the notes', ticketIds: [ticketId], where: cluster, random };
  const reader = new Reader({ ...where, by: newAccount('AGENT'), stream: 'internal' });
  const ofKim: Note[] = [];
  const ofColleague: Note[] = [];

  const living = (notes: Note[]) => notes.filter(({ isGone }) => !isGone);
  /** A new note, an edit or a deletion: what it is to be. */
  const next = (notes: Note[]) => {
    const drawn = random();
    const recent = living(notes).slice(-CHANGED_AMONG);
    const note = drawn < 0.4 ? undefined : recent[Math.floor(random() * recent.length)];
    return { note, isDeletion: drawn > 0.8 };
  };
  /** Kim's notes that a bot compares that was away. */
  const compared = async () => {
    const posts = await kim.messages(await options.channelId());
    const newest = posts.map(({ id }) => BigInt(id)).sort((a, b) => Number(b - a));
    const from = newest[COMPARED - 1] ?? 0n;
    return ofKim.filter(({ id }) => BigInt(id) >= from);
  };

  const write = async (text: string) => {
    const { id } = await kim.write(await options.channelId(), `// ${text}`);
    ofKim.push({ id, texts: [text], isGone: false });
  };
  const edit = async (note: Note, text: string) => {
    note.texts.push(text);
    await kim.edit(await options.channelId(), note.id, `// ${text}`);
  };
  const remove = async (note: Note) => {
    note.isGone = true;
    await kim.remove(await options.channelId(), note.id);
  };

  const inDiscord = async (text: string) => {
    const { note, isDeletion } = next(await compared());
    if (!note) await write(text);
    else await (isDeletion ? remove(note) : edit(note, text));
  };

  /** Edits and deletes in Discord what the bot has taken in already, each `pace` after the one before. */
  const changeKnown = async (text: string, pace: () => Promise<unknown>) => {
    const known = living(await compared()).slice(-CHANGED_AMONG);
    for (const [nth, note] of known.entries()) {
      await edit(note, `${text}, ${nth}`);
      await pace();
      if (nth % 2 === 0) await remove(note);
    }
  };

  const elsewhere = async (text: string) => {
    const place = { ticketId, stream: 'internal', by: colleague } as const;
    const { note, isDeletion } = next(ofColleague);
    if (!note) {
      const send = { ...place, clientId: text };
      const { message } = await sendUntilAnswered(recorder, cluster, send, random, 60_000, doors);
      ofColleague.push({ id: message?.id ?? '', texts: [text], isGone: false });
      return;
    }
    const change = { ...place, messageId: note.id, ...(!isDeletion && { content: text }) };
    const sent = await changeUntilAnswered(recorder, cluster, change, random, 60_000, doors);
    note.isGone = isDeletion;
    if (!isDeletion) note.texts.push(sent.message?.content ?? text);
  };

  /** What stands in the log, folded. */
  const stored = async () => {
    const rows = await cluster.client
      .db(cluster.database)
      .collection('entries')
      .find({ ticket_id: new ObjectId(ticketId), stream: 'internal' })
      .sort({ seq: 1 })
      .toArray();
    const notes = new Map<string, { author: string; clientId: string; text: string }>();
    for (const { _id, type, of, author, client_id, content } of rows) {
      const id = String(of?.id ?? _id);
      if (type === 'delete') notes.delete(id);
      else if (type === 'message') {
        notes.set(id, { author: author.id, clientId: client_id, text: content });
      } else {
        const note = notes.get(id);
        if (note) note.text = content;
      }
    }
    return [...notes.values()];
  };

  /** What Kim did as tries whose outcome nobody was told. */
  const recordKim = (entries: readonly StoredEntry[]) => {
    const at = { ticket_id: log, author_id: kim.id, sent_at: 0, outcome: 'unknown' } as const;
    for (const { id, texts } of ofKim) {
      // The key of a note says where it was written, too.
      const entry = entries.find(({ client_id }) => client_id?.split(':')[0] === id);
      recorder.attempts.push({ ...at, client_id: entry?.client_id ?? id });
      const note = entry?.id;
      if (!note) continue;
      for (const text of texts) recorder.attempts.push({ ...at, client_id: changeKey(note, text) });
      recorder.attempts.push({ ...at, client_id: changeKey(note) });
    }
  };

  const lastOf = (notes: Note[]) => living(notes).map(({ texts }) => texts.at(-1));

  const progress = async () => (await options.texts()).length;

  /** Waits until the log and Discord say the same, however long the backlog. */
  const agrees = (timeout: number) =>
    eventually(
      async () => {
        const all = await stored();
        const inLog = (id: string) =>
          all.filter(({ author }) => author === id).map(({ text }) => text);
        expect(inLog(kim.id)).toEqual(lastOf(ofKim));
        expect(inLog(colleague.id)).toEqual(lastOf(ofColleague));
        const posted = (await options.texts()).filter((text) => text.startsWith('📝'));
        const bare = posted.map((text) => text.slice(text.indexOf('**: ') + '**: '.length));
        expect(bare).toEqual(lastOf(ofColleague));
      },
      { timeout, every: 200, progress },
    );

  return {
    log,
    agrees,
    inDiscord,
    changeKnown,
    elsewhere,
    close() {
      doors.close();
      reader.close();
    },
    /** Waits until the log and Discord say the same. @returns what the judge is given */
    async settle(timeout: number) {
      doors.close();
      await agrees(timeout);
      const entries = (await cluster.readLogs(ticketId))[log] ?? [];
      const bySeq = entries.toSorted((a, b) => a.seq - b.seq);
      recordKim(bySeq);
      await reader.reaches(ticketId, bySeq.length, timeout).catch(() => undefined);
      reader.close();
      // On the wire a client id is its own author's business; the note's id tells as much.
      const named = (event: ReceivedEvent) => {
        const client_id = event.client_id ?? bySeq[event.seq - 1]?.client_id ?? null;
        return { ...event, client_id };
      };
      const records = reader
        .records()
        .map((record) => ({ ...record, events: record.events.map(named) }));
      return { entries: bySeq, records, findings: reader.findings };
    },
  };
}
