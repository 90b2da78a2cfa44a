import { type Connection, createConnection, set } from 'mongoose';
import type { Log } from './log.ts';

set('strictQuery', true);
set('sanitizeFilter', true);

/** How long one operation may wait for a server, a pooled connection or an answer, in milliseconds. */
const patience = { serverSelection: 3000, waitQueue: 3000, socket: 20_000, retry: 1000 };

export interface MongoLink {
  connection: Connection;
  /** Resolves when the first connection stands; keeps trying until then or until `close`. */
  connected: Promise<void>;
  close(): Promise<void>;
}

/**
 * Connects to MongoDB and keeps trying while it is away. Commands are never buffered: without a
 * server they fail at once, so that a caller can say so.
 */
export function connectMongo(uri: string, dbName: string, log: Log): MongoLink {
  const connection = createConnection();
  let closed = false;
  const options = {
    dbName,
    autoIndex: false,
    autoCreate: false,
    bufferCommands: false,
    serverSelectionTimeoutMS: patience.serverSelection,
    waitQueueTimeoutMS: patience.waitQueue,
    socketTimeoutMS: patience.socket,
    maxPoolSize: 64,
    writeConcern: { w: 'majority' as const, j: true },
    readPreference: 'primary' as const,
  };
  const connect = async () => {
    while (!closed) {
      try {
        await connection.openUri(uri, options);
        log.info({ dbName }, 'MongoDB connected');
        return;
      } catch (error) {
        log.warn({ reason: (error as Error).message }, 'MongoDB is away, trying again');
        await connection.close(true).catch(() => undefined);
        await new Promise((resolve) => setTimeout(resolve, patience.retry));
      }
    }
  };
  return {
    connection,
    connected: connect(),
    async close() {
      closed = true;
      await connection.close();
    },
  };
}
