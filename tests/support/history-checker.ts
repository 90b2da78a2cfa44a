/**
 * Judges what a test recorded: what writers were answered, what is stored, what readers got. It
 * knows nothing of how Deskcord works, only what is promised.
 */

/**
 * One try to write, edit or delete. A retry is another attempt with the same client id; a retry of an
 * edit, which can happen twice, has another.
 */
export interface Attempt {
  ticket_id: string;
  author_id: string;
  client_id: string;
  sent_at: number;
  /** When its outcome was known; without it the order of a writer's own sends is not judged. */
  answered_at?: number;
  /** `unknown`: cut, timed out, 503. */
  outcome: 'accepted' | 'refused' | 'unknown';
  /** What `accepted` answered. */
  seq?: number;
}

/** One entry of a ticket's log, as it is in the database. */
export interface StoredEntry {
  seq: number;
  author_id: string | null;
  /** None for what nobody sent, such as a change of status. An edit or a deletion has its own. */
  client_id: string | null;
  /** The message it makes or changes. */
  id?: string;
}

/** One event as a reader got it; `seq` is the entry it tells of (on the wire, `rev`). */
export interface ReceivedEvent {
  seq: number;
  client_id: string | null;
  id?: string;
}

export interface Reader {
  name: string;
  ticket_id: string;
  /** In the order of arrival. */
  events: readonly ReceivedEvent[];
  /** It had everything up to here before. Default 0. */
  after?: number;
  /** It is owed nothing beyond this. Default: the end of the log. */
  until?: number;
  /** What it read at one go: of the entries of one message in each only the last up to `head` is owed. */
  snapshots?: readonly { after: number; head: number }[];
  /** What it leaves out itself: nothing (default), or whatever is at or below its cursor. */
  drops?: 'nothing' | 'known';
}

export interface History {
  attempts: readonly Attempt[];
  /** By ticket; each in any order. */
  logs: Readonly<Record<string, readonly StoredEntry[]>>;
  readers: readonly Reader[];
}

export type ViolationKind =
  | 'lost'
  | 'doubled'
  | 'answered-differently'
  | 'wrong-seq'
  | 'refused-but-stored'
  | 'phantom'
  | 'hole'
  | 'seq-twice'
  | 'writer-reordered'
  | 'reader-missed'
  | 'reader-twice'
  | 'reader-reordered'
  | 'reader-phantom';

export interface Violation {
  kind: ViolationKind;
  ticket_id: string;
  detail: string;
}

/** @returns everything in the history that breaks the promise; nothing for a right one */
export function judgeHistory(history: History): Violation[] {
  const tickets = new Set([
    ...Object.keys(history.logs),
    ...history.attempts.map(({ ticket_id }) => ticket_id),
    ...history.readers.map(({ ticket_id }) => ticket_id),
  ]);
  return [...tickets].flatMap((ticket_id) => {
    const log = [...(history.logs[ticket_id] ?? [])].sort((a, b) => a.seq - b.seq);
    const attempts = history.attempts.filter((attempt) => attempt.ticket_id === ticket_id);
    const readers = history.readers.filter((reader) => reader.ticket_id === ticket_id);
    const findings: Finding[] = [
      ...judgeNumbering(log),
      ...judgeAnswers(attempts, log),
      ...judgeWriterOrder(attempts),
      ...readers.flatMap((reader) => judgeReader(reader, log)),
    ];
    return findings.map(([kind, detail]) => ({ kind, ticket_id, detail }));
  });
}

type Finding = [ViolationKind, string];

const keyOf = (by: { author_id: string | null; client_id: string | null }) =>
  `${by.client_id} of ${by.author_id}`;

function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group) group.push(item);
    else groups.set(key(item), [item]);
  }
  return groups;
}

function judgeNumbering(log: readonly StoredEntry[]): Finding[] {
  const findings: Finding[] = [];
  let head = 0;
  for (const { seq } of log) {
    if (seq === head) findings.push(['seq-twice', `two entries have seq ${seq}`]);
    for (let missing = head + 1; missing < seq; missing++) {
      findings.push(['hole', `no entry has seq ${missing}`]);
    }
    head = seq;
  }
  return findings;
}

function judgeAnswers(attempts: readonly Attempt[], log: readonly StoredEntry[]): Finding[] {
  const findings: Finding[] = [];
  const tried = groupBy(attempts, keyOf);
  const stored = groupBy(
    log.filter(({ client_id }) => client_id !== null),
    keyOf,
  );
  for (const [key, entries] of stored) {
    const seqs = entries.map(({ seq }) => seq).join(', ');
    if (entries.length > 1) findings.push(['doubled', `${key} is stored as ${seqs}`]);
    const outcomes = tried.get(key)?.map(({ outcome }) => outcome);
    if (!outcomes) findings.push(['phantom', `${key} is stored as ${seqs} and was never sent`]);
    else if (outcomes.every((outcome) => outcome === 'refused')) {
      findings.push(['refused-but-stored', `${key} was refused and is stored as ${seqs}`]);
    }
  }
  for (const [key, tries] of tried) {
    const answers = new Set(
      tries.filter(({ outcome }) => outcome === 'accepted').map(({ seq }) => seq),
    );
    if (answers.size === 0) continue;
    const told = [...answers].join(', ');
    if (answers.size > 1) findings.push(['answered-differently', `${key} was accepted as ${told}`]);
    const entries = stored.get(key);
    if (!entries) findings.push(['lost', `${key} was accepted as ${told} and is not stored`]);
    else if (!entries.some(({ seq }) => answers.has(seq))) {
      findings.push(['wrong-seq', `${key} was accepted as ${told}, stored as ${entries[0]?.seq}`]);
    }
  }
  return findings;
}

/** What was accepted before the same writer sent another stands before it in the log. */
function judgeWriterOrder(attempts: readonly Attempt[]): Finding[] {
  const findings: Finding[] = [];
  for (const own of groupBy(attempts, ({ author_id }) => author_id).values()) {
    const sends = [...groupBy(own, keyOf)].flatMap(([key, tries]) => {
      const accepted = tries.filter(({ outcome }) => outcome === 'accepted');
      const seq = accepted[0]?.seq;
      if (seq === undefined) return [];
      const sent = Math.min(...tries.map(({ sent_at }) => sent_at));
      const answered = Math.min(...accepted.map((one) => one.answered_at ?? Infinity));
      return [{ key, seq, sent, answered }];
    });
    const byAnswer = sends.filter(({ answered }) => answered < Infinity);
    byAnswer.sort((a, b) => a.answered - b.answered);
    sends.sort((a, b) => a.sent - b.sent);
    let next = 0;
    let highest = { key: '', seq: 0 };
    for (const send of sends) {
      for (let done = byAnswer[next]; done && done.answered <= send.sent; done = byAnswer[++next]) {
        if (done.seq > highest.seq && done.key !== send.key) highest = done;
      }
      if (send.seq < highest.seq) {
        const order = `${send.key} has seq ${send.seq}, and ${highest.key}, accepted before, ${highest.seq}`;
        findings.push(['writer-reordered', order]);
      }
    }
  }
  return findings;
}

function judgeReader(reader: Reader, log: readonly StoredEntry[]): Finding[] {
  const { name, events, after = 0, until = Infinity, drops = 'nothing' } = reader;
  const findings: Finding[] = [];
  const bySeq = new Map(log.map((entry) => [entry.seq, entry]));
  const seen = new Set<number>();
  let cursor = after;
  for (const event of events) {
    const { seq } = event;
    if (drops === 'known' && seq <= cursor) continue;
    const entry = bySeq.get(seq);
    if (!entry || !isSame(event, entry)) {
      findings.push(['reader-phantom', `${name} got ${seq} (${event.client_id}), not in the log`]);
    }
    if (seen.has(seq)) findings.push(['reader-twice', `${name} got ${seq} twice`]);
    else if (seq < cursor)
      findings.push(['reader-reordered', `${name} got ${seq} after ${cursor}`]);
    seen.add(seq);
    cursor = Math.max(cursor, seq);
  }
  const isFolded = foldingOf(reader, log);
  for (const entry of log) {
    const { seq } = entry;
    if (seq > after && seq <= until && !seen.has(seq) && !isFolded(entry)) {
      findings.push(['reader-missed', `${name} never got ${seq}`]);
    }
  }
  return findings;
}

/**
 * Tells whether a snapshot of the reader's rightly showed a later entry of the same message instead; of
 * the ticket itself a snapshot shows what it is, and no entry of it by itself.
 */
function foldingOf({ snapshots = [] }: Reader, log: readonly StoredEntry[]) {
  const byMessage = groupBy(log, ({ id }) => id ?? '');
  return ({ seq, id }: StoredEntry): boolean => {
    if (!id) return snapshots.some(({ after, head }) => seq > after && seq <= head);
    const later = byMessage.get(id)?.filter((other) => other.seq > seq) ?? [];
    return snapshots.some(
      ({ after, head }) => seq > after && later.some((other) => other.seq <= head),
    );
  };
}

function isSame(event: ReceivedEvent, entry: StoredEntry): boolean {
  if (event.client_id !== entry.client_id) return false;
  return event.id === undefined || entry.id === undefined || event.id === entry.id;
}
