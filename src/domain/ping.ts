import type { AppContext } from '../context.ts';

const PATIENCE_MS = 2000;

/** Asks MongoDB for a sign of life and notes the answer in the health report. */
export async function pingDatabase(ctx: AppContext): Promise<void> {
  const { db } = ctx.db.connection;
  if (!db) return ctx.health.set('mongodb', 'down', 'not connected yet');
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${PATIENCE_MS} ms`)), PATIENCE_MS);
  });
  try {
    await Promise.race([db.command({ ping: 1 }), silence]);
    ctx.health.set('mongodb', 'ok');
  } catch (error) {
    // Anybody may read it: what the driver says names hosts and ports.
    ctx.health.set('mongodb', 'down', 'does not answer; the log says more');
    ctx.log.warn({ reason: (error as Error).message }, 'MongoDB does not answer a ping');
  } finally {
    clearTimeout(timer);
  }
}
