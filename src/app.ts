import type { Config } from './config.ts';
import type { AppContext } from './context.ts';
import { createTokenVerifier } from './domain/access/identity.ts';
import { seedCategories } from './domain/categories/categories.ts';
import { createDeskState } from './domain/desk-state.ts';
import { entryEvent } from './domain/events.ts';
import { isHint } from './domain/hints.ts';
import { logHop } from './domain/hops.ts';
import { buildIndexes } from './domain/indexes.ts';
import { createReconciliation } from './domain/log/reconciliation.ts';
import { createLogStore } from './domain/log/store.ts';
import { LogWriter } from './domain/log/writer.ts';
import { migrateDatabase, NewerDatabase } from './domain/migration/migrate.ts';
import { seedPriorities } from './domain/priorities/priorities.ts';
import { createBus } from './infra/bus.ts';
import { createClock } from './infra/clock.ts';
import { createErrorReports } from './infra/error-reports.ts';
import { createFailpoint } from './infra/failpoints.ts';
import { createGridFileStore } from './infra/file-store.ts';
import { createHealth } from './infra/health.ts';
import type { Log } from './infra/log.ts';
import { createMetrics } from './infra/metrics.ts';
import { connectMongo, type MongoLink } from './infra/mongo.ts';
import { describeMongoError } from './infra/mongo-diagnosis.ts';
import { lookAtRedis, pingMongo } from './infra/ping.ts';
import { createRateLimits } from './infra/rate-limits.ts';
import { defineModels } from './models/database.ts';

export interface App {
  ctx: AppContext;
  /** What must never be written out. */
  secrets: readonly string[];
  /** Resolves when MongoDB is there and every index is as the promise needs it. */
  ready: Promise<void>;
  /** Tells the context where browsers reach this process, once a port is known. */
  setPublicUrl(url: string): void;
  close(): Promise<void>;
}

const INDEX_RETRY_MS = 5000;

function secretsOf(config: Config, mongoUri: string): string[] {
  const { redisUrl, errorWebhookUrl, errorBotWebhookUrl, discord } = config;
  const keys = [...config.jwt.keys, config.linkSecret].map((key) => key?.export().toString());
  const all = [...keys, mongoUri, redisUrl, errorWebhookUrl, errorBotWebhookUrl, discord?.token];
  return all.filter((secret) => secret !== undefined);
}

/**
 * Waits for MongoDB, brings its rows into this program's form, builds the indexes, and says on `/readyz`
 * what is still wrong.
 * @throws NewerDatabase
 */
async function prepareDatabase(ctx: AppContext, link: MongoLink, stop: AbortSignal) {
  ctx.health.set('indexes', 'down', 'not verified yet');
  await link.connected;
  while (!stop.aborted) {
    try {
      await migrateDatabase(ctx, stop);
      if (stop.aborted) return;
      const problems = await buildIndexes(ctx.db);
      await seedPriorities(ctx);
      await seedCategories(ctx);
      if (problems.length === 0) return ctx.health.set('indexes', 'ok');
      ctx.log.error({ problems }, 'indexes are not as the promise needs them');
      ctx.health.set('indexes', 'down', problems.join('; '));
    } catch (error) {
      const isNewer = error instanceof NewerDatabase;
      const why = isNewer ? error.message : `MONGO_URI: ${describeMongoError(error)}`;
      ctx.health.set('indexes', 'down', why);
      if (isNewer) throw error;
      ctx.log.warn({ reason: (error as Error).message }, 'the indexes cannot be built yet');
    }
    await new Promise((resolve) => setTimeout(resolve, INDEX_RETRY_MS).unref());
  }
}

/** Builds everything a verb needs. MongoDB may be away: `ready` waits for it. */
export function createApp(config: Config, log: Log, mongoUri: string): App {
  const link = connectMongo(mongoUri, config.dbName, log);
  const db = defineModels(link.connection);
  const webhook = config.roles.includes('server')
    ? config.errorWebhookUrl
    : config.errorBotWebhookUrl;
  const secrets = secretsOf(config, mongoUri);
  const reports = createErrorReports(webhook, secrets, log);
  const onBug = (error: unknown) => reports.report(error, { part: 'listener' });
  const bus = createBus(config, isHint, log, onBug);
  const store = createLogStore(db);
  const failpoint = createFailpoint(config.failpoint);
  const deadlineMs = config.writeDeadlineMs;
  const metrics = createMetrics();
  const writer = new LogWriter({
    store,
    deadlineMs,
    publish: (entry) => {
      metrics.stored.inc({ type: entry.type });
      logHop(log, 'stored', entry);
      bus.publish(entryEvent(entry));
    },
    failpoint,
    log,
  });
  bus.subscribe((event) => {
    if (event.kind !== 'entry' && event.kind !== 'internal_entry') return;
    logHop(log, 'heard on the bus', event.entry);
    writer.observe(event.entry);
  });
  const reconciliation = createReconciliation(
    db,
    { intervalMs: config.reconcileIntervalMs },
    log,
    onBug,
  );
  bus.onRecovered(() => reconciliation.now());
  const stopping = new AbortController();
  let publicUrl = config.publicUrl ?? `http://localhost:${config.port}`;
  const clock = createClock();
  const desk = createDeskState({ db, bus, clock, log, intervalMs: config.reconcileIntervalMs });
  const ctx: AppContext = {
    config,
    log,
    clock,
    db,
    store,
    writer,
    reconciliation,
    bus,
    files: createGridFileStore(link.connection),
    tokens: createTokenVerifier(config.jwt, clock),
    limits: createRateLimits(config, log),
    health: createHealth(),
    reports,
    metrics,
    failpoint,
    desk,
    publicUrl: () => publicUrl,
  };
  const mongoName = config.mongoUri ? 'MONGO_URI' : 'the embedded MongoDB';
  ctx.health.watch('mongodb', () => pingMongo(link, mongoName));
  if (config.redisUrl) ctx.health.watch('redis', () => lookAtRedis(bus.healthy));
  const ready = prepareDatabase(ctx, link, stopping.signal);
  // Told to whoever waits for it, and to nobody else.
  ready.catch(() => undefined);
  return {
    ctx,
    secrets,
    ready,
    setPublicUrl(url) {
      publicUrl = url;
    },
    async close() {
      stopping.abort();
      await writer.drained();
      writer.close();
      reconciliation.close();
      await desk.close();
      await bus.close();
      await ctx.limits.close();
      await link.close();
    },
  };
}
