import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { CategoryView, PriorityView } from '../../src/contract/catalogue.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { newPerson, type Person } from '../support/people.ts';

let app: RunningApp;
let ana: Person;
let kim: Person;
let root: Person;
beforeAll(async () => {
  app = await startApp();
  ana = newPerson(app.url);
  kim = newPerson(app.url, 'AGENT');
  root = newPerson(app.url, 'ADMIN');
});
afterAll(() => app.stop());

const nowhere = 'f'.repeat(24);
const soon = {
  name: 'right away',
  rank: 50,
  issue_level: 'CRITICAL',
  first_response_ms: 60_000,
  resolution_ms: 3_600_000,
};

describe('priorities', () => {
  test('are there from the start, in order of rank; times are for staff', async () => {
    const { body } = await kim.call<PriorityView[]>('GET', '/priorities');
    expect(body.map(({ name, issue_level }) => [name, issue_level])).toEqual([
      ['LOW', 'NORMAL'],
      ['MEDIUM', 'NORMAL'],
      ['HIGH', 'URGENT'],
      ['URGENT', 'CRITICAL'],
    ]);
    expect(body[3]).toMatchObject({ first_response_ms: 2 * 3_600_000 });
    const [first] = (await ana.call<PriorityView[]>('GET', '/priorities')).body;
    expect(Object.keys(first as object).toSorted()).toEqual(
      ['id', 'name', 'rank', 'issue_level', 'archived'].toSorted(),
    );
  });

  test('ADMIN adds one, tickets get it; in use it keeps name and level, and is archived at last', async () => {
    for (const person of [ana, kim]) {
      expect((await person.call('POST', '/priorities', soon)).status).toBe(403);
    }
    const added = await root.call<PriorityView>('POST', '/priorities', soon);
    expect(added).toMatchObject({ status: 201, body: { name: 'RIGHT_AWAY', archived: false } });
    expect((await root.call('POST', '/priorities', soon)).status).toBe(409);
    const path = `/priorities/${added.body.id}`;
    expect((await root.call('PATCH', path, { issue_level: 'URGENT' })).status).toBe(200);
    const ticket = await ana.createTicket();
    const given = await kim.call('PUT', `/tickets/${ticket.id}/priority`, {
      priority: 'Right Away',
    });
    expect(given.body).toMatchObject({ priority: 'RIGHT_AWAY', issue_level: 'URGENT' });
    expect((await root.call('PATCH', path, { name: 'soon' })).status).toBe(409);
    expect((await root.call('PATCH', path, { issue_level: 'NORMAL' })).status).toBe(409);
    expect((await root.call('PATCH', path, { rank: 60 })).body).toMatchObject({ rank: 60 });
    expect((await root.call('DELETE', path)).status).toBe(204);
    const listed = (await kim.call<PriorityView[]>('GET', '/priorities')).body;
    expect(listed.find(({ id }) => id === added.body.id)).toMatchObject({ archived: true });
    const refused = await kim.call('PUT', `/tickets/${ticket.id}/priority`, { priority: 'LOW' });
    expect(refused.status).toBe(200);
    const again = { priority: 'RIGHT_AWAY' };
    expect((await kim.call('PUT', `/tickets/${ticket.id}/priority`, again)).status).toBe(400);
  });

  test('the last one of a level stays; what is not there is 404', async () => {
    const { body } = await kim.call<PriorityView[]>('GET', '/priorities');
    const urgent = body.find(({ name }) => name === 'URGENT') as PriorityView;
    const path = `/priorities/${urgent.id}`;
    expect((await root.call('DELETE', path)).status).toBe(409);
    expect((await root.call('PATCH', path, { archived: true })).status).toBe(409);
    expect((await root.call('PATCH', path, {})).status).toBe(400);
    for (const id of [nowhere, 'x']) {
      expect((await root.call('DELETE', `/priorities/${id}`)).status).toBe(404);
    }
  });
});

describe('categories', () => {
  test('route a new ticket that names no role; an unknown one is refused', async () => {
    const ticket = await ana.createTicket({ category: 'technical', sub_category: 'Login' });
    expect(ticket).toMatchObject({
      category: 'TECHNICAL',
      sub_category: 'Login',
      support_role: 'TECHNICAL',
    });
    expect(
      await ana.call('POST', '/tickets', {
        topic: 't',
        description: 'd',
        category: 'nothing',
      }),
    ).toMatchObject({ status: 400, body: { errors: [{ type: 'unknown_category' }] } });
    const path = `/tickets/${ticket.id}`;
    expect((await ana.call('PATCH', path, { category: 'BILLING' })).status).toBe(403);
    expect((await kim.call('PATCH', path, { category: 'Billing' })).body).toMatchObject({
      category: 'BILLING',
    });
  });

  test('ADMIN keeps them; one that no ticket has is gone, one that some have is archived', async () => {
    const body = { name: 'Returns', support_role: 'MANAGER' };
    const { body: returns } = await root.call<CategoryView>('POST', '/categories', body);
    expect(returns).toMatchObject({ name: 'RETURNS', support_role: 'MANAGER' });
    await ana.createTicket({ category: 'returns' });
    expect((await root.call('PATCH', `/categories/${returns.id}`, { name: 'x' })).status).toBe(409);
    const { body: unused } = await root.call<CategoryView>('POST', '/categories', {
      name: 'un-used',
    });
    for (const { id } of [returns, unused]) {
      expect((await kim.call('DELETE', `/categories/${id}`)).status).toBe(403);
      expect((await root.call('DELETE', `/categories/${id}`)).status).toBe(204);
    }
    const shown = (await ana.call<CategoryView[]>('GET', '/categories')).body.map(
      ({ name }) => name,
    );
    expect(shown).not.toContain('RETURNS');
    const all = (await kim.call<CategoryView[]>('GET', '/categories')).body;
    expect(all.find(({ name }) => name === 'RETURNS')).toMatchObject({ archived: true });
    expect(all.find(({ name }) => name === 'UN_USED')).toBeUndefined();
  });
});
