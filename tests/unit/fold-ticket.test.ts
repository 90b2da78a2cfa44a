import { expect, test } from '@jest/globals';
import { foldTicket, type Ticket, type TicketChangeEntry } from '../../src/domain/log/entry.ts';

const ticket = { id: 'a', status: 'OPEN', topic: 'A parcel', tags: ['vip'] } as unknown as Ticket;
const entryOf = (entry: object) => entry as TicketChangeEntry;

test('a public entry is the ticket, but for what is the staff’s own', () => {
  const after = { ...ticket, status: 'IN_PROGRESS', tags: [] };
  const changes = { status: ['OPEN', 'IN_PROGRESS'] };
  const folded = foldTicket(ticket, entryOf({ stream: 'public', ticket: after, changes }));
  expect(folded).toMatchObject({ status: 'IN_PROGRESS', topic: 'A parcel', tags: ['vip'] });
});

test('an internal entry changes what it names, and nothing else', () => {
  const after = { ...ticket, status: 'NEW', tags: ['vip', 'late'] };
  const changes = { tags: [['vip'], ['vip', 'late']] };
  const folded = foldTicket(ticket, entryOf({ stream: 'internal', ticket: after, changes }));
  expect(folded).toMatchObject({ status: 'OPEN', tags: ['vip', 'late'] });
});
