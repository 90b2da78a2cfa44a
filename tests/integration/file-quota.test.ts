import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type RunningApp, startApp } from '../support/app.ts';
import { newPerson } from '../support/people.ts';
import { countedUsage, storedFiles, uploadTo } from '../support/uploads.ts';

const KIB = 1024;
let app: RunningApp;
beforeAll(async () => {
  app = await startApp({
    MAX_UPLOAD_BYTES_PER_USER: String(100 * KIB),
    MAX_UPLOAD_BYTES_PER_TICKET: String(60 * KIB),
  });
});
afterAll(() => app.stop());

const bytes = (size: number) => Buffer.alloc(size, 'x');

test('a file for which a ticket has no room is 413, says how much it may have, and leaves nothing', async () => {
  const ana = newPerson(app.url);
  const ticket = await ana.createTicket();
  expect((await uploadTo(app.url, ana.token, ticket.id, bytes(60 * KIB))).status).toBe(201);
  const before = await storedFiles(app.ctx);
  // Large enough to be refused while it is still on its way.
  for (const size of [1, 5000, 9 * KIB * KIB]) {
    const refused = await uploadTo(app.url, ana.token, ticket.id, bytes(size));
    expect(refused).toMatchObject({
      status: 413,
      body: {
        error: 'PAYLOAD_TOO_LARGE',
        message: 'the files of this ticket may have at most 61440 bytes together',
      },
    });
  }
  expect(await storedFiles(app.ctx)).toEqual(before);
});

test('what staff store, for notes or not, has a quota of its own, and a customer cannot measure it', async () => {
  const ana = newPerson(app.url);
  const kim = newPerson(app.url, 'AGENT');
  const ticket = await ana.createTicket();
  const put = (by: typeof ana, size: number) => uploadTo(app.url, by.token, ticket.id, bytes(size));
  const { body: file } = await put(kim, 60 * KIB);
  const note = { content: 'The bill', attachments: [file.id] };
  expect((await kim.call('POST', `/tickets/${ticket.id}/notes`, note)).status).toBe(201);
  expect(await put(kim, 1)).toMatchObject({
    status: 413,
    body: { message: 'the staff’s files of this ticket may have at most 61440 bytes together' },
  });
  // Uploaded before it had a ticket, it counts for the side that uploaded it all the same.
  const form = new FormData();
  form.set('file', new Blob(['x']), 'a.txt');
  const unused = await fetch(`${app.url}/api/v1/attachments`, {
    method: 'POST',
    headers: { authorization: `Bearer ${kim.token}` },
    body: form,
  });
  const { id } = (await unused.json()) as { id: string };
  const late = { content: 'and this', attachments: [id] };
  expect((await kim.call('POST', `/tickets/${ticket.id}/notes`, late)).status).toBe(413);
  // As in a ticket without a note: exactly so much, and no byte more.
  expect((await put(ana, 60 * KIB - 1)).status).toBe(201);
  expect((await put(ana, 1)).status).toBe(201);
  expect(await put(ana, 1)).toMatchObject({
    status: 413,
    body: { message: 'the files of this ticket may have at most 61440 bytes together' },
  });
  const { counted, stored } = await countedUsage(app.ctx);
  expect(stored).toEqual(counted);
  expect(stored[`ticket ${ticket.id} staff`]).toBe(60 * KIB);
});

test('a customer’s files of all tickets together have a quota, staff’s have none', async () => {
  const ana = newPerson(app.url);
  const tickets = [await ana.createTicket(), await ana.createTicket(), await ana.createTicket()];
  const put = (nth: number, token = ana.token) =>
    uploadTo(app.url, token, tickets[nth]!.id, bytes(50 * KIB));
  expect((await put(0)).status).toBe(201);
  expect((await put(1)).status).toBe(201);
  expect(await put(2)).toMatchObject({
    status: 413,
    body: { message: 'your files may have at most 102400 bytes together' },
  });
  const agent = newPerson(app.url, 'AGENT');
  const others = await Promise.all([1, 2, 3].map(() => newPerson(app.url).createTicket()));
  for (const { id } of others) {
    expect((await uploadTo(app.url, agent.token, id, bytes(50 * KIB))).status).toBe(201);
  }
});

test('of many uploads at once at most one file passes the quota, and what is counted is what is there', async () => {
  const ana = newPerson(app.url);
  const tickets = await Promise.all([1, 2, 3].map(() => ana.createTicket()));
  const answers = await Promise.all(
    Array.from({ length: 24 }, (_, nth) =>
      uploadTo(app.url, ana.token, tickets[nth % 3]!.id, bytes(20 * KIB)),
    ),
  );
  const statuses = answers.map(({ status }) => status);
  expect(new Set(statuses)).toEqual(new Set([201, 413]));
  const taken = statuses.filter((status) => status === 201).length;
  expect(taken).toBeGreaterThanOrEqual(4);
  expect(taken).toBeLessThanOrEqual(6);
  const { counted, stored } = await countedUsage(app.ctx);
  expect(stored).toEqual(counted);
  expect(stored[`user ${ana.id}`]).toBe(taken * 20 * KIB);
  const { rows, files, chunksOf } = await storedFiles(app.ctx);
  expect(files.toSorted()).toEqual(rows.map(({ _id }) => _id.toHexString()).toSorted());
  expect([...chunksOf].toSorted()).toEqual(files.toSorted());
});
