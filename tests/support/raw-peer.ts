import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A TCP connection that does as it is told, and never throws. */
export interface RawPeer {
  socket: Socket;
  /** All it has been sent so far. */
  received(): string;
  /** Writes, if that is still possible. */
  write(bytes: string | Buffer): void;
  /** Ends with an RST. */
  reset(): void;
  /** Resolves when the server has closed. @returns what it had sent */
  closed: Promise<string>;
}

/** Opens a connection to the server at `url`. With `deaf` nothing that comes is read. */
export async function openPeer(url: string, { deaf = false } = {}): Promise<RawPeer> {
  const { hostname, port } = new URL(url);
  const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true });
  let received = '';
  if (!deaf) {
    socket.on('data', (data) => {
      received += data.toString('latin1');
    });
  }
  socket.on('error', () => undefined);
  const closed = new Promise<string>((resolve) => {
    socket.once('close', () => resolve(received));
  });
  await Promise.race([once(socket, 'connect').catch(() => undefined), sleep(5000)]);
  return {
    socket,
    received: () => received,
    write: (bytes) => {
      if (socket.writable) socket.write(bytes);
    },
    reset: () => void socket.resetAndDestroy(),
    closed,
  };
}

/** A request as it goes over the wire. */
export function rawRequest(
  method: string,
  path: string,
  headers: Record<string, string | number> = {},
  body: string | Buffer = '',
): Buffer {
  const all = { Host: 'x', ...(body.length > 0 && { 'Content-Length': body.length }), ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([
    Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`),
    Buffer.from(body),
  ]);
}

/** The headers of a WebSocket's upgrade. */
export const upgradeHeaders = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
};
