import { setTimeout as sleep } from 'node:timers/promises';
import type { App } from './app.ts';
import { createProbeServer } from './http/probes.ts';
import { createHttpServer, createRequests, listen } from './http/server.ts';
import { createRealtime } from './realtime/server.ts';

export interface ServerRole {
  port: number;
  /** Ends in order: unready, sockets told, work in hand finished, door closed. */
  stop(): Promise<void>;
}

/** Over how long the sockets of a stopping server come back to the others, in milliseconds. */
const RECONNECT_SPREAD_MS = 5000;
/** How long a stopping server waits for connections to end before it ends them, in milliseconds. */
const CLOSE_PATIENCE_MS = 2000;

/** Starts the role `server`: REST and Socket.IO on one port. */
export async function startServer(app: App): Promise<ServerRole> {
  const { ctx } = app;
  const requests = createRequests(ctx);
  const realtime = createRealtime(ctx, requests);
  const http = createHttpServer(ctx, requests, realtime);
  const port = await listen(http, ctx.config.port, ctx.config.host);
  if (!ctx.config.publicUrl) app.setPublicUrl(`http://localhost:${port}`);
  const { host } = ctx.config;
  ctx.log.info({ host, port }, `listening on ${host}, port ${port}`);
  return {
    port,
    async stop() {
      ctx.health.set('server', 'down', 'stopping');
      await sleep(ctx.config.shutdownDelayMs);
      const closed = new Promise((resolve) => http.close(resolve));
      // What is busy while the door closes is idle later, and would be kept alive.
      http.prependListener('request', (_req, res) => {
        res.shouldKeepAlive = false;
      });
      const idling = setInterval(() => http.closeIdleConnections(), 50);
      await ctx.writer.drained();
      // Socket.IO waits for every connection too, however long a client that has died holds one.
      const ended = Promise.all([realtime.close(RECONNECT_SPREAD_MS), closed]);
      await Promise.race([ended, sleep(CLOSE_PATIENCE_MS, undefined, { ref: false })]);
      clearInterval(idling);
      http.closeAllConnections();
    },
  };
}

/**
 * Answers the probes of a process that has no role `server`. A taken port is no reason not to work:
 * two roles on one machine may share a configuration.
 */
export async function startProbes({ ctx }: App): Promise<{ stop(): Promise<void> }> {
  const http = createProbeServer(ctx);
  try {
    const port = await listen(http, ctx.config.port, ctx.config.host);
    ctx.log.info({ port }, `answering /healthz and /readyz on port ${port}`);
  } catch (error) {
    ctx.log.warn({ reason: (error as Error).message }, 'nobody answers the probes of this process');
  }
  return {
    async stop() {
      http.closeAllConnections();
      http.close();
    },
  };
}
