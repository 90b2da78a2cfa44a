import { setTimeout as sleep } from 'node:timers/promises';
import { type Db, MongoClient, MongoServerError } from 'mongodb';

const PRIMARY_MS = 60_000;

export interface Credentials {
  user: string;
  password: string;
}

/** Runs `work` against the admin database of the server on this port, whatever its state. */
export async function withAdmin<T>(
  port: number,
  credentials: Credentials | undefined,
  work: (admin: Db) => Promise<T>,
): Promise<T> {
  const client = new MongoClient(`mongodb://127.0.0.1:${port}/`, {
    directConnection: true,
    serverSelectionTimeoutMS: 30_000,
    maxPoolSize: 1,
    ...(credentials && {
      auth: { username: credentials.user, password: credentials.password },
      authSource: 'admin',
    }),
  });
  try {
    return await work(client.db('admin'));
  } finally {
    await client.close();
  }
}

/** A member of a set, as `replSetInitiate` takes it. */
export interface Member {
  _id: number;
  host: string;
}

/** Makes the set, unless it was made before. */
export async function initiateReplicaSet(
  admin: Db,
  name: string,
  members: readonly Member[],
  settings: Record<string, unknown> = {},
): Promise<void> {
  try {
    await admin.command({ replSetInitiate: { _id: name, members, settings } });
  } catch (error) {
    if (!isServerError(error, 'AlreadyInitialized')) throw error;
  }
}

/** Waits until this server is its set's primary. */
export async function waitForPrimary(admin: Db, ms = PRIMARY_MS): Promise<void> {
  const until = Date.now() + ms;
  while (!(await admin.command({ hello: 1 })).isWritablePrimary) {
    if (Date.now() > until) throw new Error(`no primary after ${ms / 1000} s`);
    await sleep(20);
  }
}

/** Makes the one user there is; a server without users lets a local connection do so. */
export async function createUser(admin: Db, { user, password }: Credentials): Promise<void> {
  await admin.command({ createUser: user, pwd: password, roles: ['root'] });
}

/**
 * A set remembers the address of its member. After a start on another port the server finds itself
 * in no set at all, and takes a new address only by force.
 */
export async function moveMember(admin: Db, port: number): Promise<void> {
  const config = await readReplicaSetConfig(admin);
  const host = `127.0.0.1:${port}`;
  const [member] = config.members;
  if (member?.host === host) return;
  const moved = { ...config, version: config.version + 1, members: [{ ...member, host }] };
  await admin.command({ replSetReconfig: moved, force: true });
}

/**
 * First the server asks whoever has its former port whether that is itself, and waits 30 s for an
 * answer. Only a program that takes the connection and says nothing lets it come to that.
 */
async function readReplicaSetConfig(admin: Db): Promise<{ version: number; members: Member[] }> {
  const until = Date.now() + PRIMARY_MS;
  for (;;) {
    try {
      const { config } = await admin.command({ replSetGetConfig: 1 });
      return config;
    } catch (error) {
      if (!isServerError(error, 'NotYetInitialized') || Date.now() > until) throw error;
      await sleep(100);
    }
  }
}

export function isServerError(error: unknown, codeName: string): boolean {
  return error instanceof MongoServerError && error.codeName === codeName;
}
