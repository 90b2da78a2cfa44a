import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ticketRow } from '../../bench/subjects/deskcord.ts';
import { listOpenHeads } from '../../src/domain/log/heads.ts';
import type { TicketRow } from '../../src/models/ticket.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { examinedBy } from '../support/examined.ts';
import { newPerson, type Person } from '../support/people.ts';

let app: RunningApp;
beforeAll(async () => {
  // No poll of the reconciliation falls into what is counted.
  app = await startApp({ SWEEP_INTERVAL_MS: '600000' });
});
afterAll(() => app.stop());

const statuses = ['OPEN', 'IN_PROGRESS', 'WAITING', 'CLOSED'] as const;
let number = 1_000_000;

async function seed(owner: string, count: number): Promise<TicketRow[]> {
  const rows = Array.from({ length: count }, (_, index) =>
    ticketRow(owner, ++number, {
      status: statuses[index % 4] ?? 'OPEN',
    }),
  );
  await app.ctx.db.tickets.collection.insertMany(rows as never);
  return rows;
}

/** Ids of the newest open ones, newest first. */
function newestOpen(rows: TicketRow[], limit: number): string[] {
  const open = rows.filter(({ status }) => status !== 'CLOSED');
  return open
    .map(({ _id }) => _id.toHexString())
    .toSorted()
    .toReversed()
    .slice(0, limit);
}

const headsOf = async (owners: string[], limit: number) =>
  new Map(
    [...(await listOpenHeads(app.ctx.db, owners, limit))].map(([owner, heads]) => [
      owner,
      [...heads.keys()],
    ]),
  );

test('several who come at once each get the heads of their newest open tickets', async () => {
  const few = await seed('few', 6);
  const many = await seed('many', 30);
  const owners = ['few', 'nobody', 'many'];
  const found = await headsOf(owners, 5);
  expect(found.get('few')).toEqual(newestOpen(few, 5));
  expect(found.get('many')).toEqual(newestOpen(many, 5));
  expect(found.get('nobody')).toEqual([]);
  for (const owner of owners)
    expect((await headsOf([owner], 5)).get(owner)).toEqual(found.get(owner));
});

test('they are the heads of their logs, and no others', async () => {
  const people = [newPerson(app.url), newPerson(app.url)] as [Person, Person];
  const [one, two] = await Promise.all(people.map((person) => person.createTicket()));
  for (const content of ['a', 'b', 'c']) await people[0].send(one?.id ?? '', content);
  const keys = await Promise.all(
    [one, two].map(async (ticket) => {
      const row = await app.ctx.db.tickets.findById(ticket?.id).lean();
      return row?.owner as string;
    }),
  );
  const heads = await listOpenHeads(app.ctx.db, keys, 100);
  expect(heads.get(keys[0] as string)?.get(one?.id ?? '')).toMatchObject({ seq: 3 });
  expect(heads.get(keys[1] as string)?.get(two?.id ?? '')).toMatchObject({ seq: 0 });
});

test('where they have too many tickets to ask for all, nobody is left out', async () => {
  const crowded = await seed('crowded', 3600);
  const beside = await seed('beside', 8);
  const found = await headsOf(['crowded', 'beside'], 100);
  expect(found.get('crowded')).toEqual(newestOpen(crowded, 100));
  expect(found.get('beside')).toEqual(newestOpen(beside, 100));
});

test('asked together, their tickets are found by keys alone', async () => {
  const owners = Array.from({ length: 50 }, (_, index) => `one of ${index}`);
  for (const owner of owners) await seed(owner, 4);
  const examined = await examinedBy(
    app.ctx,
    () => listOpenHeads(app.ctx.db, owners, 100),
    /\.tickets$/,
  );
  expect(examined).toMatchObject({ rows: 0, commands: 1 });
});
