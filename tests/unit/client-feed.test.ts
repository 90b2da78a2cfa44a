import { describe, expect, test } from '@jest/globals';
import { CatchUp } from '../../client/catch-up.ts';
import type { Clock } from '../../client/clock.ts';
import { DeskError } from '../../client/errors.ts';
import { Feed } from '../../client/feed.ts';
import type { AuthorizeAck, SyncAck } from '../../src/contract/events.ts';
import type { MessageView } from '../../src/contract/messages.ts';
import type { TicketView } from '../../src/contract/tickets.ts';

const TICKET = 'a'.repeat(24);

const settle = async () => {
  for (let i = 0; i < 50; i++) await Promise.resolve();
};

const buildMessage = (seq: number, ticket_id = TICKET) =>
  ({
    id: `m${seq}`,
    ticket_id,
    author_id: 'ana',
    seq,
    rev: seq,
    content: `${seq}`,
    deleted: false,
  }) as MessageView;

const buildTicket = (last_seq: number, overrides: Partial<TicketView> = {}) =>
  ({
    id: TICKET,
    user_id: 'ana',
    status: 'OPEN',
    topic: 'A parcel',
    last_seq,
    ...overrides,
  }) as TicketView;

const ackFor = (cursors: Record<string, number>, role = 'CUSTOMER') =>
  ({ user: { id: 'ana', role }, cursors }) as AuthorizeAck;

/** A feed whose server has `head` messages and nothing else. */
function createFeed(head: number) {
  const server = {
    head,
    online: true,
    syncs: [] as number[],
    loads: 0,
    onSync: undefined as (() => void) | undefined,
    delivered: undefined as number | undefined,
  };
  const messages = () => Array.from({ length: server.head }, (_, index) => buildMessage(index + 1));
  const told: string[] = [];
  const cursors = new Map<string, number | undefined>();
  const clock: Clock = {
    now: () => 0,
    after: (_ms, work) => {
      queueMicrotask(work);
      return () => {};
    },
  };
  const feed = new Feed({
    clock,
    random: () => 0,
    source: {
      online: () => server.online,
      ready: async () => {},
      async sync(_id, after): Promise<SyncAck> {
        server.syncs.push(after);
        server.onSync?.();
        const rows = messages().filter(({ rev }) => rev > after);
        const { head, delivered } = server;
        const more = { more: false, ...(delivered !== undefined && { delivered }) };
        return { messages: rows, ticket: buildTicket(head), head, ...more };
      },
      async readTicket() {
        server.loads++;
        return buildTicket(server.head);
      },
      async readNewest(_id, before = Number.POSITIVE_INFINITY) {
        const above = messages().filter(({ seq }) => seq < before);
        const { head, delivered } = server;
        return { messages: above, head, delivered, more: false };
      },
    },
    onEvent: (event) => told.push(`${event.name} ${event.rev}`),
    onCreated: ({ id }) => told.push(`ticket_created ${id === TICKET ? '' : id}`.trim()),
    onDelivered: ({ seq }) => told.push(`delivered ${seq}`),
    onReset: () => told.push('reset'),
    onCursor: (id, cursor) => cursors.set(id, cursor),
  });
  return { feed, server, told, cursors };
}

describe('the feed', () => {
  test('an authorisation whose cursor is our own asks for nothing', async () => {
    const { feed, server } = createFeed(3);
    feed.online(ackFor({ [TICKET]: 3 }));
    feed.online(ackFor({ [TICKET]: 3 }));
    await settle();
    expect(server.syncs).toEqual([]);
  });

  test('one whose cursor is ahead brings what was missed', async () => {
    const { feed, server, told, cursors } = createFeed(3);
    feed.online(ackFor({ [TICKET]: 3 }));
    server.head = 5;
    feed.online(ackFor({ [TICKET]: 5 }));
    await settle();
    expect(server.syncs).toEqual([3]);
    expect(told.slice(0, 2)).toEqual(['message 4', 'message 5']);
    expect(cursors.get(TICKET)).toBe(5);
  });

  test('events that come while a ticket is loaded are told once, behind what was loaded', async () => {
    const { feed, server, told } = createFeed(2);
    const track = feed.open(TICKET);
    server.head = 3;
    feed.accept('message', buildMessage(3) as never);
    await settle();
    expect(track.rows.all.map(({ seq }) => seq)).toEqual([1, 2, 3]);
    feed.accept('message', buildMessage(4) as never);
    feed.accept('message', buildMessage(4) as never);
    expect(told.filter((event) => event === 'message 4')).toHaveLength(1);
    expect(track.rows.all.map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
  });

  test('of many tickets that staff hear of a bounded number is kept, and none is told twice', () => {
    const { feed, told } = createFeed(0);
    feed.online(ackFor({}, 'AGENT'));
    const idOf = (n: number) => n.toString(16).padStart(24, '0');
    const hear = (n: number, seq: number) =>
      feed.accept('message', buildMessage(seq, idOf(n)) as never);
    const watched = feed.open(idOf(0));
    for (let n = 0; n < 3000; n++) {
      feed.accept('ticket_created', buildTicket(0, { id: idOf(n) }) as never);
      hear(n, 1);
    }
    const kept = Array.from({ length: 3000 }, (_, n) => feed.get(idOf(n))).filter(Boolean);
    expect(kept.length).toBeLessThanOrEqual(1001);
    expect(feed.get(idOf(0))).toBe(watched);
    // One that was let go of goes on where it was.
    expect(feed.get(idOf(5))).toBeUndefined();
    const before = told.length;
    hear(5, 1);
    feed.accept('ticket_created', buildTicket(0, { id: idOf(5) }) as never);
    expect(told.length).toBe(before);
    hear(5, 2);
    expect(told.slice(before)).toEqual(['message 2']);
  });

  test('messages that were let go of come again with the page above, and never with a hole below it', async () => {
    const { feed } = createFeed(6);
    const track = feed.open(TICKET);
    await settle();
    const seqs = () => track.rows.all.map(({ seq }) => seq);
    expect(track.rows.keepNewest(6)).toBe(false);
    expect(track.rows.hasOlder).toBe(false);
    expect(track.rows.keepNewest(4)).toBe(true);
    expect(seqs()).toEqual([3, 4, 5, 6]);
    const loading = feed.loadOlder(track);
    // While the page above the third is under way, the third goes.
    track.rows.keepNewest(2);
    await loading;
    expect(seqs()).toEqual([5, 6]);
    expect(track.rows.hasOlder).toBe(true);
    await feed.loadOlder(track);
    expect(seqs()).toEqual([1, 2, 3, 4, 5, 6]);
    expect(track.rows.hasOlder).toBe(false);
  });

  test('how far it is delivered is told as it grows, whoever says so, and asked for after a time offline', async () => {
    const { feed, server, told } = createFeed(2);
    server.delivered = 1;
    const track = feed.open(TICKET);
    await settle();
    expect(track.delivered).toBe(1);
    server.delivered = 2;
    feed.online(ackFor({ [TICKET]: 2 }));
    await settle();
    expect(server.syncs).toEqual([2]);
    expect(track.delivered).toBe(2);
    // Nothing is left to ask for.
    feed.online(ackFor({ [TICKET]: 2 }));
    await settle();
    expect(server.syncs).toEqual([2]);
    feed.accept('message', buildMessage(3) as never);
    for (const seq of [3, 2, 3]) {
      feed.accept('delivered', { ticket_id: TICKET, seq } as never);
    }
    expect(track.delivered).toBe(3);
    expect(told.filter((one) => one.startsWith('delivered'))).toEqual(
      [1, 2, 3].map((seq) => `delivered ${seq}`),
    );
  });

  test('resync asks again, though no hole was seen', async () => {
    const { feed, server, told } = createFeed(1);
    feed.online(ackFor({ [TICKET]: 1 }));
    server.head = 2;
    feed.accept('resync', { ticket_id: TICKET } as never);
    await settle();
    expect(server.syncs).toEqual([1]);
    expect(told).toContain('message 2');
  });

  test('resync of a ticket nothing was told of begins where the node stands, not at its first message', async () => {
    const { feed, told } = createFeed(5);
    feed.online(ackFor({}, 'AGENT'));
    feed.accept('resync', { ticket_id: TICKET, after: 4 } as never);
    await settle();
    expect(told).toEqual(['message 5']);
    const other = createFeed(5);
    other.feed.online(ackFor({}, 'AGENT'));
    other.feed.accept('resync', { ticket_id: TICKET } as never);
    await settle();
    expect(other.told).toEqual([]);
    other.feed.accept('message', buildMessage(6) as never);
    expect(other.told).toEqual(['message 6']);
  });

  test('a resync that comes during a sync is not forgotten', async () => {
    const { feed, server, told } = createFeed(1);
    feed.online(ackFor({ [TICKET]: 1 }));
    server.head = 2;
    feed.accept('resync', { ticket_id: TICKET } as never);
    server.onSync = () => {
      server.onSync = undefined;
      feed.accept('resync', { ticket_id: TICKET } as never);
    };
    await settle();
    expect(server.syncs).toEqual([1, 2]);
    expect(told).toEqual(['message 2']);
  });

  test('a ticket that two nodes tell of is told once', async () => {
    const { feed, told } = createFeed(0);
    feed.online(ackFor({}, 'AGENT'));
    for (let times = 0; times < 2; times++) feed.accept('ticket_created', buildTicket(0) as never);
    expect(told).toEqual(['ticket_created']);
  });

  test('an answer that ends before the cursor is asked for again: a new primary may lag', async () => {
    const { feed, server, told } = createFeed(9);
    feed.online(ackFor({ [TICKET]: 9 }));
    server.head = 8;
    let answers = 0;
    server.onSync = () => {
      if (++answers === 2) server.head = 10;
    };
    feed.accept('resync', { ticket_id: TICKET } as never);
    await settle();
    expect(told).toEqual(['message 10']);
  });

  test('a log that was set back is read anew', async () => {
    const { feed, server, told } = createFeed(9);
    const track = feed.open(TICKET);
    await settle();
    expect(track.rows.all).toHaveLength(9);
    server.head = 4;
    feed.online(ackFor({ [TICKET]: 4 }));
    await settle();
    expect(told).toEqual(['reset']);
    expect(track.rows.all).toHaveLength(4);
    expect(track.log.cursor).toBe(4);
  });

  test('staff go on with the tickets they have open, and with the others when something comes', async () => {
    const { feed, server, told, cursors } = createFeed(1);
    const other = 'b'.repeat(24);
    feed.online(ackFor({}, 'AGENT'));
    feed.open(TICKET);
    feed.accept('message', buildMessage(7, other) as never);
    await settle();
    server.syncs.length = 0;
    feed.online(ackFor({}, 'AGENT'));
    await settle();
    expect(server.syncs).toEqual([1]);
    expect(cursors.get(TICKET)).toBe(1);
    expect(cursors.get(other)).toBeUndefined();
    feed.accept('message', buildMessage(7, other) as never);
    expect(told.filter((event) => event === 'message 7')).toHaveLength(1);
    server.head = 9;
    feed.accept('message', buildMessage(9, other) as never);
    await settle();
    expect(server.syncs).toEqual([1, 7]);
  });
});

describe('catching up', () => {
  test('waits as long as the server asks, and no connection shortens it', async () => {
    const waits: { ms: number; work: () => void }[] = [];
    const clock: Clock = {
      now: () => 0,
      after: (ms, work) => {
        waits.push({ ms, work });
        return () => {};
      },
    };
    let tries = 0;
    const catchUp = new CatchUp({
      clock,
      random: () => 0,
      async work() {
        if (++tries === 1) throw new DeskError('RATELIMIT', 'slowly', { retryAfter: 30 });
      },
      onRefused: () => {},
    });
    catchUp.want(TICKET);
    await settle();
    catchUp.wake();
    await settle();
    expect([tries, waits[0]?.ms]).toEqual([1, 30_000]);
    waits[0]?.work();
    await settle();
    expect(tries).toBe(2);
  });

  test('a ticket that is refused does not hold up the others', async () => {
    const done: string[] = [];
    const refused: string[] = [];
    const catchUp = new CatchUp({
      clock: { now: () => 0, after: () => () => {} },
      random: () => 0,
      async work(id) {
        if (id === 'gone') throw new DeskError('NOT_FOUND', 'no such ticket');
        done.push(id);
      },
      onRefused: (id) => refused.push(id),
    });
    catchUp.want('gone');
    catchUp.want('other');
    catchUp.want('opened', true);
    await settle();
    expect(refused).toEqual(['gone']);
    expect(done).toEqual(['opened', 'other']);
  });
});
