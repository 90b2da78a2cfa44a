import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { systemActor } from '../../src/domain/access/actor.ts';
import { setCalendar } from '../../src/domain/calendar/calendar.ts';
import { announce } from '../../src/domain/messages/announce.ts';
import { closeTicket } from '../../src/domain/tickets/close.ts';
import { getTicket } from '../../src/domain/tickets/read.ts';
import { snoozeTicket } from '../../src/domain/tickets/snooze.ts';
import { setStatus } from '../../src/domain/tickets/status.ts';
import { startWorker } from '../../src/worker-role.ts';
import { agent, type Desk, openDesk, openTicket, say, seen } from '../support/bridge.ts';
import { channelOf, textsIn } from '../support/discord.ts';
import { eventually } from '../support/eventually.ts';

const HOUR = 3_600_000;
let desk: Desk;
/** Of a ticket that was there before anything was done by itself. */
let earlier: string;
let workers: { stop(): Promise<void> }[];

beforeAll(async () => {
  desk = await openDesk(
    {},
    {
      // Some seconds.
      IDLE_WARNING_HOURS: 'URGENT=0.0003',
      IDLE_CLOSE_HOURS: 'URGENT=0.0008',
      OUT_OF_HOURS_TEXT: 'We are back {opens}.',
      HOLIDAY_TEXT: 'Happy holidays until {opens}!',
    },
  );
  const [other] = await Promise.all([desk.another(), desk.bot()]);
  earlier = (await openTicket(desk.ctx, urgent)).id;
  await asked(earlier);
  workers = [startWorker(desk.ctx), startWorker(other.ctx)];
});
afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.stop()));
  await desk.end();
});

async function open(overrides: object) {
  const { id, number } = await openTicket(desk.ctx, overrides);
  return { id, channelId: (await channelOf(desk.sim, number)).id as string };
}

const warning = expect.stringContaining('this conversation will be closed in 1 hour');
const urgent = { issue_level: 'URGENT' };
const asked = (id: string) => say(desk.ctx, id, 'Is it solved?', agent);
const said = async (id: string) => (await seen(desk.ctx, id)).map(({ content }) => content);
const view = (id: string) => getTicket(desk.ctx, agent, id);

test('a customer who says nothing is warned once, then the ticket is closed; all others are left alone', async () => {
  const { ctx, sim } = desk;
  const [silent, answering, asleep, calm, unanswered] = await Promise.all([
    open(urgent),
    open(urgent),
    open(urgent),
    open({ issue_level: 'CRITICAL' }),
    open(urgent),
  ]);
  await snoozeTicket(ctx, agent, asleep.id, Date.now() + HOUR);
  for (const { id } of [asleep, calm, answering, silent]) await asked(id);
  await setStatus(ctx, agent, silent.id, { status: 'WAITING' });
  await say(ctx, unanswered.id, 'Hello?');
  await eventually(async () => expect(await said(answering.id)).toContainEqual(warning));
  await say(ctx, answering.id, 'Not yet');
  await eventually(async () =>
    expect(await textsIn(sim, silent.channelId)).toContainEqual(
      expect.stringMatching(/^\*\*Deskcord\*\* \(system\): We have not heard/),
    ),
  );
  await eventually(async () => expect(await view(silent.id)).toMatchObject({ status: 'CLOSED' }));
  const { close_reason } = await view(silent.id);
  expect(close_reason).toBe('Closed after 1 hour without an answer');
  expect(await said(silent.id)).toEqual(['Is it solved?', warning]);
  expect(await said(answering.id)).toEqual(['Is it solved?', warning, 'Not yet']);
  expect(await said(asleep.id)).toEqual(['Is it solved?']);
  expect(await said(calm.id)).toEqual(['Is it solved?']);
  expect(await said(unanswered.id)).toEqual(['Hello?']);
  for (const { id } of [answering, asleep, calm, unanswered]) {
    expect(await view(id)).not.toMatchObject({ status: 'CLOSED' });
  }
  // No line of Deskcord's own is a first answer.
  expect(await view(unanswered.id)).toMatchObject({ first_response_at: null, status: 'OPEN' });
}, 40_000);

test('what was silent before counts, too', async () => {
  await eventually(async () => expect(await view(earlier)).toMatchObject({ status: 'CLOSED' }));
  expect(await said(earlier)).toEqual(['Is it solved?', warning]);
});

test('a line of Deskcord’s own is said once, and not where the log has gone on or the ticket has ended', async () => {
  const { id } = await openTicket(desk.ctx);
  await say(desk.ctx, id, 'Hello');
  const line = { content: 'Still there?', once: 'a-line' };
  expect(await announce(desk.ctx, id, { ...line, head: 0 })).toBe(false);
  expect(await Promise.all([1, 2].map(() => announce(desk.ctx, id, line)))).toEqual([true, true]);
  await closeTicket(desk.ctx, agent, id, {});
  expect(await announce(desk.ctx, id, { content: 'Too late', once: 'another' })).toBe(false);
  expect(await said(id)).toEqual(['Hello', 'Still there?']);
});

test('outside the working hours a new ticket is answered by one line, on holidays by another', async () => {
  const { ctx } = desk;
  const day = (ms: number) => new Date(Date.now() + ms).toISOString().slice(0, 10);
  const names = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
  const later = new Date(Date.now() + 72 * HOUR);
  const weekly = Object.fromEntries(names.map((name) => [name, [] as [string, string][]]));
  weekly[names[later.getUTCDay()] as string] = [['09:00', '17:00']];
  const calendar = { timezone: 'UTC', weekly: weekly as never, holidays: [] as string[] };
  const opens = `${day(72 * HOUR)} 09:00 (UTC)`;
  // A worker hears of another calendar a moment later: until then it goes by the former one.
  const openAnswered = (line: string) =>
    eventually(
      async () => {
        const ticket = await openTicket(ctx);
        const isAnswered = async () => expect(await said(ticket.id)).toEqual([line]);
        await eventually(isAnswered, { timeout: 5000 });
        return ticket;
      },
      { timeout: 60_000 },
    );
  await setCalendar(ctx, systemActor, calendar);
  const usual = await openAnswered(`We are back ${opens}.`);
  await setCalendar(ctx, systemActor, { ...calendar, holidays: [day(0), day(24 * HOUR)] });
  const holiday = await openAnswered(`Happy holidays until ${opens}!`);
  await setCalendar(ctx, systemActor, null);
  await say(ctx, usual.id, 'I see');
  await closeTicket(ctx, agent, holiday.id, {});
  await eventually(async () => {
    const open24 = await openTicket(ctx);
    await say(ctx, open24.id, 'Hello');
    await eventually(async () => {
      const row = await ctx.db.offsets.findOne({ _id: `automation ${open24.id}` }).lean();
      expect(row?.seq).toBeGreaterThan(0);
    });
    expect(await said(open24.id)).toEqual(['Hello']);
  });
  expect(await said(usual.id)).toEqual([`We are back ${opens}.`, 'I see']);
});
