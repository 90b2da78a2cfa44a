import { setTimeout as sleep } from 'node:timers/promises';
import { internalLog, logKey, type Stream } from '../../../src/domain/log/entry.ts';
import { eventually } from '../../support/eventually.ts';
import { seededRandom } from '../../support/random.ts';
import type { Cluster } from './cluster.ts';
import { long, type Recorder } from './history.ts';
import { Reader } from './reader.ts';
import { mixedDoors } from './socket-door.ts';
import {
  type Account,
  changeUntilAnswered,
  newAccount,
  openTicket,
  sendUntilAnswered,
  type Urls,
} from './writer.ts';

/** How long a writer tries before that is a failure of its own. */
const GIVE_UP_MS = long ? 240_000 : 120_000;
/** How many of what a writer does are changes of its own messages, and how many of those deletions. */
const CHANGES = 0.15;
const DELETIONS = 0.3;
/** Of so many accepted some came over sockets. */
const FEW = 50;
/** How many of what is sent are notes. */
const NOTES = 0.2;

export interface LoadOptions {
  cluster: Cluster;
  recorder: Recorder;
  writers: number;
  tickets: number;
  /** Milliseconds each writer rests after an answer, at most. */
  rest?: number;
  /** Readers of each ticket. Default 1. */
  readers?: number;
  /** Where writers and readers go. Default: every node that listens. */
  where?: Urls;
}

/**
 * Writers that send one message or note after the other, and edit and delete their own now and then, over
 * REST and sockets, each until it is answered; and readers of both logs.
 */
export interface Load {
  readonly ticketIds: readonly string[];
  /** Whose tickets they are, in the same order. */
  readonly owners: readonly Account[];
  readonly readers: readonly Reader[];
  /** Messages, edits and deletions accepted so far. */
  accepted(): number;
  /** Ends the writers, waits for every reader, and judges all that was recorded. */
  finish(timeout?: number): Promise<void>;
  /** Ends it without judging, after a failure. */
  abandon(): void;
}

const notesOf = (ticketId: string) => logKey(internalLog(ticketId));

const running = new WeakMap<Cluster, Load>();

/** Starts writers and readers; those of a test before that failed in the middle end first. */
export async function startLoad(options: LoadOptions): Promise<Load> {
  const { cluster, recorder, writers, tickets, rest = 20, where = cluster } = options;
  running.get(cluster)?.abandon();
  const random = seededRandom(recorder.seed + 1);
  const owners = Array.from({ length: tickets }, () => newAccount());
  const ticketIds = await Promise.all(owners.map((owner) => openTicket(cluster, owner)));
  const staff = Array.from({ length: writers }, () => newAccount('AGENT'));
  const readers = ticketIds.flatMap((ticketId, index) =>
    Array.from({ length: options.readers ?? 1 }, (_, nth) => {
      const by = owners[index] as Account;
      const name = `reader ${nth} of ${by.id}`;
      return new Reader({ name, by, ticketIds: [ticketId], where, random });
    }),
  );
  const noteReaders = ticketIds.map((ticketId) => {
    const by = newAccount('AGENT');
    const name = `reader of the notes of ${ticketId}`;
    return new Reader({ name, by, ticketIds: [ticketId], stream: 'internal', where, random });
  });
  const everyReader = [...readers, ...noteReaders];
  await Promise.all(everyReader.map((reader) => reader.live()));
  let stopping = false;
  let accepted = 0;
  let overSockets = 0;
  const write = async (by: Account, index: number) => {
    const own = seededRandom(recorder.seed + 100 + index);
    const ticketId = ticketIds[index % tickets] as string;
    const doors = mixedDoors(recorder, by, ticketId, own);
    const mine: { id: string; stream: Stream }[] = [];
    const send = async (n: number) => {
      const stream = own() < NOTES ? 'internal' : 'public';
      const message = { ticketId, stream, by, clientId: `${by.id}/${n}` } as const;
      const sent = await sendUntilAnswered(recorder, where, message, own, GIVE_UP_MS, doors);
      if (sent.message) mine.push({ id: sent.message.id, stream });
      return sent;
    };
    const change = (n: number) => {
      const index = Math.floor(own() * mine.length);
      const { id: messageId, stream } = mine[index] as { id: string; stream: Stream };
      const content = own() < DELETIONS ? undefined : `${by.id}/${n}`;
      if (content === undefined) mine.splice(index, 1);
      const one = { ticketId, stream, by, messageId, content };
      return changeUntilAnswered(recorder, where, one, own, GIVE_UP_MS, doors);
    };
    for (let n = 1; !stopping && !cluster.closed; n++) {
      const isChange = mine.length > 0 && own() < CHANGES;
      const { outcome, status } = await (isChange ? change(n) : send(n));
      if (outcome === 'accepted') accepted++;
      else if (outcome === 'refused') {
        recorder.surprises.push(`number ${n} of ${by.id} was refused with ${status}`);
      }
      await sleep(own() * rest);
    }
    overSockets += doors.overSockets;
    doors.close();
  };
  const writing = Promise.all(staff.map(write));
  writing.catch(() => undefined);
  const load: Load = {
    ticketIds,
    owners,
    readers,
    accepted: () => accepted,
    async finish(timeout = 20_000) {
      stopping = true;
      try {
        await writing;
        if (accepted > FEW && overSockets === 0) {
          recorder.surprises.push('nothing was accepted over a socket');
        }
        const all = await eventually(() => cluster.readLogs(), { timeout });
        const keys = ticketIds.flatMap((id) => [id, notesOf(id)]);
        const logs = Object.fromEntries(keys.map((key) => [key, all[key] ?? []]));
        for (const [index, ticketId] of ticketIds.entries()) {
          const length = logs[notesOf(ticketId)]?.length ?? 0;
          await noteReaders[index]?.reaches(ticketId, length, timeout).catch(() => undefined);
        }
        for (const [index, reader] of readers.entries()) {
          const ticketId = ticketIds[Math.floor(index / (options.readers ?? 1))] as string;
          // A reader that does not get there is a finding of the checker's, with the history.
          await reader
            .reaches(ticketId, logs[ticketId]?.length ?? 0, timeout)
            .catch(() => undefined);
        }
        const records = everyReader.flatMap((reader) => reader.records());
        const more = everyReader.flatMap((reader) => reader.findings);
        recorder.judge(logs, records, { more, logTails: cluster.logTails });
      } finally {
        for (const reader of everyReader) reader.close();
      }
    },
    abandon() {
      stopping = true;
      for (const reader of everyReader) reader.close();
    },
  };
  running.set(cluster, load);
  return load;
}
