import type { AppContext } from '../context.ts';
import type { DeskServer, DeskSocket } from './audience.ts';

const CHECK_MS = 1000;
const MAX_PACKETS = 5000;

type Packet = { data?: string | Buffer };

interface EngineConnection {
  writeBuffer: Packet[];
  close(discard: boolean): void;
  /** Of a WebSocket: the socket of `ws`. */
  transport: { socket?: { terminate?(): void } };
}

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

/** An ordinary end would wait until the reader has read what is queued, which is what it does not do. */
function cut(socket: DeskSocket): void {
  const connection = socket.conn as unknown as EngineConnection;
  const { transport } = connection;
  socket.disconnect(true);
  connection.close(true);
  transport.socket?.terminate?.();
}

/**
 * Cuts sockets whose queue has grown past the cap; they catch up from their cursor when they come
 * back. @returns a function that ends the watch
 */
export function watchSlowConsumers(ctx: AppContext, io: DeskServer): () => void {
  const timer = setInterval(() => {
    for (const socket of io.sockets.sockets.values()) {
      const { writeBuffer } = socket.conn as unknown as EngineConnection;
      if (!exceedsSendBuffer(writeBuffer, ctx.config.maxSocketBufferBytes)) continue;
      ctx.log.warn({ socket: socket.id, user: socket.data.actor?.key }, 'cut a slow reader');
      cut(socket);
    }
  }, CHECK_MS).unref();
  return () => clearInterval(timer);
}
