import { connect, createServer, type Server, type Socket } from 'node:net';
import { type Cut, type Fault, FaultConnection, type FaultCounters } from './fault-connection.ts';
import { seededRandom } from './random.ts';

export type { Cut, Fault, FaultCounters } from './fault-connection.ts';

export interface FaultProxyOptions {
  target: { host?: string; port: number };
  /** Decides jitter and random limits. */
  seed?: number;
}

/** Without a scope a fault is for the open connections and all new ones, until `clear`. */
export interface FaultScope {
  /** Only the next so many new connections, each for as long as it lasts. */
  connections?: number;
  /** At most so many connections are ended by it; it is over with the last one. */
  times?: number;
}

export interface FaultProxy {
  readonly port: number;
  readonly counters: Readonly<FaultCounters>;
  /** Puts these faults in the place of the ones before. */
  setFault(faults: Fault | readonly Fault[], scope?: FaultScope): void;
  /** Passes each request on, and ends the connection before the reply gets back. */
  dropReplies(options?: Omit<Cut, 'type' | 'at'> & FaultScope): void;
  /** Ends the connection when a request comes, and passes none of it on. */
  cutRequests(options?: Omit<Cut, 'type' | 'at'> & FaultScope): void;
  /** No faults any more; connections that have lost bytes are reset. */
  clear(): void;
  /** Resets every open connection (RST). */
  resetAll(): void;
  /** Refuses new connections (ECONNREFUSED); the open ones go on. */
  refuse(): Promise<void>;
  /** Takes new connections again, on the same port. */
  accept(): Promise<void>;
  close(): Promise<void>;
}

interface ActiveFaults {
  faults: readonly Fault[];
  cutsLeft: number;
}

const none = (): ActiveFaults => ({ faults: [], cutsLeft: Number.POSITIVE_INFINITY });

/** A TCP proxy on loopback that carries every byte faithfully until it is told to misbehave. */
export async function startFaultProxy({
  target,
  seed = 1,
}: FaultProxyOptions): Promise<FaultProxy> {
  const counters: FaultCounters = {
    connections: 0,
    open: 0,
    cuts: 0,
    bytesToTarget: 0,
    bytesToClient: 0,
    bytesSwallowed: 0,
  };
  const random = seededRandom(seed);
  const connections = new Set<FaultConnection>();
  let everywhere = none();
  let forNext = { active: none(), left: 0 };
  let epoch = 0;

  function onConnection(client: Socket): void {
    counters.connections++;
    counters.open++;
    const born = epoch;
    const own = forNext.left-- > 0 ? forNext.active : undefined;
    const active = () => (own && born === epoch ? own : everywhere);
    const upstream = connect({ host: target.host ?? '127.0.0.1', port: target.port, ...halfOpen });
    for (const socket of [client, upstream]) socket.setNoDelay(true);
    const connection = new FaultConnection({
      client,
      target: upstream,
      faults: () => (active().cutsLeft > 0 ? active().faults : []),
      takeCut: () => active().cutsLeft-- > 0,
      counters,
      random,
    });
    connections.add(connection);
    client.once('close', () => {
      counters.open--;
      connections.delete(connection);
    });
  }

  const halfOpen = { allowHalfOpen: true };
  const server = createServer(halfOpen, onConnection);
  const port = await listen(server, 0);
  const resetAll = () => {
    for (const connection of connections) connection.end();
  };
  const setFault = (faults: Fault | readonly Fault[], scope: FaultScope = {}) => {
    const { times = Number.POSITIVE_INFINITY, connections: count } = scope;
    const active = { faults: [faults].flat() as Fault[], cutsLeft: times };
    epoch++;
    everywhere = count === undefined ? active : none();
    forNext = { active, left: count ?? 0 };
  };
  const cutAt = (at: Cut['at'], options: Omit<Cut, 'type' | 'at'> & FaultScope = {}) => {
    const { connections: count, times, ...cut } = options;
    const scope = { ...(count !== undefined && { connections: count }), ...(times && { times }) };
    setFault({ type: 'cut', at, ...cut }, scope);
  };
  return {
    port,
    counters,
    setFault,
    dropReplies: (options) => cutAt('reply', options),
    cutRequests: (options) => cutAt('request', options),
    clear: () => {
      setFault([]);
      for (const connection of connections) if (connection.tainted) connection.end();
    },
    resetAll,
    refuse: async () => void server.close(),
    accept: async () => {
      if (!server.listening) await listen(server, port);
    },
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      resetAll();
      await closed;
    },
  };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host: '127.0.0.1' }, () => {
      server.off('error', reject);
      resolve((server.address() as { port: number }).port);
    });
  });
}
