import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type App, createApp } from '../../src/app.ts';
import { createTicket } from '../../src/domain/tickets/create.ts';
import { createLog } from '../../src/infra/log.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { newPerson, type Person } from '../support/people.ts';

const MOST = 5;
let app: RunningApp;
let other: App;
beforeAll(async () => {
  app = await startApp({ MAX_OPEN_TICKETS_PER_USER: String(MOST) });
  const { config } = app.ctx;
  other = createApp(config, createLog(config), config.mongoUri as string);
  await other.ready;
});
afterAll(async () => {
  await other.close();
  await app.stop();
});

const body = { topic: 'A parcel', description: 'It has not come.' };
const open = (by: Person, more: object = {}) => by.call('POST', '/tickets', { ...body, ...more });
const openOf = (by: Person) =>
  app.ctx.db.connection
    .db!.collection('tickets')
    .countDocuments({ user_id: by.id, status: 'OPEN' });

test('one open ticket more than a customer may have is 409 and says what to do', async () => {
  const ana = newPerson(app.url);
  const first = await ana.createTicket({ client_id: 'first' });
  for (let n = 1; n < MOST; n++) expect((await open(ana)).status).toBe(201);
  expect(await open(ana)).toMatchObject({
    status: 409,
    body: {
      error: 'CONFLICT',
      message: 'you have 5 open tickets already: one must be closed first',
      errors: [{ location: 'status', type: 'too_many_open' }],
    },
  });
  // One that was opened before is still answered.
  expect(await open(ana, { client_id: 'first' })).toMatchObject({
    status: 200,
    body: { id: first.id },
  });
  expect((await open(newPerson(app.url))).status).toBe(201);
  await ana.close(first.id);
  expect((await open(ana)).status).toBe(201);
  expect((await open(ana)).status).toBe(409);
});

test('staff may open as many as they like', async () => {
  const kim = newPerson(app.url, 'AGENT');
  for (let n = 0; n <= MOST; n++) expect((await open(kim)).status).toBe(201);
});

test('fifty at once on two nodes open exactly as many as are allowed, and repeats are no more', async () => {
  const ana = newPerson(app.url);
  const actor = {
    key: ana.id,
    id: ana.id,
    username: 'Ana',
    email: null,
    role: 'TEMP_USER' as const,
    origin: 'web' as const,
  };
  const nodes = [app.ctx, other.ctx];
  const tries = Array.from({ length: 50 }, (_, n) =>
    createTicket(nodes[n % 2]!, actor, { ...body, client_id: `c${n >> 1}` }).then(
      ({ ticket, repeated }) => ({ id: ticket.id, client: n >> 1, repeated }),
      (error: Error & { code: string }) => error.code,
    ),
  );
  const answers = await Promise.all(tries);
  const refused = answers.filter((answer) => typeof answer === 'string');
  const opened = answers.filter((answer) => typeof answer !== 'string');
  expect(new Set(refused)).toEqual(new Set(['CONFLICT']));
  expect(opened.filter(({ repeated }) => !repeated)).toHaveLength(MOST);
  expect(new Set(opened.map(({ id }) => id)).size).toBe(MOST);
  expect(await openOf(ana)).toBe(MOST);
  for (const { client, id } of opened) {
    const again = await createTicket(app.ctx, actor, { ...body, client_id: `c${client}` });
    expect(again).toMatchObject({ repeated: true, ticket: { id } });
  }
});
