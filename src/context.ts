import type { Config } from './config.ts';
import type { TokenVerifier } from './domain/access/identity.ts';
import type { DeskState } from './domain/desk-state.ts';
import type { DomainEvent } from './domain/events.ts';
import type { Reconciliation } from './domain/log/reconciliation.ts';
import type { LogStore } from './domain/log/store.ts';
import type { LogWriter } from './domain/log/writer.ts';
import type { Bus } from './infra/bus-local.ts';
import type { Clock } from './infra/clock.ts';
import type { ErrorReports } from './infra/error-reports.ts';
import type { Failpoint } from './infra/failpoints.ts';
import type { FileStore } from './infra/file-store.ts';
import type { Health } from './infra/health.ts';
import type { Log } from './infra/log.ts';
import type { Metrics } from './infra/metrics.ts';
import type { RateLimits } from './infra/rate-limits.ts';
import type { Database } from './models/database.ts';

/** Everything a verb needs, as its first argument. This is all the dependency injection there is. */
export interface AppContext {
  config: Config;
  log: Log;
  clock: Clock;
  db: Database;
  /** Reads of the log by the writer's own rules. */
  store: LogStore;
  writer: LogWriter;
  reconciliation: Reconciliation;
  bus: Bus<DomainEvent>;
  files: FileStore;
  tokens: TokenVerifier;
  limits: RateLimits;
  health: Health;
  reports: ErrorReports;
  metrics: Metrics;
  failpoint: Failpoint;
  desk: DeskState;
  /** Where browsers reach this server, without a slash at the end. */
  publicUrl: () => string;
}
