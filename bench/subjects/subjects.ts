import { join } from 'node:path';
import type { Seat } from '../generator/jobs.ts';
import { bareEnvironment, seedBareMessages, seedBareTickets } from './bare.ts';
import { deskcordEnvironment, seedMessages, seedStaff, seedTickets } from './deskcord.ts';
import { type MeasuredProcess, startMeasured } from './measured-process.ts';
import type { World } from './world.ts';

export type SubjectName = 'bare' | 'bare, no storage' | 'deskcord';

export interface StartOptions {
  /** Server processes; more than one meet through Redis. */
  processes?: number;
  /** All of them on the first core, so that the second one does not compete with MongoDB. */
  sameCore?: boolean;
  redis?: boolean;
  env?: Record<string, string>;
  /** Further processes on the same database, such as a worker: what is different about each. */
  besides?: readonly Record<string, string>[];
  nodeArgs?: string[];
  /** One that was filled before; by default a fresh one. */
  database?: string;
}

/** A program under measurement, on a fresh database. */
export interface Running {
  readonly name: SubjectName;
  readonly awaitAuthorized: boolean;
  readonly servers: readonly MeasuredProcess[];
  readonly port: number;
  /** The name of its database. */
  readonly database: string;
  /** Open tickets, each of a customer of its own. */
  tickets(count: number): Promise<Seat[]>;
  /** Members of staff, who may hear any ticket. */
  listenersOf(seat: Seat, count: number): Seat[];
  /** Fills the ticket of a seat, oldest first. */
  fill(seat: Seat, messages: number): Promise<void>;
  /** What a stored message takes on disk, compressed, its share of the indexes included. */
  bytesPerMessage(): Promise<number>;
  stop(): Promise<void>;
}

/** Starts a program the way its users do, one process each on a core of its own. */
export async function start(
  world: World,
  name: SubjectName,
  {
    processes = 1,
    sameCore = false,
    redis = processes > 1,
    env = {},
    besides = [],
    nodeArgs = [],
    database = world.freshDatabase(),
  }: StartOptions = {},
): Promise<Running> {
  const db = world.client.db(database);
  const ours = name === 'deskcord';
  const redisUrl = redis ? (await world.redis()).url : undefined;
  const environment = ours
    ? deskcordEnvironment(world.uri, database, redisUrl)
    : bareEnvironment(world.uri, database, name === 'bare');
  const servers: MeasuredProcess[] = [];
  const beside: MeasuredProcess[] = [];
  const stop = async () => {
    for (const server of [...servers, ...beside]) await server.stop();
    await world.dropDatabase(database);
  };
  for (let index = 0; index < processes; index++) {
    const core = sameCore ? 0 : index;
    const log = join(world.directory, `${database}-${index}.log`);
    const program = ours ? 'src/main' : 'bench/baseline/server';
    servers.push(await startMeasured(program, { ...environment, ...env }, { core, log, nodeArgs }));
  }
  for (const [nth, other] of besides.entries()) {
    const log = join(world.directory, `${database}-beside-${nth}.log`);
    beside.push(await startMeasured('src/main', { ...environment, ...other }, { core: 1, log }));
  }
  return {
    name,
    awaitAuthorized: ours,
    servers,
    port: servers[0]?.port as number,
    database,
    tickets: (count) => (ours ? seedTickets(db, count) : seedBareTickets(count)),
    listenersOf: (seat, count) => (ours ? seedStaff(count) : new Array<Seat>(count).fill(seat)),
    fill: (seat, count) =>
      ours ? seedMessages(db, seat, count) : seedBareMessages(db, seat, count),
    async bytesPerMessage() {
      await world.client.db('admin').command({ fsync: 1 });
      const stats = await db.command({ collStats: ours ? 'entries' : 'messages' });
      return (stats.storageSize + stats.totalIndexSize) / stats.count;
    },
    stop,
  };
}
