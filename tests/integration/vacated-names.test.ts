import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { CategoryView, PriorityView } from '../../src/contract/catalogue.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { withWorker } from '../support/erasure.ts';
import { newPerson, type Person } from '../support/people.ts';

/** Two nodes, of which each keeps such lists in memory for some seconds. */
let app: RunningApp;
let other: RunningApp;
let ana: Person;
let kim: Person;
let root: Person;
beforeAll(async () => {
  app = await startApp();
  other = await startApp({ DB_NAME: app.ctx.config.dbName });
  ana = newPerson(other.url);
  kim = newPerson(other.url, 'AGENT');
  root = newPerson(app.url, 'ADMIN');
});
afterAll(async () => {
  await other.stopServer();
  await other.close();
  await app.stop();
});

const LATER = 10 * 60_000;
const list = async <T>(path: string) => (await root.call<T[]>('GET', path)).body;

test.each(['DELETE', 'PATCH'])(
  'when a category goes by %s while another node still gives it to a ticket, then it comes back archived',
  async (method) => {
    const name = `PASSING_${method}`;
    const { body } = await root.call<CategoryView>('POST', '/categories', {
      name,
      support_role: 'TECHNICAL',
    });
    const seen = async () => (await ana.call<CategoryView[]>('GET', '/categories')).body;
    await withWorker(app.ctx, async () =>
      expect((await seen()).map((one) => one.name)).toContain(name),
    );
    const change = method === 'PATCH' ? { name: `${name}_2` } : undefined;
    expect((await root.call(method, `/categories/${body.id}`, change)).status).toBeLessThan(300);
    expect(await ana.createTicket({ category: name })).toMatchObject({ category: name });
    await withWorker(
      app.ctx,
      async () => {
        const rows = await list<CategoryView>('/categories');
        expect(rows.find((one) => one.name === name)).toMatchObject({
          archived: true,
          support_role: 'TECHNICAL',
        });
      },
      { later: LATER },
    );
  },
);

test('when a priority goes while another node still gives it to a ticket, then it comes back archived', async () => {
  const row = {
    name: 'PASSING',
    rank: 15,
    issue_level: 'NORMAL',
    first_response_ms: 60_000,
    resolution_ms: 120_000,
  };
  const { body } = await root.call<PriorityView>('POST', '/priorities', row);
  const ticket = await ana.createTicket();
  await withWorker(app.ctx, async () =>
    expect((await kim.call<PriorityView[]>('GET', '/priorities')).body).toContainEqual(body),
  );
  expect((await root.call('DELETE', `/priorities/${body.id}`)).status).toBe(204);
  expect(await list('/priorities')).not.toContainEqual(expect.objectContaining({ name: row.name }));
  const path = `/tickets/${ticket.id}/priority`;
  expect((await kim.call('PUT', path, { priority: row.name })).status).toBe(200);
  await withWorker(
    app.ctx,
    async () =>
      expect(await list('/priorities')).toContainEqual(
        expect.objectContaining({ ...row, archived: true }),
      ),
    { later: LATER },
  );
});

test('a name that no ticket was given stays gone', async () => {
  const { body } = await root.call<CategoryView>('POST', '/categories', { name: 'GONE' });
  expect((await root.call('DELETE', `/categories/${body.id}`)).status).toBe(204);
  const due = app.ctx.db.connection.collection('due');
  expect(await due.countDocuments({ key: 'categories GONE' })).toBe(1);
  await withWorker(
    app.ctx,
    async () => expect(await due.countDocuments({ key: 'categories GONE' })).toBe(0),
    { later: LATER },
  );
  expect(await list('/categories')).not.toContainEqual(expect.objectContaining({ name: 'GONE' }));
});

test('when both priorities of a level go at once, by whatever call, then one stays', async () => {
  const isGiven = ({ archived, issue_level }: PriorityView) =>
    issue_level === 'CRITICAL' && !archived;
  for (const method of ['DELETE', 'PATCH', 'DELETE', 'PATCH', 'DELETE']) {
    const name = `second ${Math.random()}`.replace('.', '');
    await root.call('POST', '/priorities', {
      name,
      rank: 41,
      issue_level: 'CRITICAL',
      first_response_ms: 60_000,
      resolution_ms: 120_000,
    });
    const given = (await list<PriorityView>('/priorities')).filter(isGiven);
    const body = method === 'PATCH' ? { issue_level: 'URGENT' } : undefined;
    const answers = await Promise.all(
      given.map(({ id }) => root.call(method, `/priorities/${id}`, body)),
    );
    expect(answers.map(({ status }) => status)).toContain(409);
    expect((await list<PriorityView>('/priorities')).some(isGiven)).toBe(true);
  }
});
