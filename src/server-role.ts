import type { App } from './app.ts';
import { createProbeServer } from './http/probes.ts';
import { createHttpServer, listen } from './http/server.ts';
import { createRealtime } from './realtime/server.ts';

export interface ServerRole {
  port: number;
  /** Ends in order: unready, sockets told, work in hand finished, door closed. */
  stop(): Promise<void>;
}

/** Over how long the sockets of a stopping server come back to the others, in milliseconds. */
const RECONNECT_SPREAD_MS = 5000;

/** Starts the role `server`: REST and Socket.IO on one port. */
export async function startServer(app: App): Promise<ServerRole> {
  const { ctx } = app;
  const { http, isAllowedOrigin } = createHttpServer(ctx);
  const realtime = createRealtime(ctx, http, isAllowedOrigin);
  const port = await listen(http, ctx.config.port, ctx.config.host);
  if (!ctx.config.publicUrl) app.setPublicUrl(`http://localhost:${port}`);
  ctx.log.info({ port }, `listening on port ${port}`);
  return {
    port,
    async stop() {
      ctx.health.set('server', 'down', 'stopping');
      await new Promise((resolve) => setTimeout(resolve, ctx.config.shutdownDelayMs));
      const closed = new Promise((resolve) => http.close(resolve));
      http.closeIdleConnections();
      await ctx.writer.drained();
      await realtime.close(RECONNECT_SPREAD_MS);
      http.closeIdleConnections();
      const patience = setTimeout(() => http.closeAllConnections(), 2000);
      await closed;
      clearTimeout(patience);
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
