import { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** Where Socket.IO is served. Everything below it is its own. */
export const socketPath = '/socket.io/';

const asked = Symbol('asked for an upgrade');

/**
 * A request whose `Upgrade` header is ignored unless it asks for the one protocol that is served
 * here, a WebSocket of Socket.IO (RFC 9110, section 7.8: a server may ignore it). Whatever else is
 * asked for, such as `h2c` by Java's default client, the request is answered as HTTP/1.1.
 *
 * Node's server reads `upgrade` to decide whether the connection leaves HTTP.
 */
export class FrontDoorRequest extends IncomingMessage {
  declare private [asked]: boolean;

  get upgrade(): boolean {
    if (!this[asked]) return false;
    if (this.method === 'CONNECT') return true;
    return wantsWebSocket(this) && (this.url ?? '').startsWith(socketPath);
  }

  set upgrade(value: boolean) {
    this[asked] = value;
  }
}

/** True where the request asks for a WebSocket, wherever that is. */
export function wantsWebSocket({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket';
}

/**
 * An answer over HTTP to an upgrade that is refused; the connection ends with it. Node has let go of
 * the socket by then, and what happens to it is the caller's.
 * @returns undefined where an answer to an earlier request on the connection has not been sent: none can
 *   come before it, and the connection is ended
 */
export function openUpgradeAnswer(
  req: IncomingMessage,
  socket: Duplex,
): ServerResponse | undefined {
  const res = new ServerResponse(req);
  res.shouldKeepAlive = false;
  try {
    res.assignSocket(socket as Socket);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_HTTP_SOCKET_ASSIGNED') throw error;
    socket.destroy();
    return undefined;
  }
  res.once('finish', () => {
    res.detachSocket(socket as Socket);
    (socket as Socket).destroySoon();
  });
  return res;
}
