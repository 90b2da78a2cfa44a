import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Types } from 'mongoose';
import type { Actor } from '../../src/domain/access/actor.ts';
import { deleteMessage, editMessage } from '../../src/domain/messages/change.ts';
import { listMessages } from '../../src/domain/messages/list.ts';
import { sendMessage } from '../../src/domain/messages/send.ts';
import { readDelivered } from '../../src/domain/mirror/delivered.ts';
import { createTicket } from '../../src/domain/tickets/create.ts';
import { readClosings } from '../../src/domain/tickets/due-closing.ts';
import { listTickets } from '../../src/domain/tickets/list.ts';
import { updateTicket } from '../../src/domain/tickets/update.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { eventually } from '../support/eventually.ts';
import { examinedBy as examinedIn } from '../support/examined.ts';

const HISTORY = 700;
/** Keys and rows MongoDB may look at for a small page, whatever came before. */
const MOST_EXAMINED = 700;

const ana: Actor = {
  key: 'ana',
  id: 'ana',
  username: 'Ana',
  email: 'ana@example.com',
  role: 'CUSTOMER',
  origin: 'web',
};
const kim: Actor = { ...ana, key: 'staff||kim', id: 'kim', username: 'Kim', role: 'AGENT' };

let app: RunningApp;
beforeAll(async () => {
  // No poll of the reconciliation falls into what is counted.
  app = await startApp({ SWEEP_INTERVAL_MS: '600000' });
});
afterAll(() => app.stop());

const openTicket = async () =>
  (await createTicket(app.ctx, ana, { topic: 'T', description: 'D' })).ticket.id;
const say = async (ticketId: string, content: string) =>
  (await sendMessage(app.ctx, ana, ticketId, { content })).message.id;

const examinedBy = (work: () => Promise<unknown>) => examinedIn(app.ctx, work);

async function expectFlat(ticketId: string): Promise<void> {
  const pages = [{ after: 0, limit: 1 }, { limit: 1 }, { limit: 1, before: HISTORY }];
  for (const query of pages) {
    const cost = await examinedBy(() => listMessages(app.ctx, ana, ticketId, query));
    expect(cost.examined).toBeLessThanOrEqual(MOST_EXAMINED);
    // The head, the ticket, the map; the entries with their changes, and what is above the head.
    expect(cost.commands).toBeLessThanOrEqual(5);
  }
}

/** The marks follow the change on their own. */
const marksSettled = (ticketId: string, bitmap: 'superseded' | 'hidden', count: number) =>
  eventually(async () => {
    const rows = await app.ctx.db.visibility.collection.find().toArray();
    const own = rows.filter(
      ({ _id }) => String((_id as never as { ticket: unknown }).ticket) === ticketId,
    );
    const words = own.flatMap((row) => Object.values<number>(row[bitmap] ?? {}));
    const bits = words.reduce(
      (all, word) => all + (word >>> 0).toString(2).replaceAll('0', '').length,
      0,
    );
    expect(bits).toBeGreaterThanOrEqual(count);
  });

test('when a message was edited hundreds of times, then a page costs what any page costs', async () => {
  const ticketId = await openTicket();
  const id = await say(ticketId, 'first');
  for (let i = 0; i < HISTORY; i++) {
    await editMessage(app.ctx, ana, ticketId, id, { content: `edit ${i}` });
  }
  await marksSettled(ticketId, 'superseded', HISTORY);
  await expectFlat(ticketId);
  const { messages, more } = await listMessages(app.ctx, ana, ticketId, { after: 0, limit: 1 });
  expect(messages).toMatchObject([{ id, content: `edit ${HISTORY - 1}`, rev: HISTORY + 1 }]);
  expect(more).toBe(false);
  const edit = await examinedBy(() =>
    editMessage(app.ctx, ana, ticketId, id, { content: 'one more' }),
  );
  expect(edit.examined).toBeLessThanOrEqual(50);
}, 120_000);

test('when hundreds of messages were deleted and changes of the ticket made, then a page costs the same', async () => {
  const ticketId = await openTicket();
  const kept = await say(ticketId, 'kept');
  for (let i = 0; i < HISTORY / 2; i++) {
    await deleteMessage(app.ctx, ana, ticketId, await say(ticketId, `regret ${i}`));
    await updateTicket(app.ctx, kim, ticketId, { topic: `Topic ${i}` });
  }
  await marksSettled(ticketId, 'hidden', HISTORY);
  await expectFlat(ticketId);
  const { messages } = await listMessages(app.ctx, ana, ticketId, { limit: 1 });
  expect(messages.map(({ id }) => id)).toEqual([kept]);
}, 120_000);

test('when the marks are lost, then the answer is the same, and readers set them again', async () => {
  const ticketId = await openTicket();
  const ids: string[] = [];
  for (let i = 0; i < 120; i++) ids.push(await say(ticketId, `m${i}`));
  for (const [i, id] of ids.entries()) {
    if (i % 2) await editMessage(app.ctx, ana, ticketId, id, { content: `e${i}` });
    else await deleteMessage(app.ctx, ana, ticketId, id);
  }
  const read = async () => [
    await listMessages(app.ctx, ana, ticketId, { after: 0, limit: 7 }),
    await listMessages(app.ctx, ana, ticketId, { limit: 7 }),
    await listMessages(app.ctx, ana, ticketId, { after: 130, limit: 50 }),
    await listMessages(app.ctx, ana, ticketId, { before: 61, limit: 50 }),
  ];
  const before = await read();
  await app.ctx.db.visibility.collection.deleteMany({});
  expect(await read()).toEqual(before);
  await marksSettled(ticketId, 'superseded', 100);
  expect(await read()).toEqual(before);
}, 120_000);

test('when a message is edited to what it says already, then nothing is appended', async () => {
  const ticketId = await openTicket();
  const id = await say(ticketId, 'same');
  const edited = await editMessage(app.ctx, ana, ticketId, id, { content: 'same' });
  expect(edited).toMatchObject({ rev: 1, edited: false });
  const { head } = await listMessages(app.ctx, ana, ticketId, {});
  expect(head).toBe(1);
});

test('when tickets are listed by any fields, then no more is looked at than the list has', async () => {
  const { db } = app.ctx;
  const states = [
    { status: 'OPEN', support_role: 'GENERAL', issue_level: 'URGENT' },
    { status: 'CLOSED', support_role: 'TECHNICAL', issue_level: 'NORMAL' },
  ];
  const row = await db.tickets.collection.findOne({ _id: new Types.ObjectId(await openTicket()) });
  await db.tickets.collection.insertMany(
    Array.from({ length: HISTORY }, (_, n) => ({
      ...row,
      ...states[n % 2],
      _id: new Types.ObjectId(),
      number: 10_000 + n,
      client_id: `listed-${n}`,
    })),
  );
  // Each of the two is common, both together are what no ticket is.
  const queries = [
    { status: 'CLOSED', support_role: 'GENERAL' },
    { issue_level: 'URGENT', support_role: 'TECHNICAL' },
    { status: 'OPEN', issue_level: 'URGENT', support_role: 'TECHNICAL' },
  ] as const;
  for (const actor of [ana, kim]) {
    for (const query of queries) {
      const cost = await examinedBy(() => listTickets(app.ctx, actor, query));
      expect(cost.examined).toBeLessThanOrEqual(20);
    }
    const { tickets } = await listTickets(app.ctx, actor, { issue_level: 'URGENT', limit: 7 });
    const expected = await db.tickets.collection
      .find({ issue_level: 'URGENT' })
      .sort({ _id: -1 })
      .limit(7)
      .toArray();
    expect(tickets.map(({ id }) => id)).toEqual(expected.map(({ _id }) => String(_id)));
  }
}, 120_000);

test('clients that come back at once share the looks beside the log', async () => {
  const ids = Array.from({ length: 50 }, () => new Types.ObjectId().toHexString());
  const looks: Record<string, (id: string) => Promise<unknown>> = {
    due: (id: string) => readClosings(app.ctx, [id]),
    mirrors: (id: string) => readDelivered(app.ctx, id),
  };
  for (const [collection, look] of Object.entries(looks)) {
    const readAll = () => Promise.all(ids.map(look));
    const { commands } = await examinedIn(app.ctx, readAll, new RegExp(`\\.${collection}$`));
    expect(commands).toBe(1);
  }
});
