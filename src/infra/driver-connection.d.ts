/** What of the MongoDB driver's own connection is looked at; the driver keeps its types to itself. */
declare module 'mongodb/lib/cmap/connection.js' {
  import type { Socket } from 'node:net';

  export class Connection {
    readonly id: number | '<monitor>';
    readonly address: string;
    readonly socket: Socket;
    closed: boolean;
    onError(error: Error): void;
    throwIfAborted(): void;
    cleanup(error: Error): void;
  }
}
