import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { MessageView } from '../../src/contract/messages.ts';
import { collectFiles } from '../../src/domain/files/collect.ts';
import type { FailpointName } from '../../src/infra/failpoints.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { eventually } from '../support/eventually.ts';
import { newPerson, type Person, personAt } from '../support/people.ts';
import { spawnServer } from '../support/server-process.ts';
import { countedUsage, laterBy, storedFiles, uploadTo } from '../support/uploads.ts';

const DAY = 24 * 60 * 60_000;
let app: RunningApp;
let ana: Person;
let ticketId: string;
beforeAll(async () => {
  app = await startApp();
  ana = newPerson(app.url);
  ticketId = (await ana.createTicket()).id;
});
afterAll(() => app.stop());

/** Runs a second process on the same data until it kills itself at a point. */
async function dieAt(point: FailpointName, act: (url: string) => Promise<unknown>): Promise<void> {
  const { dbName } = app.ctx.config;
  const server = spawnServer({ DB_NAME: dbName, ROLES: 'server,bot', DESKCORD_FAILPOINT: point });
  try {
    const url = await server.listening;
    await eventually(async () => expect((await fetch(`${url}/readyz`)).status).toBe(200), {
      timeout: 20_000,
      every: 200,
    });
    const answer = await act(url).catch(() => undefined);
    // An answer means that the point was never passed.
    expect([point, answer]).toEqual([point, undefined]);
    expect(await server.exited).toBe('SIGKILL');
  } finally {
    await server.kill();
  }
}

const upload = (url: string, text = 'x'.repeat(300_000)) =>
  uploadTo(url, ana.token, ticketId, text, 'a.txt');
const at = (url: string) => personAt(url, ana.token);

async function expectExact(): Promise<void> {
  const { counted, stored } = await countedUsage(app.ctx);
  expect(stored).toEqual(counted);
}

/** After the collector everything that is left belongs together, and `ids` are what is left. */
async function expectLeft(ids: string[]): Promise<void> {
  while ((await collectFiles(laterBy(app.ctx, 2 * DAY), 10)).more);
  const { rows, files, chunksOf } = await storedFiles(app.ctx);
  expect(rows.map(({ _id }) => _id.toHexString()).toSorted()).toEqual(ids.toSorted());
  expect(files.toSorted()).toEqual(ids.toSorted());
  expect([...chunksOf].toSorted()).toEqual(ids.toSorted());
  await expectExact();
}

test.each(['after-reserve', 'after-bytes'] as const)(
  'when a process is killed %s of an upload, then no byte and no quota is lost or doubled',
  async (point) => {
    await dieAt(point, upload);
    await expectExact();
    await expectLeft([]);
  },
);

test('when it is killed between a claim and its message, then the file is free again', async () => {
  const { body } = await upload(app.url);
  await dieAt('after-claim', (url) => at(url).send(ticketId, 'x', { attachments: [body.id] }));
  await expectExact();
  await expectLeft([]);
});

test('when it is killed after its message is stored, then the file stays', async () => {
  const { body } = await upload(app.url);
  await dieAt('after-insert', (url) => at(url).send(ticketId, 'x', { attachments: [body.id] }));
  await expectLeft([body.id]);
  const [message] = (await ana.list(ticketId)).body as [MessageView];
  expect((await fetch(message.files[0]!.url)).status).toBe(200);
  await ana.call('DELETE', `/tickets/${ticketId}/messages/${message.id}`);
  await expectLeft([]);
});

test('when it is killed in the middle of a deletion, then links are dead if the log has it', async () => {
  const { body: file } = await upload(app.url);
  const sent = (await ana.send(ticketId, 'x', { attachments: [file.id] })).body;
  const path = `/tickets/${ticketId}/messages/${sent.id}`;
  await dieAt('before-insert', (url) => at(url).call('DELETE', path));
  expect((await fetch(file.url)).status).toBe(200);
  await dieAt('before-file-drop', (url) => at(url).call('DELETE', path));
  expect((await fetch(file.url)).status).toBe(404);
  await expectLeft([]);
}, 90_000);

test('workers killed at each step of a removal are followed by one that ends it', async () => {
  const { body: file } = await upload(app.url);
  const sent = (await ana.send(ticketId, 'x', { attachments: [file.id] })).body;
  await ana.call('DELETE', `/tickets/${ticketId}/messages/${sent.id}`);
  const { dbName } = app.ctx.config;
  const worker = (point?: FailpointName) =>
    spawnServer({ DB_NAME: dbName, ROLES: 'server,bot,worker', DESKCORD_FAILPOINT: point });
  for (const point of ['before-file-removal', 'after-file-removal'] as const) {
    const doomed = worker(point);
    const code = await Promise.race([doomed.exited, sleep(40_000, '', { ref: false })]);
    expect([code, code ? '' : doomed.output()]).toEqual(['SIGKILL', '']);
    await expectExact();
    // Its lease would end by itself, later.
    await app.ctx.db.leases.collection.updateMany({}, { $set: { until: 0 } });
    await app.ctx.db.due.collection.updateMany({}, { $set: { at: 0 } });
  }
  const last = worker();
  try {
    await eventually(async () => expect((await storedFiles(app.ctx)).rows).toEqual([]), {
      timeout: 30_000,
      every: 200,
    });
    await expectLeft([]);
  } finally {
    await last.kill();
  }
}, 120_000);
