import type { AppContext } from '../context.ts';
import { cutConnection, type DeskEngine } from './engine.ts';

const CHECK_MS = 1000;
const MAX_PACKETS = 5000;

type Packet = { data?: string | Buffer };

/**
 * True where so much waits for a socket that it would fill this process's memory: more than 5,000
 * packets, or more than `maxBytes` of them as they go out. One packet alone is never too much.
 */
export function exceedsSendBuffer(waiting: readonly Packet[], maxBytes: number): boolean {
  if (waiting.length > MAX_PACKETS) return true;
  if (waiting.length <= 1) return false;
  let bytes = 0;
  for (const { data = '' } of waiting) {
    bytes += Buffer.byteLength(data);
    if (bytes > maxBytes) return true;
  }
  return false;
}

/**
 * Back-pressure: cuts connections whose queue has grown past the cap; they catch up from their cursor
 * when they come back. @returns a function that ends the watch
 */
export function watchSlowConsumers(
  ctx: AppContext,
  engine: DeskEngine,
  ownerOf: (connection: DeskEngine['connections'][number]) => string,
): () => void {
  const timer = setInterval(() => {
    for (const connection of engine.connections) {
      if (!exceedsSendBuffer(connection.writeBuffer, ctx.config.maxSocketBufferBytes)) continue;
      ctx.log.warn({ of: ownerOf(connection) }, 'cut a slow reader');
      cutConnection(connection);
    }
  }, CHECK_MS).unref();
  return () => clearInterval(timer);
}
