import type { Collection, Document } from 'mongodb';
import type { AppContext } from '../../context.ts';
import { native } from '../log/collections.ts';

/** What one step of a migration is given. */
export interface MigrationRun {
  ctx: AppContext;
  /** The last ticket finished with before a kill; null to begin with the first. */
  from: string | null;
  /** @throws LeaseLost where another process may have taken over */
  require(): void;
  /** Writes down that all tickets up to this one are done. */
  reached(ticketId: string): Promise<void>;
}

/** A collection whose rows are of either version. */
export function rowsOf(
  ctx: AppContext,
  name: 'entries' | 'tickets' | 'mirrors',
): Collection<Document> {
  return native(ctx.db[name] as never) as unknown as Collection<Document>;
}
