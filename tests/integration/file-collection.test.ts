import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ObjectId } from 'mongodb';
import type { AppContext } from '../../src/context.ts';
import type { FileView } from '../../src/contract/messages.ts';
import type { TicketView } from '../../src/contract/tickets.ts';
import { adoptFiles } from '../../src/domain/files/adopt.ts';
import { collectFiles } from '../../src/domain/files/collect.ts';
import { storeFile } from '../../src/domain/files/upload.ts';
import { fileView } from '../../src/domain/links.ts';
import { editMessage } from '../../src/domain/messages/change.ts';
import { sendMessage } from '../../src/domain/messages/send.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { newPerson, type Person } from '../support/people.ts';
import { countedUsage, laterBy, storedFiles, uploadTo } from '../support/uploads.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
let app: RunningApp;
let ctx: AppContext;
let ana: Person;
let ticket: TicketView;
beforeAll(async () => {
  app = await startApp();
  ctx = app.ctx;
  ana = newPerson(app.url);
  ticket = await ana.createTicket();
});
afterAll(() => app.stop());

async function upload(text = 'hello', as = ana): Promise<FileView> {
  return (await uploadTo(app.url, as.token, ticket.id, text, 'a.txt')).body;
}
const statusOf = async ({ url }: FileView) => (await fetch(url)).status;
const send = async (...files: FileView[]) =>
  (await ana.send(ticket.id, 'see', { attachments: files.map(({ id }) => id) })).body;
const path = (id: string) => `/tickets/${ticket.id}/messages/${id}`;

/** Rounds of the collector until nothing more is due at a time. */
async function collect(ms: number): Promise<number> {
  const later = laterBy(ctx, ms);
  let removed = 0;
  for (let more = true; more; ) {
    const round = await collectFiles(later, 5);
    removed += round.removed;
    more = round.more;
  }
  return removed;
}

async function isStored({ id }: FileView): Promise<boolean> {
  const { rows, files, chunksOf } = await storedFiles(ctx);
  const places = [rows.some(({ _id }) => _id.toHexString() === id), files.includes(id)];
  places.push(chunksOf.has(id));
  expect(new Set(places).size).toBe(1);
  return places[0] as boolean;
}

async function expectExactUsage(): Promise<void> {
  const { counted, stored } = await countedUsage(ctx);
  expect(stored).toEqual(counted);
}

test('an upload not named for a day is removed and gives its bytes back; one that is named stays', async () => {
  const [lone, named] = [await upload(), await upload()];
  await send(named);
  expect(await collect(DAY - MINUTE)).toBe(0);
  expect(await statusOf(lone)).toBe(200);
  await collect(DAY + MINUTE);
  expect([await isStored(lone), await isStored(named)]).toEqual([false, true]);
  expect([await statusOf(lone), await statusOf(named)]).toEqual([404, 200]);
  expect(await ana.send(ticket.id, 'late', { attachments: [lone.id] })).toMatchObject({
    status: 400,
    body: { errors: [{ location: 'attachments.0', type: 'unknown_file' }] },
  });
  // Looked at once: it is never due again.
  expect(await collect(400 * DAY)).toBe(0);
  await expectExactUsage();
});

test('a deleted message’s links die at once and its bytes go; the log names them still', async () => {
  const file = await upload();
  const message = await send(file);
  expect(await statusOf(file)).toBe(200);
  expect((await ana.call('DELETE', path(message.id))).status).toBe(200);
  expect(await statusOf(file)).toBe(404);
  expect(await collect(0)).toBe(1);
  expect(await isStored(file)).toBe(false);
  await expectExactUsage();
});

test('a file that was settled long ago goes with its message as well', async () => {
  const file = await upload();
  const message = await send(file);
  await collect(2 * DAY);
  await ana.call('DELETE', path(message.id));
  expect(await statusOf(file)).toBe(404);
  expect(await collect(0)).toBe(1);
  expect(await isStored(file)).toBe(false);
});

test('a file of two messages goes with the second of them', async () => {
  const file = await upload();
  const [first, second] = [await send(file), await send(file)];
  await ana.call('DELETE', path(first.id));
  expect(await statusOf(file)).toBe(200);
  await collect(2 * DAY);
  expect(await statusOf(file)).toBe(200);
  await ana.call('DELETE', path(second.id));
  expect(await statusOf(file)).toBe(404);
  await collect(0);
  expect(await isStored(file)).toBe(false);
});

test('a file is in at most 20 messages', async () => {
  const file = await upload();
  for (let n = 0; n < 20; n++) await send(file);
  expect(await ana.send(ticket.id, 'x', { attachments: [file.id] })).toMatchObject({
    status: 400,
    body: { errors: [{ location: 'attachments.0', type: 'unusable_file' }] },
  });
});

test('a repeated send keeps the file of the message it stands for', async () => {
  const file = await upload();
  const body = { attachments: [file.id], client_id: 'twice' };
  const answers = [await ana.send(ticket.id, 'x', body), await ana.send(ticket.id, 'x', body)];
  expect(answers.map(({ status }) => status)).toEqual([201, 200]);
  await collect(2 * DAY);
  expect(await statusOf(file)).toBe(200);
});

test('a send that is refused leaves its file unattached', async () => {
  const file = await upload();
  const taken = 'taken';
  await ana.send(ticket.id, 'first', { client_id: taken });
  const refused = await ana.send(ticket.id, 'other', { client_id: taken, attachments: [file.id] });
  expect(refused.status).toBe(409);
  await collect(2 * DAY);
  expect(await isStored(file)).toBe(false);
});

test('an edit that was refused changes nothing for the file', async () => {
  const file = await upload();
  const message = await send(file);
  const kim = newPerson(app.url, 'AGENT');
  expect((await kim.call('PATCH', path(message.id), { content: 'mine' })).status).toBe(403);
  await ana.call('PATCH', path(message.id), { content: 'still' });
  await collect(2 * DAY);
  expect(await statusOf(file)).toBe(200);
});

test('files that a door has stored itself stay with their message, and go when an edit drops them', async () => {
  const by = {
    key: ana.id,
    id: ana.id,
    username: 'Ana',
    email: null,
    role: 'TEMP_USER' as const,
    origin: 'web' as const,
  };
  const store = () => storeFile(ctx, by, ticket.id, 'a.txt', Readable.from([Buffer.from('x')]));
  const [first, second] = [await store(), await store()];
  const { message } = await sendMessage(ctx, by, ticket.id, { content: 'x', files: [first] });
  await editMessage(ctx, by, ticket.id, message.id, { content: 'x', files: [first, second] });
  await collect(2 * DAY);
  const statuses = () => Promise.all([first, second].map((file) => statusOf(fileView(ctx, file))));
  expect(await statuses()).toEqual([200, 200]);
  await editMessage(ctx, by, ticket.id, message.id, { content: 'x', files: [second] });
  expect(await statuses()).toEqual([404, 200]);
  await collect(0);
  const { files } = await storedFiles(ctx);
  expect([files.includes(first.id), files.includes(second.id)]).toEqual([false, true]);
});

test('links of a closed ticket keep their hour', async () => {
  const closing = await ana.createTicket();
  const { body } = await uploadTo(app.url, ana.token, closing.id, 'x');
  await ana.send(closing.id, 'x', { attachments: [body.id] });
  await ana.close(closing.id);
  await collect(2 * DAY);
  expect(await statusOf(body)).toBe(200);
});

test('a round is bounded, and a file that cannot be collected holds up no other', async () => {
  const files = [await upload(), await upload(), await upload()];
  const broken: AppContext = {
    ...laterBy(ctx, 2 * DAY),
    files: {
      ...ctx.files,
      remove: (id) =>
        id === files[0]!.id ? Promise.reject(new Error('no')) : ctx.files.remove(id),
    },
  };
  const round = await collectFiles(broken, 2);
  expect(round).toEqual({ removed: 1, more: true });
  while ((await collectFiles(broken, 2)).more);
  expect([await isStored(files[1]!), await isStored(files[2]!)]).toEqual([false, false]);
  await collect(3 * DAY);
  expect(await isStored(files[0]!)).toBe(false);
});

describe('files of an earlier version', () => {
  const actor = () => ({
    key: ana.id,
    id: ana.id,
    username: 'Ana',
    email: 'a@example.com',
    role: 'TEMP_USER' as const,
    origin: 'web' as const,
  });
  /** As if the row had never been written. */
  async function forget(...files: { id: string; size: number }[]) {
    for (const { id, size } of files) {
      const { storedFiles: rows, usage } = ctx.db;
      await rows.collection.deleteOne({ _id: new rows.base.Types.ObjectId(id) });
      await usage.collection.updateMany(
        { _id: { $in: [`user ${ana.id}`, `ticket ${ticket.id}`] as never[] } },
        { $inc: { bytes: -size } },
      );
    }
  }

  test('are counted and collected as the log says, and bytes nobody can name go', async () => {
    const [lone, named, deleted] = [await upload('1'), await upload('22'), await upload('333')];
    await send(named);
    const message = await send(deleted);
    await ana.call('DELETE', path(message.id));
    await forget(lone, named, deleted);
    const old = ObjectId.createFromTime(1_700_000_000);
    await ctx.db.connection.db!.collection('files.chunks').insertOne({
      files_id: old,
      n: 0,
      data: Buffer.from('left of an upload'),
    });
    let after: string | undefined;
    do after = await adoptFiles(ctx, after, 2);
    while (after);
    await expectExactUsage();
    expect((await storedFiles(ctx)).chunksOf.has(old.toHexString())).toBe(false);
    expect(await statusOf(deleted)).toBe(404);
    await collect(2 * DAY);
    expect([await isStored(lone), await isStored(named), await isStored(deleted)]).toEqual([
      false,
      true,
      false,
    ]);
    await expectExactUsage();
  });

  test('may still be named, shown and deleted before they are counted', async () => {
    const file = await storeFile(
      ctx,
      actor(),
      ticket.id,
      'a.txt',
      Readable.from([Buffer.from('x')]),
    );
    await forget(file);
    const sent = await ana.send(ticket.id, 'x', { attachments: [file.id] });
    expect(sent.status).toBe(201);
    await forget(file);
    expect(await statusOf(sent.body.files[0]!)).toBe(200);
    await forget(file);
    await ana.call('DELETE', path(sent.body.id));
    expect(await statusOf(sent.body.files[0]!)).toBe(404);
    await collect(0);
    await expectExactUsage();
  });
});
