import type { AnyBulkWriteOperation, Collection, Document, ObjectId } from 'mongodb';
import type { AppContext } from '../../context.ts';
import { oid } from '../log/collections.ts';
import { isMissingIndex } from '../mongo-errors.ts';
import { type MigrationRun, rowsOf } from './migration-run.ts';
import { migrateEntries } from './version-2-entries.ts';
import { partnerOf, staffKey, staffRoles } from './version-2-keys.ts';
import { migrateMirrors } from './version-2-mirrors.ts';

/** Tickets migrated together; after each the place is written down. */
const TICKETS_AT_ONCE = 200;
const PROGRESS_MS = 2000;

/** The idempotency key of an entry now has the stream in it. The first version does not work without its own. */
async function replaceIndex(ctx: AppContext): Promise<void> {
  const entries = rowsOf(ctx, 'entries');
  // A database may have tickets and no entry yet, and then no collection that has indexes.
  await ctx.db.entries.createCollection();
  const found = await entries.indexes();
  const old = found.find(({ name }) => name === 'entry_client_id');
  if (old && 'stream' in old.key) return;
  if (old) {
    await entries.dropIndex('entry_client_id').catch((error: unknown) => {
      if (!isMissingIndex(error)) throw error;
    });
  }
  await entries.createIndex(
    { ticket_id: 1, stream: 1, 'author.key': 1, client_id: 1 },
    { unique: true, name: 'entry_client_id' },
  );
}

/** Files say who uploaded them by the same keys: one that is not the ticket's owner was of the staff. */
async function migrateFiles(ctx: AppContext, tickets: Document[]): Promise<void> {
  const files = ctx.db.connection.db?.collection('files.files') as Collection<Document>;
  const owners = new Map(tickets.map((ticket) => [String(ticket._id), ticket]));
  const writes: AnyBulkWriteOperation<Document>[] = [];
  const found = files.find(
    { 'metadata.ticket_id': { $in: [...owners.keys()] } },
    { projection: { metadata: 1 } },
  );
  for await (const { _id, metadata } of found) {
    const ticket = owners.get(metadata.ticket_id);
    const isStaff = ticket?.owner !== metadata.uploader || staffRoles.has(ticket?.user_role);
    const uploader = isStaff ? staffKey(metadata.uploader) : metadata.uploader;
    if (uploader === metadata.uploader) continue;
    writes.push({
      updateOne: { filter: { _id }, update: { $set: { 'metadata.uploader': uploader } } },
    });
  }
  if (writes.length > 0) await files.bulkWrite(writes, { ordered: false });
}

/** Last of all, since they say which keys the rest of the ticket had. */
async function migrateTickets(ctx: AppContext, tickets: Document[]): Promise<void> {
  await rowsOf(ctx, 'tickets').bulkWrite(
    tickets.map(({ _id, owner, user_role }) => ({
      updateOne: {
        filter: { _id },
        update: {
          $set: {
            partner: partnerOf(owner),
            owner: staffRoles.has(user_role) ? staffKey(owner) : owner,
          },
        },
      },
    })),
    { ordered: false },
  );
}

const parts = [migrateEntries, migrateFiles, migrateMirrors, migrateTickets];

/**
 * From the first version: the log knows its stream, entries of a ticket's changes say what changed,
 * staff have keys of their own, tickets their partner, closings are told apart by their entry, and
 * what no answer needs is marked.
 */
export async function migrateToVersion2(run: MigrationRun): Promise<void> {
  const { ctx } = run;
  await replaceIndex(ctx);
  const total = await rowsOf(ctx, 'tickets').estimatedDocumentCount();
  let from = run.from;
  let done = 0;
  let told = Date.now();
  for (;;) {
    run.require();
    const tickets = await rowsOf(ctx, 'tickets')
      .find(from ? { _id: { $gt: oid(from) } } : {})
      .sort({ _id: 1 })
      .limit(TICKETS_AT_ONCE)
      .toArray();
    const last = tickets.at(-1);
    if (!last) return;
    for (const part of parts) {
      ctx.failpoint('before-migration-step');
      await part(ctx, tickets);
    }
    from = (last._id as ObjectId).toHexString();
    ctx.failpoint('before-migration-step');
    await run.reached(from);
    done += tickets.length;
    if (Date.now() - told < PROGRESS_MS) continue;
    told = Date.now();
    ctx.log.info({ tickets: done, of: total }, 'migrating the database');
  }
}
