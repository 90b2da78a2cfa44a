import type { Measure, ScenarioResult } from './results.ts';
import { median } from './statistics.ts';

/** What is assumed of people, not measured. */
export const assumed = {
  /** Messages a second for each open socket, staff's answers included: one in a thousand seconds. */
  messagesPerSocket: 0.001,
  /** Open tickets for each open socket. */
  ticketsPerSocket: 0.2,
  /** Open sockets for each member of staff at work. */
  socketsPerStaff: 500,
  /** How much of a core is planned for; the rest is for storms and bad luck. */
  load: 0.6,
  /** Sockets a process is given: half of what it could hold, for when another one ends. */
  socketsPerNode: 25_000,
  /** Half of the messages are customers' and have to be posted by the bot. */
  mirrored: 0.5,
} as const;

/** Ceilings of Discord: its documented limits, for one bot and for one guild. */
export const discord = { requestsPerSecond: 50, channelsPerGuild: 500 } as const;

/** How far back a sweep looks, on average, and how often, in seconds. */
const sweep = { window: 14, every: 4 } as const;

/** Measured costs, in seconds of a core and in bytes. */
export interface Costs {
  socketBytes: number;
  emptyBytes: number;
  idleSocket: number;
  connect: number;
  send: number;
  foreign: number;
  redis: number;
  mongod: number;
  sweptEntry: number;
  delivery: number;
  storedBytes: number;
}

type Find = (scenario: string, at: string, metric: string) => number;

/** Finds medians of Deskcord by a part of where they were measured; the last one, of several. */
export function createFind(results: readonly ScenarioResult[]): Find {
  return (scenario, at, metric) => {
    const measures: readonly Measure[] =
      results.find((each) => each.scenario === scenario)?.measures ?? [];
    const found = measures.filter(
      (each) => each.subject === 'deskcord' && each.metric === metric && each.at.includes(at),
    );
    const exact = found.find((each) => each.at === at) ?? found.at(-1);
    return exact ? median(exact.rounds) : Number.NaN;
  };
}

export function readCosts(find: Find): Costs {
  const micro = 1e-6;
  return {
    socketBytes: find('scale', 'sockets', 'memory') * 1024,
    emptyBytes: find('memory', 'sockets', 'memory of an empty server') * 2 ** 20,
    idleSocket: find('scale', 'sockets', 'server CPU of an idle socket') * micro,
    connect: find('scale', 'sockets', 'server CPU of a connect') * micro,
    send: find('accept', 'rest 64 on', 'server CPU') * micro,
    foreign: find('scale', 'sockets', 'CPU of another node that delivers it') * micro,
    redis: find('scale', 'sockets', 'Redis CPU') * micro,
    mongod: (find('accept-3', 'rest 64 on', 'mongod CPU') * micro) / 3,
    sweptEntry: find('scale', 'sockets', 'mongod CPU of a sweep') * micro,
    delivery: find('fan-out', 'listeners', 'server CPU') * micro,
    storedBytes: find('costs', 'all histories', 'stored, with indexes'),
  };
}

/** What so many open sockets take. */
export interface Step {
  sockets: number;
  rate: number;
  nodes: number;
  /** Of one node, in bytes. */
  memory: number;
  /** Share of a node's core spent on hints of messages other nodes took. */
  hints: number;
  /** Seconds until the sockets of a node that ended are back on the others. */
  storm: number;
  redisCores: number;
  mongodCores: number;
  sweepCores: number;
  bytesPerDay: number;
  staff: number;
  /** Cores if all of the staff watch everything. */
  watchingCores: number;
  discordRequests: number;
  tickets: number;
}

export function planStep(sockets: number, costs: Costs): Step {
  const rate = sockets * assumed.messagesPerSocket;
  const work = sockets * costs.idleSocket + rate * (costs.send + costs.foreign);
  const nodes = Math.max(
    2,
    Math.ceil(work / assumed.load),
    Math.ceil(sockets / assumed.socketsPerNode),
  );
  const perNode = sockets / nodes;
  const staff = Math.ceil(sockets / assumed.socketsPerStaff);
  return {
    sockets,
    rate,
    nodes,
    memory: costs.emptyBytes + perNode * costs.socketBytes,
    hints: rate * costs.foreign,
    storm: (perNode * costs.connect) / (nodes - 1) / (1 - assumed.load),
    // Measured with two nodes: one publisher, one that hears it.
    redisCores: rate * costs.redis * (nodes / 2),
    mongodCores: rate * costs.mongod,
    sweepCores: ((rate * sweep.window * costs.sweptEntry) / sweep.every) * nodes,
    bytesPerDay: rate * 86_400 * costs.storedBytes,
    staff,
    watchingCores: rate * staff * costs.delivery,
    discordRequests: rate * assumed.mirrored,
    tickets: sockets * assumed.ticketsPerSocket,
  };
}

export interface Prediction {
  what: string;
  predicted: number;
  measured: number;
  unit: string;
}

/** The load of `scale`: two processes, half of the sockets each, and so many messages a second. */
const run = { nodes: 2, rate: 1000 } as const;

/**
 * Holds the model against the one run here that is a whole: costs of a socket, a message and a sweep
 * from where each was measured alone, against what they come to together.
 */
export function predictRun(find: Find, sockets: number): Prediction[] {
  const each = sockets / run.nodes;
  const empty = find('memory', 'sockets', 'memory of an empty server');
  const memoryWith = (kib: number) => empty + (each * kib) / 1024;
  const coreOf = (micros: number) => run.rate * micros * 1e-6;
  const idle = find('scale', 'sockets', 'server CPU of an idle socket') * 1e-6 * each;
  const swept = find('scale', 'sockets', 'mongod CPU of a sweep') * 1e-6;
  const sweeps = ((run.rate * sweep.window * swept) / sweep.every) * run.nodes;
  const tickets = (at: string) => find('tickets', at, 'CPU, server and mongod');
  return [
    {
      what: `memory of each process with ${each} sockets`,
      predicted: memoryWith(find('memory', 'sockets', 'memory')),
      measured: memoryWith(find('scale', 'sockets', 'memory')),
      unit: 'MiB',
    },
    {
      what: `the process that takes ${run.rate} messages a second`,
      predicted: coreOf(find('accept', 'rest 64 on', 'server CPU')) + idle,
      measured: coreOf(find('scale', 'sockets', 'CPU of the node that takes a message')),
      unit: 'cores',
    },
    {
      what: 'MongoDB, writes and sweeps',
      predicted: coreOf(find('accept', 'rest 64 on', 'mongod CPU')) + sweeps,
      measured: coreOf(find('scale', 'sockets', 'mongod CPU')),
      unit: 'cores',
    },
    {
      what: 'a message with the most open tickets (`tickets`), predicted from 10² of them',
      predicted: tickets('100 open tickets'),
      measured: tickets('100000 open tickets'),
      unit: 'µs',
    },
  ];
}
