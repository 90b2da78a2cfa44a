import { createShardedAdapter } from '@socket.io/redis-adapter';
import type { Redis } from 'ioredis';
import { type Namespace, Server } from 'socket.io';
import type { Bus } from './bus-local.ts';
import type { Log } from './log.ts';
import { failFast, openRedis } from './redis.ts';

/** A subscriber that hears nothing cannot tell silence from a dead connection unless it asks. */
const HEARTBEAT_MS = 5000;
/** Between two lines about packets that are dropped, in milliseconds. */
const WARN_EVERY_MS = 10_000;
/** The kind of packet `serverSideEmit` makes, the only one that is sent here. */
const SERVER_SIDE_EMIT = 9;
const EVENT = 'events';

type Adapter = ReturnType<ReturnType<typeof createShardedAdapter>>;
type Handler = (packet: unknown, offset?: string) => void;

/** What a strange packet is told by, once in a while. */
function createDropLog(log: Log): (why: string) => void {
  let dropped = 0;
  let warnedAt = Number.NEGATIVE_INFINITY;
  return (why) => {
    dropped++;
    if (performance.now() - warnedAt < WARN_EVERY_MS) return;
    warnedAt = performance.now();
    log.warn({ why, dropped }, 'dropped what is not ours from the Redis channel');
    dropped = 0;
  };
}

/** A packet as `serverSideEmit` makes it, without an answer. */
function isOurPacket(packet: unknown): boolean {
  if (typeof packet !== 'object' || packet === null) return false;
  const { type, nsp, uid, data } = packet as Record<string, unknown>;
  if (type !== SERVER_SIDE_EMIT || nsp !== '/' || typeof uid !== 'string') return false;
  if (typeof data !== 'object' || data === null) return false;
  const { packet: args, requestId } = data as Record<string, unknown>;
  if (requestId !== undefined || !Array.isArray(args) || args.length !== 2) return false;
  return args[0] === EVENT && Array.isArray(args[1]);
}

/**
 * The sharded adapter, which believes what it reads: only packets of ours reach it. Whoever can write
 * to Redis, and a process of another version, can put anything on the channel.
 */
function createGuardedAdapter(
  create: (namespace: Namespace) => Adapter,
  drop: (why: string) => void,
): (namespace: Namespace) => Adapter {
  // Socket.IO calls it with `new`.
  return function guarded(namespace) {
    const adapter = create(namespace) as Adapter & { onMessage: Handler; onResponse: Handler };
    const accept = adapter.onMessage.bind(adapter);
    adapter.onMessage = (packet, offset) => {
      try {
        if (isOurPacket(packet)) accept(packet, offset);
        else drop('a packet of another kind');
      } catch (error) {
        drop((error as Error).message);
      }
    };
    // Nothing is asked, so nothing is answered.
    adapter.onResponse = () => drop('an answer to nothing');
    return adapter;
  };
}

/**
 * The adapter awaits none of its subscriptions, and one that still waits for Redis when the client is closed
 * is refused: that is nobody's failure.
 */
function forgiveUnsubscribed(subscriber: Redis): void {
  const subscribe = subscriber.ssubscribe.bind(subscriber) as (
    ...args: never[]
  ) => Promise<unknown>;
  const forgiving = (...args: never[]) =>
    subscribe(...args).catch((error: unknown) => {
      if (subscriber.status !== 'end') throw error;
    });
  subscriber.ssubscribe = forgiving as typeof subscriber.ssubscribe;
}

/**
 * A bus over Redis: `serverSideEmit` of a Socket.IO server that accepts no sockets, through the
 * sharded adapter. What one tick publishes travels as one packet. While Redis is away publishing
 * fails at once and silently: the reconciliation poll finds what the others missed.
 * @param isEvent says what of others' events is one; the rest is logged and dropped
 */
export function createRedisBus<E>(
  url: string,
  name: string,
  local: Bus<E>,
  isEvent: (value: unknown) => value is E,
  log: Log,
): Bus<E> {
  const publisher = openRedis(url, log, failFast);
  const subscriber = openRedis(url, log, { socketTimeout: HEARTBEAT_MS });
  forgiveUnsubscribed(subscriber);
  const beat = setInterval(() => {
    if (subscriber.status === 'ready') subscriber.ping().catch(() => undefined);
  }, HEARTBEAT_MS).unref();
  const drop = createDropLog(log);
  const sharded = createShardedAdapter(publisher, subscriber, {
    channelPrefix: `deskcord:${name}`,
  });
  const carrier = new Server({ adapter: createGuardedAdapter(sharded, drop) as typeof sharded });
  let waiting: E[] = [];
  const flush = () => {
    const events = waiting;
    waiting = [];
    if (publisher.status === 'ready') carrier.serverSideEmit(EVENT, events);
  };
  carrier.on(EVENT, (events: unknown[]) => {
    for (const event of events) {
      if (isEvent(event)) local.publish(event);
      else drop('an event of another form');
    }
  });
  return {
    publish(event) {
      local.publish(event);
      if (waiting.push(event) === 1) setImmediate(flush);
    },
    subscribe: (listener) => local.subscribe(listener),
    onRecovered(listener) {
      let away = false;
      subscriber.on('close', () => {
        away = true;
      });
      subscriber.on('ready', () => {
        if (away) listener();
        away = false;
      });
    },
    healthy: () => publisher.status === 'ready' && subscriber.status === 'ready',
    async close() {
      clearInterval(beat);
      publisher.disconnect();
      subscriber.disconnect();
      await local.close();
    },
  };
}
