import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type LogEvent, TicketLog } from '../../client/ticket-log.ts';
import { newer } from '../../client/track.ts';
import type { SyncAck } from '../../src/contract/events.ts';
import type { MessageView } from '../../src/contract/messages.ts';
import type { TicketView } from '../../src/contract/tickets.ts';

const PAGE = 3;

function buildMessage(seq: number, overrides: Partial<MessageView> = {}): MessageView {
  return {
    id: `m${seq}`,
    seq,
    rev: seq,
    content: `first ${seq}`,
    deleted: false,
    ...overrides,
  } as MessageView;
}

function buildTicket(last_seq: number, overrides: Partial<TicketView> = {}): TicketView {
  return { id: 't', status: 'OPEN', topic: 'A parcel', last_seq, ...overrides } as TicketView;
}

/** The server's log of one ticket, and what it answers with: written from the contract alone. */
class ServerLog {
  readonly events: LogEvent[] = [];

  get head(): number {
    return this.events.length;
  }

  append(kind: 'message' | 'edit' | 'delete' | 'status', pick: number): void {
    const rev = this.head + 1;
    const alive = this.fold(this.head).filter(({ deleted }) => !deleted);
    const target = alive[pick % Math.max(1, alive.length)];
    if (kind === 'status') {
      const ticket = { ...this.ticketAt(this.head), topic: `topic ${rev}`, last_seq: rev };
      this.events.push({ name: 'ticket_updated', rev, ticket });
    } else if (kind === 'message' || !target) {
      this.events.push({ name: 'message', rev, message: buildMessage(rev) });
    } else if (kind === 'edit') {
      const message = { ...target, rev, content: `edit ${rev}` };
      this.events.push({ name: 'edit_message', rev, message });
    } else {
      const message = { ...target, rev, content: '', deleted: true };
      this.events.push({ name: 'delete_message', rev, message });
    }
  }

  ticketAt(head: number): TicketView {
    const changes = this.events.slice(0, head).filter((event) => 'ticket' in event);
    const last = changes.at(-1);
    return { ...(last && 'ticket' in last ? last.ticket : buildTicket(0)), last_seq: head };
  }

  /** Every message as it is at `head`, in order of `rev`. */
  fold(head: number): MessageView[] {
    const rows = new Map<string, MessageView>();
    for (const event of this.events.slice(0, head)) {
      if ('message' in event) rows.set(event.message.id, event.message);
    }
    return [...rows.values()].sort((a, b) => a.rev - b.rev);
  }

  sync(after: number): SyncAck {
    const { head } = this;
    const changed = this.fold(head).filter(({ rev }) => rev > after);
    const messages = changed.slice(0, PAGE);
    return { messages, ticket: this.ticketAt(head), head, more: messages.length === PAGE };
  }
}

function syncFully(log: TicketLog, server: ServerLog): LogEvent[] {
  const told: LogEvent[] = [];
  log.expect(server.head);
  while (log.behind) told.push(...log.page(roundTrip(server, log)).events);
  return told;
}

const roundTrip = (server: ServerLog, log: TicketLog) => server.sync(log.catchUp());

/** What a listener that applies every event has in the end. */
function stateOf(told: readonly LogEvent[]): Map<string, string> {
  const state = new Map<string, string>();
  for (const event of told) {
    if (!('message' in event)) continue;
    const { id, content, deleted } = event.message;
    if (deleted) state.delete(id);
    else state.set(id, content);
  }
  return state;
}

const command = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      kind: fc.constantFrom('message', 'message', 'edit', 'delete', 'status'),
      pick: fc.nat(20),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('hint' as const), back: fc.nat(6) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('ask', 'answer', 'lose') }) },
);

describe('the order of a ticket', () => {
  test('any loss, doubling and reordering of hints, and syncs cut anywhere: the log, once, in order', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 80 }), (commands) => {
        const server = new ServerLog();
        const log = new TicketLog();
        log.learn(buildTicket(0));
        const told: LogEvent[] = [];
        let answer: SyncAck | undefined;
        for (const step of commands) {
          if (step.do === 'append') server.append(step.kind as 'edit', step.pick);
          else if (step.do === 'hint') {
            const event = server.events[server.head - 1 - step.back];
            if (event) told.push(...log.accept(event));
          } else if (step.do === 'ask') answer = server.sync(log.catchUp());
          else if (step.do === 'answer' && answer) {
            told.push(...log.page(answer).events);
            answer = undefined;
          } else answer = undefined;
        }
        told.push(...syncFully(log, server));

        const revs = told.map(({ rev }) => rev);
        expect(revs).toEqual([...revs].sort((a, b) => a - b));
        expect(log.cursor).toBe(server.head);
        const final = server.fold(server.head).filter(({ deleted }) => !deleted);
        expect(stateOf(told)).toEqual(new Map(final.map(({ id, content }) => [id, content])));
        const changes = told.map(
          (event) => `${event.name} ${event.rev} ${'message' in event ? event.message.id : ''}`,
        );
        expect(new Set(changes).size).toBe(changes.length);
        for (const { id } of final) {
          const first = told.filter((event) => 'message' in event && event.message.id === id);
          expect(first.map(({ name }) => name).filter((name) => name === 'message')).toHaveLength(
            1,
          );
          expect(first[0]?.name).toBe('message');
        }
        const topics = told.flatMap((event) => ('ticket' in event ? [event.ticket.topic] : []));
        expect(topics.at(-1) ?? 'A parcel').toBe(server.ticketAt(server.head).topic);
      }),
      { numRuns: 2000, seed: 20_260_101 },
    );
  });

  test('hints that come complete and in order are told one by one, without a sync', () => {
    const server = new ServerLog();
    const log = new TicketLog(0);
    for (const kind of ['message', 'edit', 'status', 'message', 'delete'] as const)
      server.append(kind, 0);
    const told = server.events.flatMap((event) => log.accept(event));
    expect(told).toEqual(server.events);
    expect(log.behind).toBe(false);
  });

  test('an event behind a hole waits, and what the sync has told is not told again', () => {
    const server = new ServerLog();
    const log = new TicketLog();
    log.learn(buildTicket(0));
    for (let i = 0; i < 5; i++) server.append('message', 0);
    expect(log.accept(server.events[4] as LogEvent)).toEqual([]);
    expect(log.behind).toBe(true);
    const told = syncFully(log, server);
    expect(told.map(({ rev }) => rev)).toEqual([1, 2, 3, 4, 5]);
    expect(log.accept(server.events[4] as LogEvent)).toEqual([]);
  });

  test('a head below the cursor resets it', () => {
    const log = new TicketLog(9);
    log.catchUp();
    const { reset } = log.page({ messages: [], ticket: buildTicket(4), head: 4, more: false });
    expect(reset).toBe(true);
    expect(log.cursor).toBeUndefined();
  });

  test('a catch-up cut between two pages goes on with new messages still told as new', () => {
    const server = new ServerLog();
    const log = new TicketLog();
    log.learn(buildTicket(0));
    for (let i = 0; i < 6; i++) server.append('message', 0);
    const first = log.page(roundTrip(server, log)).events;
    expect(log.safeCursor).toBe(0);
    // The fifth is edited while the client is away.
    server.append('edit', 4);
    const rest = syncFully(log, server);
    expect(first.concat(rest).map(({ name, rev }) => `${name} ${rev}`)).toEqual([
      'message 1',
      'message 2',
      'message 3',
      'message 4',
      'message 6',
      'message 7',
    ]);
  });
});

test('when only one of two answers says when a ticket will be closed, then that is no change of it', () => {
  const log = new TicketLog(1);
  log.learn(buildTicket(1));
  log.catchUp();
  const ticket = buildTicket(1, { closing_due_at: 5 });
  expect(
    log.page({ messages: [], ticket, head: 1, more: false } as unknown as SyncAck).events,
  ).toEqual([]);
});

describe('the later of two states of a ticket', () => {
  test.each([
    ['is the one told of', buildTicket(1), buildTicket(2), buildTicket(2)],
    ['is the one known, where that is ahead', buildTicket(3), buildTicket(2), buildTicket(3)],
    [
      'keeps when it will be closed, where it is not said',
      buildTicket(1, { closing_due_at: 5 }),
      buildTicket(2),
      buildTicket(2, { closing_due_at: 5 }),
    ],
    [
      'takes when it will be closed, where it is said',
      buildTicket(1, { closing_due_at: 5 }),
      buildTicket(1, { closing_due_at: null }),
      buildTicket(1, { closing_due_at: null }),
    ],
  ])('%s', (_, known, told, later) => {
    expect(newer(known, told)).toEqual(later);
  });
});
