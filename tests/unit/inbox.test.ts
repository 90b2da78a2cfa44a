import { expect, test } from '@jest/globals';
import type { Bridge } from '../../bot/bridge.ts';
import { enqueue, inboxOf, MOST_BEFORE_REACTIONS } from '../../bot/inbound/inbox.ts';

test('a channel that cannot be read gathers reactions up to a bound, and drops nothing else for them', () => {
  const inbound = { schedule: () => undefined };
  const bridge = { inboxes: new Map(), inbound } as unknown as Bridge;
  const reacted = { messageId: '1', emoji: '👍', userId: '2', set: true };
  for (let nth = 0; nth < MOST_BEFORE_REACTIONS + 50; nth++) {
    enqueue(bridge, 'ticket', { kind: 'reacted', reacted });
  }
  const { events } = inboxOf(bridge, 'ticket');
  expect(events).toHaveLength(MOST_BEFORE_REACTIONS);
  enqueue(bridge, 'ticket', { kind: 'deleted', id: '1' });
  expect(events.at(-1)).toEqual({ kind: 'deleted', id: '1' });
});
