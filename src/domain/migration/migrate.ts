import { randomUUID } from 'node:crypto';
import type { AppContext } from '../../context.ts';
import type { MetaRow } from '../../models/meta.ts';
import { holdLease } from '../consumers/lease.ts';
import { majority, native } from '../log/collections.ts';
import { isDuplicateKey } from '../mongo-errors.ts';
import type { MigrationRun } from './migration-run.ts';
import { migrateToVersion2 } from './version-2.ts';
import { migrateToVersion3 } from './version-3.ts';

/** The form in which this program stores rows. */
export const SCHEMA_VERSION = 3;

const SCHEMA = 'schema';
const lease = { name: 'migration', times: { ttlMs: 30_000, renewIntervalMs: 5000 } };

/** The database was written by a newer program, whose rows this one would misread. */
export class NewerDatabase extends Error {
  constructor(found: number) {
    super(
      `the database is of version ${found}, this program knows up to ${SCHEMA_VERSION}: start the newer one`,
    );
    this.name = 'NewerDatabase';
  }
}

/** Steps by the version they lead to. Each may be killed anywhere, and repeated. */
const steps = new Map<number, (run: MigrationRun) => Promise<void>>([
  [2, migrateToVersion2],
  [3, migrateToVersion3],
]);

async function readVersion(ctx: AppContext): Promise<MetaRow> {
  const known = await native(ctx.db.meta).findOne({ _id: SCHEMA }, { readConcern: majority });
  if (known) return known as MetaRow;
  const isNew = (await native(ctx.db.tickets).findOne({}, { projection: { _id: 1 } })) === null;
  const made: MetaRow = { _id: SCHEMA, version: isNew ? SCHEMA_VERSION : 1, migrated_to: null };
  await native(ctx.db.meta)
    .insertOne(made as never)
    .catch((error: unknown) => {
      if (!isDuplicateKey(error)) throw error;
    });
  return made;
}

/**
 * Brings the rows of the database into this program's form: under a lease, one process at a time, while
 * the others wait; killed at any point, the next one goes on from there.
 * @throws NewerDatabase where the rows are of a newer program
 */
export async function migrateDatabase(ctx: AppContext, stop: AbortSignal): Promise<void> {
  let { version } = await readVersion(ctx);
  if (version > SCHEMA_VERSION) throw new NewerDatabase(version);
  if (version === SCHEMA_VERSION) return;
  ctx.health.set('schema', 'down', 'waiting for the migration of the database');
  const held = await holdLease(ctx, lease.name, randomUUID(), lease.times, stop);
  if (!held) return;
  try {
    while (version < SCHEMA_VERSION) {
      // Another process may have gone on meanwhile.
      const row = await readVersion(ctx);
      version = row.version;
      const next = version + 1;
      const step = steps.get(next);
      if (version > SCHEMA_VERSION) throw new NewerDatabase(version);
      if (version === SCHEMA_VERSION || !step) break;
      ctx.health.set('schema', 'down', `migrating the database to version ${next}`);
      ctx.log.info({ version: next, from: row.migrated_to }, 'migrating the database');
      const write = (change: Partial<MetaRow>) =>
        native(ctx.db.meta).updateOne({ _id: SCHEMA, version }, { $set: change });
      await step({
        ctx,
        from: row.migrated_to,
        require: () => held.require(),
        async reached(ticketId) {
          await write({ migrated_to: ticketId });
        },
      });
      held.require();
      await write({ version: next, migrated_to: null });
      ctx.log.info({ version: next }, 'the database is migrated');
      version = next;
    }
  } finally {
    await held.release();
  }
  ctx.health.set('schema', 'ok');
}
