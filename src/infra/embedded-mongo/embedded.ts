import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { ConfigError, describe } from '../../environment.ts';
import { claimDirectory, type MongoDirectory, type MongoState } from './directory.ts';
import { findMongod } from './find.ts';
import {
  findFreePort,
  launchMongod,
  type Mongod,
  type MongodExit,
  MongodStartError,
} from './launch.ts';
import { directoryProblem } from './make-directory.ts';
import {
  createUser,
  initiateReplicaSet,
  isServerError,
  moveMember,
  waitForPrimary,
  withAdmin,
} from './replica-set.ts';
import { REPLICA_SET, uriOf } from './running.ts';
import { readMongodVersion } from './version.ts';

export interface EmbeddedMongoOptions {
  /** Absolute. The data is in `mongo` under it, readable by the owner alone. */
  dataDir: string;
  mongodPath?: string | undefined;
  log(line: string): void;
  /** Called when the server ends without having been told to. */
  onExit(exit: MongodExit): void;
  env?: NodeJS.ProcessEnv;
}

export interface EmbeddedMongo {
  /** With the password in it: not for the log. */
  uri: string;
  port: number;
  pid: number;
  /** A clean shutdown; the directory is free afterwards. */
  stop(): Promise<void>;
}

/**
 * Starts the MongoDB that comes with Deskcord: a real mongod as a replica set of one, on loopback,
 * with a password. It ends with this process, and what it has confirmed is there at the next start
 * on the same directory, however either of them ended.
 * @throws ConfigError where `DATA_DIR` or `MONGOD_PATH` is wrong; an Error fit for the log: none can
 * be had, the directory is in use, it does not start
 */
export async function startEmbeddedMongo(options: EmbeddedMongoOptions): Promise<EmbeddedMongo> {
  const { dataDir, log } = options;
  // First of all: what is found or fetched is kept there too.
  const problem = await directoryProblem(dataDir);
  if (problem) throw new ConfigError([describe('DATA_DIR', dataDir, problem)]);
  const binary = await findMongod(options);
  const directory = await claimDirectory(dataDir, log);
  let mongod: Mongod | undefined;
  try {
    const version = await readMongodVersion(binary);
    const known = await directory.readState();
    const state = known ?? newState(version);
    // Without its user made, what is there is the rest of a first start that did not finish.
    if (!state.ready) await rm(directory.dbPath, { recursive: true, force: true });
    mongod = await launch(binary, version, directory, state);
    await openReplicaSet(mongod.port, directory, { ...state, port: mongod.port, version });
    log(`MongoDB ${version} runs on port ${mongod.port}, its data is in ${directory.dbPath}`);
    return supervise(mongod, directory, state, options.onExit);
  } catch (error) {
    await mongod?.stop();
    await directory.release();
    throw error;
  }
}

function newState(version: string): MongoState {
  const password = randomBytes(24).toString('hex');
  return { port: 0, user: 'deskcord', password, version, ready: false };
}

async function launch(
  binary: string,
  version: string,
  directory: MongoDirectory,
  state: MongoState,
): Promise<Mongod> {
  const { dbPath, keyPath, logPath } = directory;
  if (!state.ready) await directory.writeState(state);
  const args = ['--keyFile', keyPath, '--wiredTigerCacheSizeGB', '0.5'];
  for (let attempt = 1; ; attempt++) {
    const port = await findFreePort(state.port);
    try {
      return await launchMongod({ binary, dbPath, logPath, port, replSet: REPLICA_SET, args });
    } catch (error) {
      if (!(error instanceof MongodStartError)) throw error;
      if (error.exitCode === 48 && attempt < 3) continue;
      if (error.exitCode === 100) throw new Error(`${dbPath} is in use by another mongod.`);
      if (state.version === version) throw error;
      const advice = `The data was written by MongoDB ${state.version}, and this is ${version}: set MONGOD_PATH to a mongod of that version.`;
      throw new Error(`${error.message}. ${advice}`, { cause: error });
    }
  }
}

async function openReplicaSet(
  port: number,
  directory: MongoDirectory,
  state: MongoState,
): Promise<void> {
  if (!state.ready) {
    await withAdmin(port, undefined, async (admin) => {
      await initiateReplicaSet(admin, REPLICA_SET, [{ _id: 0, host: `127.0.0.1:${port}` }]);
      await waitForPrimary(admin);
      await createUser(admin, state);
    });
  }
  try {
    await withAdmin(port, state, async (admin) => {
      await moveMember(admin, port);
      await waitForPrimary(admin);
    });
  } catch (error) {
    if (!isServerError(error, 'AuthenticationFailed')) throw error;
    throw new Error(`the password kept beside ${directory.dbPath} is not that of its data`);
  }
  await directory.writeState({ ...state, ready: true });
}

function supervise(
  mongod: Mongod,
  directory: MongoDirectory,
  { user, password }: MongoState,
  onExit: (exit: MongodExit) => void,
): EmbeddedMongo {
  let stopping = false;
  const ended = mongod.exited.then(async (exit) => {
    await directory.release();
    if (!stopping) onExit(exit);
  });
  const { port, pid } = mongod;
  return {
    uri: uriOf({ user, password, port }),
    port,
    pid,
    stop: async () => {
      stopping = true;
      await mongod.stop();
      await ended;
    },
  };
}
