/** A comparison with a bound that Deskcord means to keep. */
export interface Target {
  what: string;
  scenario: string;
  metric: string;
  ours: Place;
  /** What `ours` is compared with; none where the value itself is the target. */
  base?: Place;
  as: 'ratio' | 'difference' | 'value';
  atLeast?: number;
  atMost?: number;
}

interface Place {
  subject: string;
  /** The first of these that was measured; `--quick` stops at smaller numbers. */
  at: readonly string[];
}

const acceptBounds = { 1: 0.85, 64: 2.5, 256: 3 } as const;
const names = { rest: 'REST', socket: 'sockets' } as const;
type Transport = keyof typeof names;
const transports: readonly Transport[] = ['rest', 'socket'];

function acceptTargets(nodes: '1 node' | '3 nodes', scenario: string): Target[] {
  return transports.flatMap((transport) =>
    ([1, 64, 256] as const).map((senders): Target => {
      const at = [`${transport} ${senders} on ${nodes}`];
      return {
        what: `accepted sends/s, ${names[transport]}, ${senders} sender${senders > 1 ? 's' : ''}, ${nodes}`,
        scenario,
        metric: 'accepted',
        ours: { subject: 'deskcord', at },
        base: { subject: 'bare', at },
        as: 'ratio',
        atLeast: acceptBounds[senders],
      };
    }),
  );
}

function noStorageTargets(): Target[] {
  return transports.flatMap((transport) =>
    [64, 256].map((senders): Target => {
      const at = [`${transport} ${senders} on 1 node`];
      return {
        what: `the same against no storage at all, ${names[transport]}, ${senders} senders`,
        scenario: 'accept',
        metric: 'accepted',
        ours: { subject: 'deskcord', at },
        base: { subject: 'bare, no storage', at },
        as: 'ratio',
        atLeast: 0.7,
      };
    }),
  );
}

function latencyTargets(transport: Transport): Target[] {
  const compare = (metric: string, atMost: number): Target => {
    const at = [`${transport}, 70 % of bare's peak`];
    const what = `send to delivery at 70 % of bare's peak, ${names[transport]}, ${metric.slice(-3)}`;
    const places = { ours: { subject: 'deskcord', at }, base: { subject: 'bare', at } };
    return { what, scenario: 'latency', metric, ...places, as: 'ratio', atMost };
  };
  const loop = (scenario: string, whose: string): Target => ({
    what: `event-loop delay p99 at 70 % of ${whose} peak, ${names[transport]}`,
    scenario,
    metric: 'event loop delay p99',
    ours: { subject: 'deskcord', at: [`${transport}, 70 % of ${whose} peak`] },
    as: 'value',
    atMost: 20,
  });
  return [
    compare('delivery p50', 1.15),
    compare('delivery p99', 1),
    loop('latency', "bare's"),
    loop('loop', 'its own'),
  ];
}

function against(
  what: string,
  scenario: string,
  at: readonly string[],
  metric: string,
  bound: { atLeast?: number; atMost?: number },
): Target {
  const places = { ours: { subject: 'deskcord', at }, base: { subject: 'bare', at } };
  return { what, scenario, metric, ...places, as: 'ratio', ...bound };
}

function flat(
  what: string,
  scenario: string,
  few: string,
  many: readonly string[],
  metric: string,
  atMost: number,
): Target {
  const ours = { subject: 'deskcord', at: many };
  const base = { subject: 'deskcord', at: [few] };
  return { what, scenario, metric, ours, base, as: 'ratio', atMost };
}

const manyTickets = ['100000 open tickets', '10000 open tickets'];
const cost = 'CPU, server and mongod';

/** In the order of the report. */
export const targets: readonly Target[] = [
  ...acceptTargets('1 node', 'accept'),
  ...noStorageTargets(),
  ...acceptTargets('3 nodes', 'accept-3'),
  ...latencyTargets('rest'),
  ...latencyTargets('socket'),
  against('fan-out to 1,000 listeners', 'fan-out', ['1000 listeners'], 'deliveries', {
    atLeast: 0.9,
  }),
  against('memory for each socket', 'memory', ['10000 sockets', '2000 sockets'], 'memory', {
    atMost: 1.25,
  }),
  against('catch-up rows/s', 'catch-up', ['8 readers'], 'rows', { atLeast: 0.7 }),
  against('1,000 back at once', 'storm', ['1000 at once'], 'all back', { atMost: 2 }),
  {
    what: 'what a second node adds to delivery p99',
    scenario: 'two-nodes',
    metric: 'delivery p99',
    ours: { subject: 'from node to node', at: ['rest, 400/s'] },
    base: { subject: 'within a node', at: ['rest, 400/s'] },
    as: 'difference',
    atMost: 3,
  },
  flat(
    'a message, 10² to 10⁵ open tickets',
    'tickets',
    '100 open tickets',
    manyTickets,
    cost,
    1.25,
  ),
  flat(
    'an idle node, 10² to 10⁵ open tickets',
    'tickets',
    '100 open tickets',
    manyTickets,
    'CPU of an idle node and its mongod',
    1.5,
  ),
  flat(
    'a message in a ticket of 10 to 10⁵ messages',
    'history',
    '10 messages in the ticket',
    ['100000 messages in the ticket', '10000 messages in the ticket'],
    cost,
    1.25,
  ),
];
