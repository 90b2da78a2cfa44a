import type { AppContext } from './context.ts';
import { idleWork } from './domain/automation/idle.ts';
import { automationConsumer, hasAutomation } from './domain/automation/watch.ts';
import { type Consumer, runConsumer } from './domain/consumers/consumer.ts';
import type { LeaseTimes } from './domain/consumers/lease.ts';
import { keepUnderLease } from './domain/consumers/under-lease.ts';
import { weeklyDigest } from './domain/digest/weekly.ts';
import { customerWiping } from './domain/erasure/erase-customer.ts';
import { retention } from './domain/erasure/retention.ts';
import { ticketWiping } from './domain/erasure/wipe.ts';
import { fileUpkeep } from './domain/files/upkeep.ts';
import { practiceWork } from './domain/practice/practice.ts';
import { statistics } from './domain/reports/refresh.ts';
import { runSchedule, scheduleLease, type WorkHandler } from './domain/schedule.ts';
import { searchConsumer } from './domain/search/index-consumer.ts';
import { completeIndex } from './domain/search/reindex.ts';
import { slaReplanning } from './domain/sla/replan.ts';
import { slaConsumer, slaWork } from './domain/sla/watch.ts';
import { autoAssignment } from './domain/tickets/auto-assign.ts';
import { dueClosing } from './domain/tickets/closing.ts';
import { vacatedNames } from './domain/vacated-names.ts';

/** What is due is done by these; the names are stored. */
const handlers: Readonly<Record<string, WorkHandler>> = {
  ...fileUpkeep,
  ...autoAssignment,
  ...dueClosing,
  ...idleWork,
  ...statistics,
  ...slaWork,
  ...slaReplanning,
  ...ticketWiping,
  ...customerWiping,
  ...retention,
  ...practiceWork,
  ...weeklyDigest,
  ...vacatedNames,
};
/** What follows the log, beside the bridge to Discord. */
const consumers: readonly Consumer[] = [searchConsumer, slaConsumer];

/**
 * Starts the role `worker`: due work and consumers of the log, each on one node at a time. Of several
 * workers one holds the lease of each, and the others wait for it.
 */
export function startWorker(ctx: AppContext, times?: LeaseTimes): { stop(): Promise<void> } {
  const followed = hasAutomation(ctx.config) ? [...consumers, automationConsumer] : consumers;
  const parts = [
    keepUnderLease(ctx, { lease: scheduleLease, part: 'worker', times }, (lease) =>
      runSchedule(ctx, lease, handlers),
    ),
    completeIndex(ctx, times),
    ...followed.map((consumer) => runConsumer(ctx, consumer, times && { lease: times })),
  ];
  return {
    async stop() {
      ctx.health.set('worker', 'down', 'stopping');
      await Promise.all(parts.map((part) => part.stop()));
    },
  };
}
