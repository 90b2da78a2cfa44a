import { expect } from '@jest/globals';
import { Types } from 'mongoose';
import type { AppContext } from '../../src/context.ts';
import { entryRows } from '../../src/domain/log/collections.ts';
import type { EntryRow } from '../../src/models/entry.ts';

/** The log of a ticket as it is stored. */
function entriesOf(ctx: AppContext, ticketId: string): Promise<EntryRow[]> {
  const place = { ticket_id: Types.ObjectId.createFromHexString(ticketId) };
  return entryRows(ctx.db).find(place).sort({ seq: 1 }).toArray() as never;
}

export const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1);

/** The log of a ticket: no hole, no double, nothing after the closing, no change after a deletion. */
export async function expectSoundLog(ctx: AppContext, ticketId: string): Promise<EntryRow[]> {
  const rows = await entriesOf(ctx, ticketId);
  expect(rows.map(({ seq }) => seq)).toEqual(upTo(rows.length));
  const closing = rows.findIndex((row) => row.type === 'ticket_change' && row.action === 'closed');
  if (closing >= 0) expect(closing).toBe(rows.length - 1);
  const deleted = new Set<string>();
  for (const row of rows) {
    if (row.type !== 'edit' && row.type !== 'delete') continue;
    expect(deleted).not.toContain(row.of.id.toHexString());
    if (row.type === 'delete') deleted.add(row.of.id.toHexString());
  }
  return rows;
}
