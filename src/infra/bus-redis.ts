import { createShardedAdapter } from '@socket.io/redis-adapter';
import { Server } from 'socket.io';
import type { Bus } from './bus-local.ts';
import type { Log } from './log.ts';
import { failFast, openRedis } from './redis.ts';

/** A subscriber that hears nothing cannot tell silence from a dead connection unless it asks. */
const HEARTBEAT_MS = 5000;

/**
 * A bus over Redis: `serverSideEmit` of a Socket.IO server that accepts no sockets, through the
 * sharded adapter. What one tick publishes travels as one packet. While Redis is away publishing
 * fails at once and silently: the reconciliation poll finds what the others missed.
 */
export function createRedisBus<E>(url: string, name: string, local: Bus<E>, log: Log): Bus<E> {
  const publisher = openRedis(url, log, failFast);
  const subscriber = openRedis(url, log, { socketTimeout: HEARTBEAT_MS });
  const beat = setInterval(() => {
    if (subscriber.status === 'ready') subscriber.ping().catch(() => undefined);
  }, HEARTBEAT_MS).unref();
  const carrier = new Server({
    adapter: createShardedAdapter(publisher, subscriber, { channelPrefix: `deskcord:${name}` }),
  });
  let waiting: E[] = [];
  const flush = () => {
    const events = waiting;
    waiting = [];
    if (publisher.status === 'ready') carrier.serverSideEmit('events', events);
  };
  carrier.on('events', (events: E[]) => {
    for (const event of events) local.publish(event);
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
