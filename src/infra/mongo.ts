import { setTimeout as sleep } from 'node:timers/promises';
import { MongoClient } from 'mongodb';
import { type Connection, createConnection, set } from 'mongoose';
import type { Log } from './log.ts';
import { EndingConnection } from './mongo-connection.ts';
import { describeMongoError, requireReplicaSet } from './mongo-diagnosis.ts';
import { withoutSecrets } from './redaction.ts';

set('strictQuery', true);
set('sanitizeFilter', true);

/** How long one operation may wait for a server, a pooled connection or an answer, in milliseconds. */
const timeouts = {
  serverSelection: 3000,
  waitQueue: 3000,
  socket: 20_000,
  hello: 5000,
  retry: 1000,
};

export interface MongoLink {
  connection: Connection;
  /** Resolves when the first connection stands; keeps trying until then or until `close`. */
  connected: Promise<void>;
  /** Why there is no first connection yet, in words for anybody; undefined once there is. */
  trouble(): string | undefined;
  close(): Promise<void>;
}

const selection = {
  serverSelectionTimeoutMS: timeouts.serverSelection,
  connectionType: EndingConnection,
};

const optionsFor = (dbName: string) => ({
  ...selection,
  dbName,
  autoIndex: false,
  autoCreate: false,
  bufferCommands: false,
  waitQueueTimeoutMS: timeouts.waitQueue,
  socketTimeoutMS: timeouts.socket,
  maxPoolSize: 64,
  writeConcern: { w: 'majority' as const, j: true },
  readPreference: 'primary' as const,
});

/**
 * Looks at what is there with a client of its own: the connection that verbs use must not be open to
 * what is unfit, and one that has been closed by force refuses everything for ever.
 */
async function requireFitMongo(uri: string): Promise<void> {
  const socketTimeoutMS = timeouts.hello;
  const client = new MongoClient(uri, { ...selection, socketTimeoutMS, maxPoolSize: 1 });
  try {
    await client.connect();
    requireReplicaSet(await client.db('admin').command({ hello: 1 }));
  } finally {
    await client.close();
  }
}

/**
 * Connects to MongoDB and keeps trying while it is away, refuses, or is no replica set. Commands are
 * never buffered: without a server they fail at once, so that a caller can say so.
 */
export function connectMongo(uri: string, dbName: string, log: Log): MongoLink {
  const connection = createConnection();
  connection.set('bufferCommands', false);
  let closed = false;
  let trouble: string | undefined = 'not connected yet';
  const complain = (error: unknown) => {
    const why = describeMongoError(error);
    // Once for each reason, not once for each try.
    if (why !== trouble) {
      const said = withoutSecrets((error as Error).message, [uri]);
      log.warn({ why, reason: said }, 'MongoDB cannot be used, trying again');
    }
    trouble = why;
  };
  const connect = async () => {
    while (!closed) {
      try {
        await requireFitMongo(uri);
        if (closed) return;
        await connection.openUri(uri, optionsFor(dbName));
        trouble = undefined;
        log.info({ dbName }, 'MongoDB connected');
        return;
      } catch (error) {
        if (closed) return;
        complain(error);
        await sleep(timeouts.retry);
      }
    }
  };
  return {
    connection,
    connected: connect(),
    trouble: () => trouble,
    async close() {
      closed = true;
      await connection.close();
    },
  };
}
