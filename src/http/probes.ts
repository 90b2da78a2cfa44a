import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AppContext } from '../context.ts';
import type { Handlers } from './endpoint.ts';
import { refuseMalformed } from './malformed.ts';
import { sendJson } from './reply.ts';

/** `GET /healthz`: the process runs. Asks nobody. */
function answerHealth(res: ServerResponse): void {
  sendJson(res, 200, { status: 'ok' });
}

/**
 * `GET /readyz`: 503 with the reasons while this process should get no requests. Anybody may ask, so
 * it says nothing but reasons, and asks MongoDB once a second at most.
 */
async function answerReady(ctx: AppContext, res: ServerResponse): Promise<void> {
  await ctx.health.refresh();
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
