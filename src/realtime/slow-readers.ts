import type { AppContext } from '../context.ts';
import type { DeskServer, DeskSocket } from './audience.ts';

const CHECK_MS = 1000;
const MAX_PACKETS = 5000;

interface EngineConnection {
  writeBuffer: { data?: string | Buffer }[];
  close(discard: boolean): void;
  /** Of a WebSocket: the socket of `ws`. */
  transport: { socket?: { terminate?(): void } };
}

function queuedBytes({ writeBuffer }: EngineConnection, enough: number): number {
  let bytes = 0;
  for (const { data } of writeBuffer) {
    bytes += data?.length ?? 0;
    if (bytes > enough) break;
  }
  return bytes;
}

/** True where a socket reads so slowly that what waits for it would fill this process's memory. */
function isSlow(ctx: AppContext, socket: DeskSocket): boolean {
  const connection = socket.conn as unknown as EngineConnection;
  if (connection.writeBuffer.length > MAX_PACKETS) return true;
  const cap = ctx.config.maxSocketBufferBytes;
  return connection.writeBuffer.length > 1 && queuedBytes(connection, cap) > cap;
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
export function watchSlowReaders(ctx: AppContext, io: DeskServer): () => void {
  const timer = setInterval(() => {
    for (const socket of io.sockets.sockets.values()) {
      if (!isSlow(ctx, socket)) continue;
      ctx.log.warn({ socket: socket.id, user: socket.data.actor?.key }, 'cut a slow reader');
      cut(socket);
    }
  }, CHECK_MS).unref();
  return () => clearInterval(timer);
}
