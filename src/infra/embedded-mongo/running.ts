import { type MongoState, readMongoState } from './directory.ts';

export const REPLICA_SET = 'rs0';

/** With the password in it: not for the log. */
export function uriOf({ user, password, port }: Pick<MongoState, 'user' | 'password' | 'port'>) {
  return `mongodb://${user}:${password}@127.0.0.1:${port}/?replicaSet=${REPLICA_SET}&authSource=admin`;
}

/**
 * The address of the embedded MongoDB that another process runs on `dataDir`, as it was last written
 * down; undefined where none was ever started. Whether it runs is for the caller to find out.
 */
export async function findEmbeddedMongo(dataDir: string): Promise<string | undefined> {
  const state = await readMongoState(dataDir);
  return state?.ready ? uriOf(state) : undefined;
}
