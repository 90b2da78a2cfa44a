import type { Socket } from 'node:net';
import { MongoNetworkError } from 'mongodb';
// The one class of the driver that is not exported; the driver's version is pinned for it.
import { Connection } from 'mongodb/lib/cmap/connection.js';

/**
 * The driver's connection, mended where a command waits for ever (seen in 7.8.0 and 7.9.0): it waits for
 * its socket to drain, and of a socket that is destroyed without an error that never comes, nor does any
 * timeout. Between a server's end and the event that says so, such a socket is handed out as usable.
 */
export class EndingConnection extends Connection {
  /** Asked by the driver before it writes and before it reads. */
  override throwIfAborted(): void {
    if (this.socket.destroyed && !this.closed) {
      this.onError(new MongoNetworkError(`connection ${this.id} to ${this.address} closed`));
    }
    super.throwIfAborted();
  }

  override cleanup(error: Error): void {
    if (this.closed) return;
    super.cleanup(error);
    if (isAwaited(this.socket)) this.socket.emit('error', error);
  }
}

/** True while a command waits for what it has written to leave. */
const isAwaited = (socket: Socket) => socket.listenerCount('drain') > 0;
