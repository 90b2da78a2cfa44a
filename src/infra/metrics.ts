import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** From a cached answer to the deadline of a write, in seconds. */
const buckets = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/**
 * The counters of a process, one for each place that everything of its kind passes. They are kept in
 * the context and shown nowhere yet; `await registry.metrics()` is the text Prometheus reads. Labels
 * are of closed sets (names of endpoints, events, outcomes), never ids: a metric does not grow.
 */
export interface Metrics {
  registry: Registry;
  /** HTTP requests by endpoint and status, with how long they took. */
  requests: Histogram<'method' | 'path' | 'status'>;
  /** Events of sockets by name and outcome (`ok`, or the code of the error), with their time. */
  events: Histogram<'event' | 'outcome'>;
  /** Entries of tickets' logs that are stored for good, by their type. */
  stored: Counter<'type'>;
  /** Entries shown to this node's sockets, by the event they became. */
  emitted: Counter<'event'>;
  /** Runs of a keyed queue, by queue and outcome (`done`, `failed`). */
  runs: Counter<'queue' | 'outcome'>;
  /** Keys of a keyed queue that wait, run, or back off. */
  queued: Gauge<'queue'>;
  /** Lag: how long the oldest of some entries had been accepted when a consumer was done with them. */
  consumerDelay: Histogram<'consumer'>;
  /** Posts in Discord by outcome (`posted`, `found`, `gone`, `failed`), with their time. */
  posts: Histogram<'outcome'>;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  return {
    registry,
    requests: new Histogram({
      name: 'deskcord_http_request_seconds',
      help: 'HTTP requests',
      labelNames: ['method', 'path', 'status'],
      buckets,
      registers,
    }),
    events: new Histogram({
      name: 'deskcord_socket_event_seconds',
      help: 'Events that sockets sent',
      labelNames: ['event', 'outcome'],
      buckets,
      registers,
    }),
    stored: new Counter({
      name: 'deskcord_log_entries_stored_total',
      help: 'Entries of tickets stored for good',
      labelNames: ['type'],
      registers,
    }),
    emitted: new Counter({
      name: 'deskcord_log_entries_emitted_total',
      help: 'Entries shown to the sockets of this node',
      labelNames: ['event'],
      registers,
    }),
    runs: new Counter({
      name: 'deskcord_queue_runs_total',
      help: 'Runs of keyed queues',
      labelNames: ['queue', 'outcome'],
      registers,
    }),
    queued: new Gauge({
      name: 'deskcord_queue_keys',
      help: 'Keys that a keyed queue waits for, runs, or backs off from',
      labelNames: ['queue'],
      registers,
    }),
    consumerDelay: new Histogram({
      name: 'deskcord_consumer_delay_seconds',
      help: 'From the acceptance of an entry until a consumer of the log was done with it',
      labelNames: ['consumer'],
      buckets: [0.1, 0.25, 0.5, 1, 2, 3, 4, 5, 7.5, 10, 15, 30, 60],
      registers,
    }),
    posts: new Histogram({
      name: 'deskcord_discord_post_seconds',
      help: 'Posts in Discord',
      labelNames: ['outcome'],
      buckets,
      registers,
    }),
  };
}
