import { rm } from 'node:fs/promises';
import { MongoClient } from 'mongodb';
import { ensureBuilt } from '../../../src/prepare.mjs';
import { SECRET } from '../../support/app.ts';
import { freshDatabaseName, testMongoUri } from '../../support/mongo.ts';
import { makeDataDir } from '../../support/temp-dir.ts';
import { keepCluster, readLogs, type StoredLogs } from './history.ts';
import { createNode, type NodeProcess } from './node-process.ts';

export interface ClusterOptions {
  nodes: number;
  /** The address of MongoDB for the tests, and for the nodes that get no other. */
  mongo?: string;
  /** The address a node is given, where it differs from node to node: that of a proxy. */
  mongoOf?: (index: number) => string;
  /** The address of Redis. Without one the nodes are single processes that only share the database. */
  redis?: string;
  env?: Record<string, string>;
}

export interface Cluster {
  readonly nodes: NodeProcess[];
  readonly database: string;
  /** True from `close` on: whoever still tries may give up. */
  readonly closed: boolean;
  /** Addresses of the nodes that listen now. */
  urls(): string[];
  /** Adds a node, or another process such as a bot, and starts it. */
  add(name: string, env?: Record<string, string>): Promise<NodeProcess>;
  /** Every ticket's log, or one ticket's, as it is in the database, past the servers. */
  readLogs(ticketId?: string): Promise<StoredLogs>;
  client: MongoClient;
  /** The last lines of every process's log. */
  logTails(lines?: number): string;
  close(): Promise<void>;
}

/** The environment every process of a cluster gets. */
function commonEnv(database: string, { mongo, redis, env }: ClusterOptions) {
  return {
    MONGO_URI: mongo ?? testMongoUri(),
    DB_NAME: database,
    JWT_SECRET_KEY: SECRET,
    WEB_SERVER_PORT: '0',
    HOST: '127.0.0.1',
    LOG_LEVEL: process.env.TEST_LOG_LEVEL ?? 'warn',
    RATE_LIMIT_FACTOR: '1000000',
    MAX_OPEN_TICKETS_PER_USER: '100000',
    MAX_CONNECTIONS_PER_USER: '10000',
    ...(redis ? { REDIS_URL: redis, ROLES: 'server' } : { ROLES: 'server,bot' }),
    ...env,
  };
}

/** Real processes of the compiled server on one database, which a test may kill and freeze. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  await ensureBuilt();
  const directory = await makeDataDir('cluster');
  const database = freshDatabaseName();
  const env = commonEnv(database, options);
  const client = new MongoClient(options.mongo ?? testMongoUri());
  const nodes = Array.from({ length: options.nodes }, (_, index) => {
    const uri = options.mongoOf?.(index);
    return createNode(`node-${index}`, directory, { ...env, ...(uri && { MONGO_URI: uri }) });
  });
  let closed = false;
  const cluster: Cluster = {
    nodes,
    database,
    client,
    get closed() {
      return closed;
    },
    urls: () => nodes.map(({ url }) => url).filter((url) => url !== undefined),
    async add(name, more = {}) {
      const node = createNode(name, directory, { ...env, ...more });
      nodes.push(node);
      await node.start();
      return node;
    },
    readLogs: (ticketId) => readLogs(client.db(database), ticketId),
    logTails: (lines = 15) =>
      nodes
        .map((node) => `--- ${node.name}\n${node.logs().split('\n').slice(-lines).join('\n')}`)
        .join('\n'),
    async close() {
      closed = true;
      forget();
      await Promise.all(nodes.map((node) => node.kill()));
      await client
        .db(database)
        .dropDatabase()
        .catch(() => undefined);
      await client.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
  const forget = keepCluster(cluster);
  try {
    await Promise.all(nodes.map((node) => node.start()));
  } catch (error) {
    await cluster.close();
    throw error;
  }
  return cluster;
}
