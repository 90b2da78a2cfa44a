import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../../support/eventually.ts';
import { seededRandom } from '../../support/random.ts';
import type { Cluster } from './cluster.ts';
import type { Recorder } from './history.ts';
import { Reader } from './reader.ts';
import {
  type Account,
  changeUntilAnswered,
  newAccount,
  openTicket,
  sendUntilAnswered,
  type Urls,
} from './writer.ts';

/** How long a writer tries before that is a failure of its own. */
const GIVE_UP_MS = 120_000;
/** How many of what a writer does are changes of its own messages, and how many of those deletions. */
const CHANGES = 0.15;
const DELETIONS = 0.3;

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
 * Writers that send one message after the other, and edit and delete their own now and then, each
 * until it is answered; and readers.
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
  await Promise.all(readers.map((reader) => reader.live()));
  let stopping = false;
  let accepted = 0;
  const write = async (by: Account, index: number) => {
    const own = seededRandom(recorder.seed + 100 + index);
    const ticketId = ticketIds[index % tickets] as string;
    const mine: string[] = [];
    const send = async (n: number) => {
      const message = { ticketId, by, clientId: `${by.id}/${n}` };
      const sent = await sendUntilAnswered(recorder, where, message, own, GIVE_UP_MS);
      if (sent.message) mine.push(sent.message.id);
      return sent;
    };
    const change = (n: number) => {
      const index = Math.floor(own() * mine.length);
      const messageId = mine[index] as string;
      const content = own() < DELETIONS ? undefined : `${by.id}/${n}`;
      if (content === undefined) mine.splice(index, 1);
      const one = { ticketId, by, messageId, content };
      return changeUntilAnswered(recorder, where, one, own, GIVE_UP_MS);
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
        const all = await eventually(() => cluster.readLogs(), { timeout });
        const logs = Object.fromEntries(ticketIds.map((id) => [id, all[id] ?? []]));
        for (const [index, reader] of readers.entries()) {
          const ticketId = ticketIds[Math.floor(index / (options.readers ?? 1))] as string;
          // A reader that does not get there is a finding of the checker's, with the history.
          await reader
            .reaches(ticketId, logs[ticketId]?.length ?? 0, timeout)
            .catch(() => undefined);
        }
        const records = readers.flatMap((reader) => reader.records());
        const more = readers.flatMap((reader) => reader.findings);
        recorder.judge(logs, records, { more, logTails: cluster.logTails });
      } finally {
        for (const reader of readers) reader.close();
      }
    },
    abandon() {
      stopping = true;
      for (const reader of readers) reader.close();
    },
  };
  running.set(cluster, load);
  return load;
}
