import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import type { Bridge } from '../../bot/bridge.ts';
import {
  dropIdleInboxes,
  enqueue,
  inboxOf,
  MOST_HELD,
  MOST_HELD_ALTOGETHER,
  mustWait,
} from '../../bot/inbound/inbox.ts';

const reacted = { messageId: '1', emoji: '👍', userId: '2', set: true };

function emptyBridge(): Bridge {
  const inbound = { schedule: () => undefined };
  const tickets = { known: () => undefined };
  return { inboxes: new Map(), inbound, tickets } as unknown as Bridge;
}

function heldBy({ inboxes }: Bridge): number {
  return [...inboxes.values()].reduce((sum, { events }) => sum + events.length, 0);
}

test('a channel that cannot be read gathers reactions up to a bound', () => {
  const bridge = emptyBridge();
  for (let nth = 0; nth < MOST_HELD + 50; nth++) {
    enqueue(bridge, 'ticket', { kind: 'reacted', reacted });
  }
  const inbox = inboxOf(bridge, 'ticket');
  expect(inbox.events).toHaveLength(MOST_HELD);
  expect(inbox.dropped).toBeUndefined();
  // A deletion beyond them is one for the next look into the channel.
  enqueue(bridge, 'ticket', { kind: 'deleted', id: '7', at: 0 });
  expect(inbox.events).toHaveLength(MOST_HELD);
  expect(inbox.dropped).toEqual({ from: '7', count: 1 });
});

test('more edits and deletions than a channel may hold are dropped for a look from the oldest on', () => {
  const bridge = emptyBridge();
  const run = async () => undefined;
  const act = { kind: 'act', run, reject: run } as const;
  enqueue(bridge, 'ticket', { kind: 'reacted', reacted });
  enqueue(bridge, 'ticket', act);
  const changed = { kind: 'changed', channelId: '1', incoming: undefined } as const;
  for (let nth = 0; nth < MOST_HELD; nth++) {
    enqueue(bridge, 'ticket', { ...changed, id: String(5000 - nth) });
  }
  const inbox = inboxOf(bridge, 'ticket');
  const oldest = String(5000 - (MOST_HELD - 2));
  // The last one came when there was room again.
  expect(inbox.dropped).toEqual({ from: oldest, count: MOST_HELD - 1 });
  expect(inbox.events.map(({ kind }) => kind)).toEqual(['reacted', 'act', 'changed']);
  // What was dropped is remembered though nothing waits any more.
  inbox.events.length = 0;
  dropIdleInboxes(bridge);
  expect(inboxOf(bridge, 'ticket')).toBe(inbox);
  inbox.dropped = undefined;
  dropIdleInboxes(bridge);
  expect(inboxOf(bridge, 'ticket')).not.toBe(inbox);
});

test('all channels together hold no more than a bound, and the one with most gives way', () => {
  const bridge = emptyBridge();
  const fill = (ticketId: string, many: number) => {
    for (let nth = 0; nth < many; nth++) {
      enqueue(bridge, ticketId, { kind: 'deleted', id: String(nth + 1), at: 0 });
    }
  };
  fill('largest', MOST_HELD - 1);
  for (let nth = 0; heldBy(bridge) < MOST_HELD_ALTOGETHER; nth++) {
    fill(`ticket ${nth}`, Math.min(MOST_HELD - 2, MOST_HELD_ALTOGETHER - heldBy(bridge)));
  }
  fill('one more', 1);
  expect(inboxOf(bridge, 'one more').events).toHaveLength(1);
  expect(inboxOf(bridge, 'largest')).toMatchObject({
    events: [],
    dropped: { from: '1', count: MOST_HELD - 1 },
  });
  fill('many more', 3 * MOST_HELD);
  expect(heldBy(bridge)).toBeLessThanOrEqual(MOST_HELD_ALTOGETHER);
});

test('a reaction that waited for its message to be known comes before what was told of it since', async () => {
  const bridge = emptyBridge();
  expect(mustWait(bridge, 'ticket', reacted, true)).toBe(true);
  enqueue(bridge, 'ticket', { kind: 'reacted', reacted: { ...reacted, set: false } });
  await sleep(700);
  const told = inboxOf(bridge, 'ticket').events.map((event) =>
    event.kind === 'reacted' ? event.reacted.set : event.kind,
  );
  expect(told).toEqual([true, false]);
});

test('what is left in the inbox of a ticket that nobody knows is looked at again, and an empty one goes', () => {
  const asked: string[] = [];
  const bridge = emptyBridge();
  bridge.inbound.schedule = (key) => void asked.push(key);
  inboxOf(bridge, 'left').events.push({ kind: 'deleted', id: '7', at: 0 });
  inboxOf(bridge, 'empty');
  dropIdleInboxes(bridge);
  expect(asked).toEqual(['left']);
  expect([...bridge.inboxes.keys()]).toEqual(['left']);
});
