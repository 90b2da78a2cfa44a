import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AppContext } from '../context.ts';
import { pingDatabase } from '../domain/ping.ts';
import type { Handlers } from './endpoint.ts';
import { refuseMalformed } from './malformed.ts';
import { sendJson } from './reply.ts';

/** How long a look at the parts is good for, in milliseconds: anybody may ask, as often as they like. */
const FRESH_MS = 1000;
const looks = new WeakMap<AppContext, { at: number; done: Promise<void> }>();

async function look(ctx: AppContext): Promise<void> {
  if (ctx.config.redisUrl) {
    if (ctx.bus.healthy()) ctx.health.set('redis', 'ok');
    else
      ctx.health.set(
        'redis',
        'degraded',
        'away: other processes hear by the reconciliation poll, limits count per process',
      );
  }
  await pingDatabase(ctx);
}

/** One look at a time serves all who ask meanwhile and for a moment after. */
function lookOnce(ctx: AppContext): Promise<void> {
  const last = looks.get(ctx);
  if (last && performance.now() - last.at < FRESH_MS) return last.done;
  const done = look(ctx);
  looks.set(ctx, { at: performance.now(), done });
  return done;
}

/** `GET /healthz`: the process runs. Asks nobody. */
function answerHealth(res: ServerResponse): void {
  sendJson(res, 200, { status: 'ok' });
}

/** `GET /readyz`: 503 with the reasons while this process should get no requests. */
async function answerReady(ctx: AppContext, res: ServerResponse): Promise<void> {
  await lookOnce(ctx);
  const report = ctx.health.report();
  sendJson(res, report.status === 'unavailable' ? 503 : 200, report);
}

export const probeHandlers = {
  health: async (_ctx, { res }) => answerHealth(res),
  ready: (ctx, { res }) => answerReady(ctx, res),
} satisfies Partial<Handlers>;

/** A server of nothing but the probes, for a process whose only role is `bot`. */
export function createProbeServer(ctx: AppContext): Server {
  const http = createServer({ maxHeaderSize: 8192 }, (req, res) => {
    const path = req.url?.split('?')[0];
    if (path === '/healthz') answerHealth(res);
    else if (path === '/readyz') void answerReady(ctx, res);
    else sendJson(res, 404, { error: 'NOT_FOUND', message: 'only probes are answered here' });
  });
  http.headersTimeout = 15_000;
  http.requestTimeout = 15_000;
  http.on('clientError', refuseMalformed);
  return http;
}
