import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { AvailabilityView } from '../../src/contract/availability.ts';
import { weekdays } from '../../src/contract/calendar.ts';
import { readCalendar } from '../../src/domain/calendar/calendar.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { eventually } from '../support/eventually.ts';
import { listenAt, newPerson, type Person } from '../support/people.ts';

let app: RunningApp;
let other: RunningApp;
let boss: Person;
beforeAll(async () => {
  app = await startApp({ SWEEP_INTERVAL_MS: '200' });
  other = await startApp({ SWEEP_INTERVAL_MS: '200', DB_NAME: app.ctx.config.dbName });
  boss = newPerson(app.url, 'ADMIN', { username: 'Planted Name' });
});
afterAll(async () => {
  await other.stop();
  await app.stop();
});

const ask = async (url = app.url) => {
  const answer = await fetch(`${url}/api/v1/availability`);
  expect(answer.status).toBe(200);
  return { headers: answer.headers, body: (await answer.json()) as AvailabilityView };
};
const everyDay = (periods: [string, string][]) =>
  Object.fromEntries(weekdays.map((day) => [day, periods]));

test('without a calendar, staff and answers it is open, and nobody knows how long it takes', async () => {
  const { body, headers } = await ask();
  expect(body).toEqual({
    ...{ open: true, timezone: 'UTC', hours: null, holidays: [] },
    ...{ staff_online: false, expected_reply_ms: null },
  });
  expect(headers.get('cache-control')).toBe('public, max-age=5');
});

test('ADMIN sets, reads and removes the calendar; every node goes by it', async () => {
  expect(await boss.call('GET', '/settings/calendar')).toMatchObject({ status: 200, body: null });
  const holidays = ['2000-01-01', '2100-12-25', '2100-12-24', '2100-12-25'];
  const today = Object.fromEntries(
    Array.from({ length: 3 }, (_, nth) => nth - 1).map((nth) => {
      const day = new Date(Date.now() + nth * 86_400_000).toISOString().slice(0, 10);
      return [day, true];
    }),
  );
  const calendar = {
    timezone: 'Europe/Berlin',
    weekly: everyDay([['09:00', '17:00']]),
    holidays: [...holidays, ...Object.keys(today)],
  };
  const set = await boss.call('PUT', '/settings/calendar', calendar);
  expect(set).toMatchObject({ status: 200, body: { timezone: 'Europe/Berlin' } });
  expect((await boss.call('GET', '/settings/calendar')).body).toEqual(set.body);
  for (const url of [app.url, other.url]) {
    // A few seconds old, and then of the new hours; these days are holidays.
    const { body } = await eventually(async () => {
      const answer = await ask(url);
      expect(answer.body).toMatchObject({ open: false, timezone: 'Europe/Berlin' });
      return answer;
    });
    expect(body.opens_at).toBeGreaterThan(Date.now());
    expect(body.hours?.mon).toEqual([['09:00', '17:00']]);
    expect(body.holidays.slice(-2)).toEqual(['2100-12-24', '2100-12-25']);
    expect(body.holidays).not.toContain('2000-01-01');
  }
  expect(await boss.call('DELETE', '/settings/calendar')).toMatchObject({ status: 204 });
  expect(await readCalendar(app.ctx)).toBeUndefined();
  await eventually(async () => expect(await readCalendar(other.ctx)).toBeUndefined());
});

test('only ADMIN sees and sets the calendar, and a wrong one changes nothing', async () => {
  const valid = { timezone: 'UTC', weekly: everyDay([['09:00', '17:00']]), holidays: [] };
  for (const role of ['CUSTOMER', 'AGENT'] as const) {
    const person = newPerson(app.url, role);
    expect(await person.call('GET', '/settings/calendar')).toMatchObject({ status: 403 });
    expect(await person.call('PUT', '/settings/calendar', valid)).toMatchObject({ status: 403 });
    expect(await person.call('DELETE', '/settings/calendar')).toMatchObject({ status: 403 });
  }
  for (const [location, change] of [
    ['timezone', { timezone: 'Mars/Olympus' }],
    ['weekly', { weekly: everyDay([]) }],
    ['weekly.mon.0', { weekly: everyDay([['17:00', '09:00']]) }],
    ['holidays.0', { holidays: ['2026-13-01'] }],
    ['holidays', { holidays: Array(401).fill('2026-01-01') }],
  ] as const) {
    const refused = await boss.call('PUT', '/settings/calendar', { ...valid, ...change });
    expect(refused).toMatchObject({
      status: 400,
      body: { errors: expect.arrayContaining([expect.objectContaining({ location })]) },
    });
  }
  expect((await boss.call('GET', '/settings/calendar')).body).toBeNull();
});

test('it says that staff are there, but not who, and how long first answers took of late', async () => {
  const { socket } = listenAt(app.url, { auth: { token: boss.token } });
  const ana = newPerson(app.url, 'CUSTOMER');
  for (const response_time of [1000, 9000, 5000, undefined]) {
    const { id } = await ana.createTicket();
    const _id = app.ctx.db.connection.base.Types.ObjectId.createFromHexString(id);
    if (response_time === undefined) continue;
    await app.ctx.db.tickets.collection.updateOne({ _id }, { $set: { response_time } });
  }
  const { body } = await eventually(async () => {
    const answer = await ask();
    expect(answer.body).toMatchObject({ staff_online: true, expected_reply_ms: 5000 });
    return answer;
  });
  expect(JSON.stringify(body)).not.toContain('Planted');
  expect(JSON.stringify(body)).not.toContain(boss.id);
  await boss.call('PATCH', '/agents/me', { away: true });
  await eventually(async () => expect((await ask()).body.staff_online).toBe(false));
  socket.disconnect();
});

test('however many ask, the database is asked once', async () => {
  const { db } = app.ctx.db.connection;
  const profile = db?.collection('system.profile');
  await eventually(async () => {
    await db?.command({ profile: 2 });
    await Promise.all(Array.from({ length: 50 }, () => ask()));
    await db?.command({ profile: 0 });
    const asked = await profile?.countDocuments({ ns: `${db?.databaseName}.presence` });
    await profile?.drop();
    expect(asked).toBeLessThanOrEqual(1);
  });
});
