import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  type Attempt,
  type History,
  judgeHistory,
  type Reader,
  type ReceivedEvent,
  type StoredEntry,
  type ViolationKind,
} from '../support/history-checker.ts';

const ticket_id = 'ticket';

const buildAttempt = (overrides: Partial<Attempt> = {}): Attempt => ({
  ticket_id,
  author_id: 'ada',
  client_id: 'c1',
  sent_at: 0,
  outcome: 'accepted',
  ...overrides,
});

/** Four messages of two writers, then an edit and a deletion of the first, and two readers. */
function buildHistory(): {
  attempts: Attempt[];
  logs: Record<string, StoredEntry[]>;
  readers: (Reader & { events: ReceivedEvent[] })[];
} {
  const messages = [1, 2, 3, 4].map((seq) => ({
    seq,
    id: `m${seq}`,
    author_id: seq % 2 ? 'ada' : 'bob',
    client_id: `c${seq}`,
  }));
  const changes = ['edit of m1', 'deletion of m1'].map((client_id, index) => ({
    seq: 5 + index,
    id: 'm1',
    author_id: 'ada',
    client_id,
  }));
  const log = [...messages, ...changes];
  const events = () => log.map(({ seq, id, client_id }) => ({ seq, id, client_id }));
  return {
    attempts: log.map(({ seq, author_id, client_id }) =>
      buildAttempt({ author_id, client_id, seq, sent_at: seq * 10, answered_at: seq * 10 + 5 }),
    ),
    logs: { [ticket_id]: log },
    readers: ['tab', 'phone'].map((name) => ({ name, ticket_id, events: events() })),
  };
}

const kinds = (history: History) => judgeHistory(history).map(({ kind }) => kind);
const at = <T>(list: readonly T[], index: number) => list[index] as T;

describe('a right history', () => {
  test('when everything is in its place, then there is nothing to say', () => {
    expect(judgeHistory(buildHistory())).toEqual([]);
  });

  test('when an unknown outcome is stored or not, then both are right', () => {
    const history = buildHistory();
    at(history.attempts, 3).outcome = 'unknown';
    history.attempts.push(buildAttempt({ client_id: 'gone', outcome: 'unknown' }));
    expect(kinds(history)).toEqual([]);
  });

  test('when a retry gets the same seq, then that is right', () => {
    const history = buildHistory();
    history.attempts.push(
      buildAttempt({ seq: 1, sent_at: 90, answered_at: 91 }),
      buildAttempt({ outcome: 'unknown', sent_at: 5 }),
      buildAttempt({ outcome: 'refused', sent_at: 95 }),
    );
    expect(kinds(history)).toEqual([]);
  });

  test('when two authors use the same client id, then these are two messages', () => {
    const history = buildHistory();
    const log = history.logs[ticket_id] as StoredEntry[];
    log.push({ seq: 7, author_id: 'bob', client_id: 'c1' });
    history.attempts.push(buildAttempt({ author_id: 'bob', seq: 7, sent_at: 80 }));
    for (const { events } of history.readers) events.push({ seq: 7, client_id: 'c1' });
    expect(kinds(history)).toEqual([]);
  });

  test('when a reader joined later or left earlier, then it is owed only its part', () => {
    const history = buildHistory();
    at(history.readers, 0).events.splice(0, 2);
    at(history.readers, 0).after = 2;
    at(history.readers, 1).events.pop();
    at(history.readers, 1).until = 5;
    expect(kinds(history)).toEqual([]);
  });

  test('when a reader read a message only after it was changed, then the last change is enough', () => {
    const history = buildHistory();
    const reader = at(history.readers, 0);
    reader.events = reader.events.filter(({ seq }) => seq !== 1 && seq !== 5);
    expect(kinds(history)).toEqual(['reader-missed', 'reader-missed']);
    reader.snapshots = [{ after: 0, head: 6 }];
    expect(kinds(history)).toEqual([]);
    reader.snapshots = [{ after: 0, head: 5 }];
    reader.events = reader.events.filter(({ seq }) => seq !== 6);
    expect(kinds(history)).toEqual(['reader-missed', 'reader-missed']);
  });

  test('when a reader drops what it knows, then getting it again is right', () => {
    const history = buildHistory();
    const reader = at(history.readers, 0);
    reader.events.splice(2, 0, at(reader.events, 0), at(reader.events, 1));
    expect(kinds(history)).toEqual(['reader-twice', 'reader-twice']);
    reader.drops = 'known';
    expect(kinds(history)).toEqual([]);
  });
});

describe('a planted fault', () => {
  type Draft = ReturnType<typeof buildHistory>;
  const log = (history: Draft) => history.logs[ticket_id] as StoredEntry[];
  const tab = (history: Draft) => at(history.readers, 0).events;
  const faults: [string, ViolationKind, (history: Draft) => void][] = [
    ['an accepted message is not stored', 'lost', (h) => log(h).pop()],
    ['a whole log is gone', 'lost', (h) => delete h.logs[ticket_id]],
    ['a message is stored twice', 'doubled', (h) => log(h).push({ ...at(log(h), 0), seq: 7 })],
    ['an accepted edit is not stored', 'lost', (h) => log(h).splice(4, 1)],
    ['an accepted deletion is not stored', 'lost', (h) => log(h).splice(5, 1)],
    ['an edit is stored twice', 'doubled', (h) => log(h).push({ ...at(log(h), 4), seq: 7 })],
    ['a deletion is stored twice', 'doubled', (h) => log(h).push({ ...at(log(h), 5), seq: 7 })],
    [
      'an edit and a deletion are swapped in the log',
      'wrong-seq',
      (h) => {
        at(log(h), 4).seq = 6;
        at(log(h), 5).seq = 5;
      },
    ],
    ['a reader misses an edit', 'reader-missed', (h) => tab(h).splice(4, 1)],
    ['a reader gets an edit twice', 'reader-twice', (h) => tab(h).push(at(tab(h), 4))],
    [
      'a reader gets a deletion before the edit',
      'reader-reordered',
      (h) => tab(h).splice(4, 2, at(tab(h), 5), at(tab(h), 4)),
    ],
    [
      'a reader gets an edit of another message',
      'reader-phantom',
      (h) => {
        at(tab(h), 4).id = 'm2';
      },
    ],
    [
      'an unknown outcome is stored twice',
      'doubled',
      (h) => {
        at(h.attempts, 0).outcome = 'unknown';
        log(h).push({ ...at(log(h), 0), seq: 7 });
      },
    ],
    [
      'a retry is accepted as another entry',
      'answered-differently',
      (h) => h.attempts.push(buildAttempt({ seq: 2, sent_at: 90 })),
    ],
    [
      'the answer names another seq than the log',
      'wrong-seq',
      (h) => {
        at(h.attempts, 3).seq = 7;
      },
    ],
    [
      'two entries are swapped in the log',
      'wrong-seq',
      (h) => {
        at(log(h), 0).seq = 2;
        at(log(h), 1).seq = 1;
      },
    ],
    [
      'a refused message is stored',
      'refused-but-stored',
      (h) => {
        at(h.attempts, 2).outcome = 'refused';
      },
    ],
    [
      'something is stored that nobody sent',
      'phantom',
      (h) => log(h).push({ seq: 7, author_id: 'ada', client_id: 'c9' }),
    ],
    ['a seq is missing', 'hole', (h) => log(h).splice(1, 1)],
    [
      'two entries have one seq',
      'seq-twice',
      (h) => {
        at(log(h), 3).seq = 3;
      },
    ],
    [
      'a writer sent the second after the first was accepted, and it stands before it',
      'writer-reordered',
      (h) => {
        at(h.attempts, 2).sent_at = 1;
        at(h.attempts, 2).answered_at = 2;
      },
    ],
    ['a reader misses an entry', 'reader-missed', (h) => tab(h).splice(2, 1)],
    ['a reader misses the last entry', 'reader-missed', (h) => tab(h).pop()],
    ['a reader gets nothing', 'reader-missed', (h) => tab(h).splice(0)],
    ['a reader gets one twice', 'reader-twice', (h) => tab(h).push(at(tab(h), 3))],
    ['a reader gets two in the wrong order', 'reader-reordered', (h) => tab(h).reverse()],
    [
      'a reader gets what is not stored',
      'reader-phantom',
      (h) => tab(h).push({ seq: 7, client_id: 'c9' }),
    ],
    [
      'a reader gets another message under this seq',
      'reader-phantom',
      (h) => {
        at(tab(h), 1).id = 'm9';
      },
    ],
  ];

  test.each(faults)('when %s, then it is %s', (_, kind, plant) => {
    const history = buildHistory();
    plant(history);
    expect(kinds(history)).toContain(kind);
  });
});

/**
 * Any right history: several tickets, changes of messages, retries, unknown and refused sends, readers
 * that join late, and some that read all they have missed at one go.
 */
const rightHistory = fc
  .record({
    tickets: fc.array(
      fc.array(
        fc.record({
          author: fc.constantFrom('ada', 'bob', 'cy'),
          outcome: fc.constantFrom('accepted', 'accepted', 'unknown', 'refused'),
          unknownStored: fc.boolean(),
          retries: fc.nat(2),
          shift: fc.nat(30),
          /** Which entry's message it changes; none where it is a message of its own. */
          changes: fc.option(fc.nat(20), { nil: undefined, freq: 2 }),
        }),
        { minLength: 1, maxLength: 15 },
      ),
      { minLength: 1, maxLength: 3 },
    ),
    late: fc.nat(5),
  })
  .map(({ tickets, late }) => {
    const history: History & { attempts: Attempt[]; logs: Record<string, StoredEntry[]> } = {
      attempts: [],
      logs: {},
      readers: [],
    };
    tickets.forEach((sends, ticket) => {
      const ticket_id = `t${ticket}`;
      const log: StoredEntry[] = [];
      sends.forEach(({ author, outcome, unknownStored, retries, shift, changes }, index) => {
        const client_id = `c${index}`;
        const sent_at = index * 10 - shift;
        const stored = outcome === 'accepted' || (outcome === 'unknown' && unknownStored);
        const seq = log.length + 1;
        const changed = changes === undefined ? undefined : log[changes % log.length]?.id;
        const id = changed ?? `${ticket_id}-${seq}`;
        if (stored) log.push({ seq, author_id: author, client_id, id });
        const attempt = { ticket_id, author_id: author, client_id, sent_at };
        for (let retry = 0; retry < retries && outcome !== 'refused'; retry++) {
          history.attempts.push({ ...attempt, outcome: 'unknown' });
        }
        const answered_at = index * 10 + 5;
        const accepted = outcome === 'accepted' && { seq };
        history.attempts.push({ ...attempt, answered_at, outcome, ...accepted } as Attempt);
      });
      history.logs[ticket_id] = log;
      const events = log.map(({ seq, client_id, id }) => ({ seq, client_id, id: id as string }));
      const after = Math.min(late, log.length);
      const isLast = ({ seq, id }: { seq: number; id: string }) =>
        !log.some((other) => other.id === id && other.seq > seq);
      const snapshots = [{ after, head: log.length }];
      history.readers = [
        ...history.readers,
        { name: 'from the start', ticket_id, events },
        { name: 'late', ticket_id, events: events.slice(after), after },
        { name: 'back', ticket_id, events: events.slice(after).filter(isLast), after, snapshots },
      ];
    });
    return history;
  });

/** Breaks one thing, or says that there is nothing to break in this history. */
type Mutation = (history: History, pick: number) => History | undefined;

function editReader(
  edit: (events: ReceivedEvent[], index: number) => ReceivedEvent[] | undefined,
): Mutation {
  return (history, pick) => {
    const candidates = history.readers.filter(({ events }) => events.length > 0);
    const reader = candidates[pick % candidates.length];
    if (!reader) return undefined;
    const events = edit([...reader.events], pick % reader.events.length);
    if (!events) return undefined;
    const readers = history.readers.map((one) => (one === reader ? { ...one, events } : one));
    return { ...history, readers };
  };
}

function editLog(edit: (log: StoredEntry[], index: number) => StoredEntry[] | undefined): Mutation {
  return (history, pick) => {
    const candidates = Object.entries(history.logs).filter(([, log]) => log.length > 0);
    const [ticket, log] = candidates[pick % candidates.length] ?? [];
    if (!ticket || !log) return undefined;
    const edited = edit([...log], pick % log.length);
    return edited && { ...history, logs: { ...history.logs, [ticket]: edited } };
  };
}

const mutations: Record<string, Mutation> = {
  'log loses an entry': editLog((log, index) => log.toSpliced(index, 1)),
  'log repeats an entry': editLog((log, index) => [
    ...log,
    { ...at(log, index), seq: log.length + 1 },
  ]),
  'log has a seq twice': editLog((log, index) => [...log, { ...at(log, index), client_id: null }]),
  'log gains a phantom': editLog((log) => [
    ...log,
    { seq: log.length + 1, author_id: 'ada', client_id: 'phantom' },
  ]),
  'log skips a seq': editLog((log, index) =>
    log.map((entry, i) => (i < index ? entry : { ...entry, seq: entry.seq + 1 })),
  ),
  'log swaps two': editLog((log, index) => {
    const [a, b] = [log[index], log[index + 1]];
    if (!a || !b) return undefined;
    return log.with(index, { ...b, seq: a.seq }).with(index + 1, { ...a, seq: b.seq });
  }),
  'reader misses one': editReader((events, index) => events.toSpliced(index, 1)),
  'reader gets one twice': editReader((events, index) => [...events, at(events, index)]),
  'reader gets two swapped': editReader((events, index) => {
    const [a, b] = [events[index], events[index + 1]];
    return a && b && events.with(index, b).with(index + 1, a);
  }),
  'reader gets a phantom': editReader((events, index) =>
    events.with(index, { ...at(events, index), client_id: 'phantom' }),
  ),
  'answer names another seq': (history, pick) => {
    const accepted = history.attempts.filter(({ outcome }) => outcome === 'accepted');
    const chosen = accepted[pick % accepted.length];
    if (!chosen) return undefined;
    const attempts = history.attempts.map((one) =>
      one === chosen ? { ...one, seq: (one.seq as number) + 1 } : one,
    );
    return { ...history, attempts };
  },
};

describe('any history', () => {
  const settings = { seed: 20_261_121, numRuns: 500 };

  test('when it is right, then it passes', () => {
    fc.assert(
      fc.property(rightHistory, (history) => {
        expect(judgeHistory(history)).toEqual([]);
      }),
      settings,
    );
  });

  test.each(Object.keys(mutations))('when the %s, then it is caught', (name) => {
    let caught = 0;
    fc.assert(
      fc.property(rightHistory, fc.nat(1000), (history, pick) => {
        const broken = (mutations[name] as Mutation)(history, pick);
        if (!broken) return;
        expect(judgeHistory(broken)).not.toEqual([]);
        caught++;
      }),
      settings,
    );
    expect(caught).toBeGreaterThan(100);
  });
});
