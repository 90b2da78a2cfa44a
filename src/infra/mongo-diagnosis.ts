import type { TopologyDescription } from 'mongodb';

/** What is there and can be reached, and still cannot carry the promise. */
export class UnfitMongo extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UnfitMongo';
  }
}

const OLDEST_WIRE_VERSION = 17;

/**
 * Looks at what `hello` answers. A standalone server takes messages and then can close no ticket, as
 * it has neither transactions nor majorities.
 * @throws UnfitMongo
 */
export function requireReplicaSet(hello: Record<string, unknown>): void {
  if (!hello.setName && hello.msg !== 'isdbgrid') {
    throw new UnfitMongo(
      'what answers there is not a replica set: start mongod with --replSet and run rs.initiate() once',
    );
  }
  if (Number(hello.maxWireVersion) < OLDEST_WIRE_VERSION) {
    throw new UnfitMongo('the MongoDB there is older than 6.0');
  }
}

const serverCodes: Record<number, string> = {
  13: 'its user lacks rights: it needs readWrite on the database DB_NAME',
  18: 'the user or the password is refused',
  8000: 'the user or the password is refused',
};

const systemCodes: Record<string, string> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'its host name is not known',
  ENODATA: 'its host name is not known',
  EAI_AGAIN: 'its host name cannot be looked up',
  ESERVFAIL: 'its host name cannot be looked up',
  ETIMEOUT: 'its host name cannot be looked up',
  ETIMEDOUT: 'no answer',
  ECONNRESET: 'the connection is cut',
  EPIPE: 'the connection is cut',
  EHOSTUNREACH: 'there is no way to it',
  ENETUNREACH: 'there is no way to it',
};

/** What an error may have, whether the driver, mongoose, which wraps some, or Node has made it. */
interface Failure {
  name?: string;
  message?: string;
  code?: unknown;
  codeName?: string;
  cause?: Failure;
  reason?: TopologyDescription;
}

function describeTopology(reason: TopologyDescription): string {
  const servers = [...reason.servers.values()];
  const failure = servers.find(({ error }) => error)?.error;
  if (failure) return describeMongoError(failure);
  if (servers.some(({ type }) => type === 'RSGhost')) {
    return 'its replica set is not initiated: run rs.initiate() once';
  }
  if (reason.setName && servers.length === 0) {
    return 'what answers there is not a replica set, or one of another name than its replicaSet option says';
  }
  return 'no member of the replica set is primary';
}

/**
 * Puts an error of the driver into words that anybody may read: no host, no port, no name of a user,
 * nothing that is stored. The log has the driver's own.
 */
export function describeMongoError(error: unknown): string {
  if (error instanceof UnfitMongo) return error.message;
  const failure = (error ?? {}) as Failure;
  if (failure.reason?.servers) return describeTopology(failure.reason);
  for (let at: Failure | undefined = failure; at; at = at.cause) {
    const { code, message = '' } = at;
    if (typeof code === 'number' && serverCodes[code]) return serverCodes[code];
    const named = typeof code === 'string' ? code : /\b(E[A-Z_]{3,})\b/.exec(message)?.[1];
    if (named && systemCodes[named]) return `${systemCodes[named]} (${named})`;
    if (named && /^(ERR_(SSL|TLS)|CERT_|DEPTH_|UNABLE_TO|SELF_SIGNED)/.test(named)) {
      return `the TLS handshake fails (${named})`;
    }
    if (/\btimed out\b/.test(message)) return 'no answer';
  }
  return `it refuses (${failure.codeName ?? failure.name ?? 'unknown'})`;
}
