import { expect, test } from '@jest/globals';
import type { Bridge } from '../../bot/bridge.ts';
import { OUTAGE } from '../../bot/problems.ts';
import { afterFailure, afterSuccess } from '../../bot/rest/failures.ts';

/** As much of a bridge as is asked whether anything gets through. */
function bridgeWithProblems() {
  const raised = new Set<string>();
  const bridge = {
    ended: false,
    failing: new Map<string, number>(),
    lastDelivery: 0,
    log: { warn: () => undefined },
    ctx: { reports: { report: () => undefined } },
    tickets: { markStale: () => undefined, known: () => undefined },
    problems: {
      raise: (key: string) => void raised.add(key),
      clear: (key: string) => void raised.delete(key),
      has: (key: string) => raised.has(key),
      settle: () => undefined,
    },
  };
  return bridge as typeof bridge & Bridge;
}

test('an outage is over when something has got through, and not when a ticket had nothing to send', () => {
  const bridge = bridgeWithProblems();
  for (let tries = 1; tries <= 4; tries++) {
    afterFailure(bridge, 'out', 'waits', new Error('Discord answers 500'), tries);
  }
  expect(bridge.problems.has(OUTAGE)).toBe(true);
  afterSuccess(bridge, 'idle');
  expect(bridge.problems.has(OUTAGE)).toBe(true);
  bridge.lastDelivery = performance.now() + 1;
  afterSuccess(bridge, 'posted');
  expect(bridge.problems.has(OUTAGE)).toBe(false);
});
