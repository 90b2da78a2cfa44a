import { randomUUID } from 'node:crypto';
import type { AppContext } from '../../context.ts';
import { defaultLeaseTimes, type HeldLease, holdLease, type LeaseTimes } from './lease.ts';

const waiting = 'waiting for its lease';

export interface UnderLease {
  lease: string;
  /** Its name on `/readyz`. */
  part: string;
  times?: LeaseTimes | undefined;
}

/** Does something whenever a lease can be had, until it is stopped. */
export function keepUnderLease(
  ctx: AppContext,
  { lease: name, part, times = defaultLeaseTimes }: UnderLease,
  begin: (lease: HeldLease) => { stop(): Promise<void> },
): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const holder = randomUUID();
  let isWaiting = false;
  const onAsked = (error?: Error) => {
    if (!isWaiting) return;
    if (error) ctx.health.set(part, 'degraded', `its lease cannot be had: ${error.message}`);
    else ctx.health.set(part, 'ok', waiting);
  };
  const keep = async () => {
    while (!stopping.signal.aborted) {
      isWaiting = true;
      ctx.health.set(part, 'ok', waiting);
      const lease = await holdLease(ctx, name, holder, { ...times, onAsked }, stopping.signal);
      isWaiting = false;
      if (!lease) return;
      ctx.health.set(part, 'ok');
      const work = begin(lease);
      await new Promise<void>((resolve) => {
        lease.signal.addEventListener('abort', () => resolve(), { once: true });
        stopping.signal.addEventListener('abort', () => resolve(), { once: true });
        if (lease.signal.aborted || stopping.signal.aborted) resolve();
      });
      await work.stop();
      await lease.release();
    }
  };
  const running = keep().catch((error: Error) => {
    ctx.health.set(part, 'degraded', error.message);
    ctx.reports.report(error, { part });
  });
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
