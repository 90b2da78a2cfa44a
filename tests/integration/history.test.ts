import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { HistoryView } from '../../src/contract/ticket-history.ts';
import type { Actor } from '../../src/domain/access/actor.ts';
import { sendMessage } from '../../src/domain/messages/send.ts';
import { claimTicket } from '../../src/domain/tickets/assign.ts';
import { listHistory } from '../../src/domain/tickets/history.ts';
import { updateTicket } from '../../src/domain/tickets/update.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { examinedBy } from '../support/examined.ts';
import { newPerson, type Person } from '../support/people.ts';

const DISCORD_ID = '811111111111111111';
const member: Actor = {
  key: `staff|discord|${DISCORD_ID}`,
  id: DISCORD_ID,
  username: 'Dee',
  email: null,
  role: 'AGENT',
  origin: 'discord',
};

let app: RunningApp;
let ana: Person;
let kim: Person;

beforeAll(async () => {
  app = await startApp();
  ana = newPerson(app.url, 'CUSTOMER', { username: 'Ana' });
  kim = newPerson(app.url, 'AGENT', { username: 'Kim' });
});
afterAll(() => app.stop());

const historyOf = async (person: Person, ticketId: string, query = '') => {
  const answer = await person.call<HistoryView>('GET', `/tickets/${ticketId}/history${query}`);
  expect(answer.status).toBe(200);
  return answer;
};

/** A ticket with public changes, internal ones between them, and a member of Discord in it. */
async function changedTicket(): Promise<string> {
  const { id } = await ana.createTicket();
  await claimTicket(app.ctx, member, id);
  await updateTicket(app.ctx, member, id, { tags: ['planted-tag'] });
  await sendMessage(app.ctx, member, id, { content: 'I look into it' });
  await kim.call('PUT', `/tickets/${id}/priority`, { priority: 'high', comment: 'it is loud' });
  await kim.call('POST', `/tickets/${id}/snooze`, { until: Date.now() + 3_600_000 });
  await kim.close(id, 'mended');
  await ana.call('POST', `/tickets/${id}/rating`, { score: 4, comment: 'quick' });
  return id;
}

test('when a ticket has changed, then its customer sees who changed what, when, without an id of Discord', async () => {
  const id = await changedTicket();
  const { body } = await historyOf(ana, id);
  expect(body).toMatchObject({
    first_response_at: expect.any(Number),
    response_time: expect.any(Number),
    resolved_at: expect.any(Number),
    resolution_time: expect.any(Number),
  });
  expect(body.changes.map(({ action }) => action)).toEqual([
    'claimed',
    'answered',
    'updated',
    'closed',
    'rated',
  ]);
  const [claimed, , updated, closed, rated] = body.changes;
  const alias = expect.stringMatching(/^staff-/);
  expect(claimed).toEqual({
    seq: 1,
    at: expect.any(Number),
    action: 'claimed',
    by: { id: alias, name: 'Dee', role: 'AGENT' },
    comment: null,
    changes: [
      { field: 'status', from: 'OPEN', to: 'IN_PROGRESS' },
      { field: 'assigned_to', from: null, to: claimed?.by.id },
      { field: 'assignee', from: null, to: { id: claimed?.by.id, name: 'Dee' } },
    ],
  });
  expect(updated).toMatchObject({
    by: { id: kim.id },
    comment: 'it is loud',
    changes: [
      { field: 'priority', from: 'MEDIUM', to: 'HIGH' },
      { field: 'issue_level', from: 'NORMAL', to: 'URGENT' },
    ],
  });
  expect(closed?.changes).toContainEqual({ field: 'close_reason', from: null, to: 'mended' });
  expect(rated?.changes).toEqual([
    { field: 'rating', from: null, to: { score: 4, comment: 'quick', at: expect.any(Number) } },
  ]);
  const text = JSON.stringify(body);
  const planted = [DISCORD_ID, 'planted-tag', 'snooze', 'clock', 'key', 'ending_seq', 'internal'];
  for (const word of planted) expect(text).not.toContain(word);
});

test('when staff read it, then what customers do not see stands in its place, marked', async () => {
  const id = await changedTicket();
  const { body } = await historyOf(kim, id);
  expect(body.changes.map(({ action, internal }) => `${action} ${internal}`)).toEqual([
    'claimed false',
    'tagged true',
    'answered false',
    'updated false',
    'snoozed true',
    'closed false',
    'rated false',
  ]);
  expect(body.changes[1]?.changes).toEqual([{ field: 'tags', from: [], to: ['planted-tag'] }]);
  expect(body.changes[0]?.by.id).toBe(DISCORD_ID);
  expect(JSON.stringify(body)).not.toMatch(/"(clock|key|ending_seq|status_seq)"/);
});

test.each([
  ['the customer', () => ana, 5],
  ['staff', () => kim, 7],
])('when %s follows the pages, then each change comes once', async (_who, person, count) => {
  const id = await changedTicket();
  const whole = (await historyOf(person(), id)).body.changes;
  expect(whole).toHaveLength(count);
  const seen: unknown[] = [];
  let next: string | undefined = '?limit=2';
  while (next) {
    const page = await historyOf(person(), id, next);
    seen.push(...page.body.changes);
    next = /history(\?[^>]+)>; rel="next"/.exec(page.headers.get('link') ?? '')?.[1];
  }
  expect(seen).toEqual(whole);
});

test('when hundreds of messages lie between the changes, then a page costs its rows', async () => {
  const { id } = await ana.createTicket();
  const actor: Actor = { ...member, key: 'staff||lee', id: 'lee', origin: 'web' };
  for (let i = 0; i < 300; i++) await sendMessage(app.ctx, actor, id, { content: `m${i}` });
  for (let i = 0; i < 4; i++) await updateTicket(app.ctx, actor, id, { topic: `T${i}` });
  const cost = await examinedBy(app.ctx, () => listHistory(app.ctx, actor, id, { limit: 3 }));
  expect(cost.plans.filter((plan) => plan.includes('COLLSCAN'))).toEqual([]);
  expect(cost.examined).toBeLessThanOrEqual(20);
}, 60_000);

describe('what may be asked', () => {
  test.each([
    ['?limit=0', 'limit', 'too_short'],
    ['?limit=101', 'limit', 'too_long'],
    ['?after=x', 'after', 'invalid_format'],
    ['?after=1.2', 'after', 'invalid_format'],
  ])('%s of a customer is refused', async (query, location, type) => {
    const { id } = await ana.createTicket();
    expect(await ana.call('GET', `/tickets/${id}/history${query}`)).toMatchObject({
      status: 400,
      body: { errors: [{ location, type, in: 'query' }] },
    });
  });

  test('own, other’s and missing tickets', async () => {
    const { id } = await ana.createTicket();
    const ben = newPerson(app.url, 'CUSTOMER');
    const missing = 'f'.repeat(24);
    const status = async (person: Person, ticketId: string) =>
      (await person.call('GET', `/tickets/${ticketId}/history`)).status;
    for (const place of [id, missing]) expect(await status(ben, place)).toBe(404);
    expect(await status(ana, id)).toBe(200);
    expect(await status(kim, id)).toBe(200);
    expect(await status(kim, missing)).toBe(404);
  });
});
