import { describe, expect, test } from '@jest/globals';
import { Timestamp } from 'mongodb';
import { Types } from 'mongoose';
import { type Entry, foldMessage, foldRow, toEntry, toTicket } from '../../src/domain/log/entry.ts';
import type { EntryRow } from '../../src/models/entry.ts';
import { newTicketFields, type TicketRow, ticketSchema } from '../../src/models/ticket.ts';

const stored = new Timestamp({ t: 1, i: 1 });
const author = { key: 'user:ana', id: 'ana', name: 'Ana', role: 'CUSTOMER' } as const;
const ticketId = new Types.ObjectId();
const place = { _id: new Types.ObjectId(), ticket_id: ticketId, stream: 'public', seq: 7 } as const;
const made = { ...place, stored, at: 1000, owner: author.key, author, client_id: 'c-1' };
const file = { id: 'f', name: 'a.png', type: 'image/png', size: 3 };
const target = { id: new Types.ObjectId(), seq: 2, at: 500, author, client_id: 'c-0' };
const of = { ...target, origin: 'web', reply_to: new Types.ObjectId() } as const;

describe('a row of an entry as a message', () => {
  test.each([
    ['a plain message', { type: 'message', content: 'hello' }],
    [
      'an answer with a file',
      { type: 'message', content: '', files: [file], reply_to: new Types.ObjectId(), request: 'r' },
    ],
    ['an edit', { type: 'edit', content: 'better', files: [file], of }],
    ['a deletion', { type: 'delete', content: '', files: [], of }],
    ['a reaction', { type: 'react', content: 'x', files: [], edited_at: 900, of }],
  ])('is what the entry is: %s', (_, own) => {
    const row = { ...made, origin: 'web', ...own } as EntryRow;
    const entry = toEntry(row) as Exclude<Entry, { type: 'ticket_change' }>;
    expect(foldRow(row, ticketId.toHexString())).toEqual(foldMessage(entry));
  });

  test('is none where it changes the ticket', () => {
    const row = { ...made, type: 'ticket_change', action: 'closed' } as unknown as EntryRow;
    expect(foldRow(row, ticketId.toHexString())).toBeUndefined();
  });
});

describe('a row of a ticket', () => {
  const _id = new Types.ObjectId();
  /** A value of its own for each field that there is. */
  const names = Object.keys(ticketSchema.paths).filter((name) => !['_id', 'stored'].includes(name));
  const fields = Object.fromEntries(names.map((name) => [name, `the ${name}`]));

  test('loses none of its fields, and shows none of the database', () => {
    const row = { _id, stored, ...fields } as unknown as TicketRow;
    expect(names.length).toBeGreaterThan(45);
    expect(toTicket(row)).toStrictEqual({ id: _id.toHexString(), ...fields });
  });

  test('of an earlier version has what came later, and nothing made up', () => {
    const before = {
      issue_level: 'URGENT',
      created_at: 5,
      status: 'CLOSED',
      status_seq: 3,
    } as const;
    const old = { ...before, closed_at: 9 };
    const ticket = toTicket({ _id, stored, ...old } as unknown as TicketRow);
    expect(ticket).toEqual({ id: _id.toHexString(), ...old, ...newTicketFields(old) });
    for (const name of ['moved_seq', 'sla_state', 'sla_due_at', '_id', 'stored']) {
      expect(ticket).not.toHaveProperty(name);
    }
  });
});
