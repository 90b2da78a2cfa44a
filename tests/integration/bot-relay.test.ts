import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readMark } from '../../bot/inbound/read-marks.ts';
import { systemActor } from '../../src/domain/access/actor.ts';
import { setCalendar } from '../../src/domain/calendar/calendar.ts';
import { listNotes } from '../../src/domain/messages/notes.ts';
import { signalRead, signalTyping } from '../../src/domain/signals.ts';
import { closeTicket } from '../../src/domain/tickets/close.ts';
import { getTicket } from '../../src/domain/tickets/read.ts';
import { snoozeTicket } from '../../src/domain/tickets/snooze.ts';
import { setStatus } from '../../src/domain/tickets/status.ts';
import { startWorker } from '../../src/worker-role.ts';
import { agent, customer, type Desk, openDesk, openTicket, say, seen } from '../support/bridge.ts';
import {
  channelOf,
  type DiscordPerson,
  discordPerson,
  marksOn,
  messagesIn,
  stateOf,
  textsIn,
} from '../support/discord.ts';
import { eventually } from '../support/eventually.ts';
import { interactionsOf } from '../support/interactions.ts';

/** A desk with its bot, and somebody of the staff in it. */
async function startDesk(env: Record<string, string>) {
  const desk = await openDesk({}, env);
  await desk.bot();
  return { desk, kim: discordPerson(desk.sim, 'kim') };
}

let desk: Desk;
let kim: DiscordPerson;
let strict: Awaited<ReturnType<typeof startDesk>>;

beforeAll(async () => {
  const [usual, replying] = await Promise.all([
    startDesk({}),
    startDesk({
      DISCORD_REPLY_MODE: 'reply',
      // Some seconds.
      IDLE_WARNING_HOURS: 'URGENT=0.0003',
      IDLE_CLOSE_HOURS: 'URGENT=0.0008',
      OUT_OF_HOURS_TEXT: 'We are back {opens}.',
      HOLIDAY_TEXT: 'Happy holidays until {opens}!',
    }),
  ]);
  desk = usual.desk;
  kim = usual.kim;
  strict = replying;
});
afterAll(() => Promise.all([desk.end(), strict.desk.end()]));

const HOUR = 3_600_000;

async function open(at: Desk = desk, overrides: object = {}) {
  const { id, number } = await openTicket(at.ctx, overrides);
  return { number, id, channelId: (await channelOf(at.sim, number)).id as string };
}
const contentsAre = (at: Desk, id: string, wanted: string[]) =>
  eventually(async () =>
    expect((await seen(at.ctx, id)).map(({ content }) => content)).toEqual(wanted),
  );
const notesAre = (at: Desk, id: string, wanted: string[]) =>
  eventually(async () => {
    const { messages } = await listNotes(at.ctx, agent, id, {});
    expect(messages.map(({ content }) => content)).toEqual(wanted);
  });
const marked = (at: Desk, channelId: string, id: string, wanted: string[]) =>
  eventually(async () =>
    expect((await marksOn(at.sim, channelId, id)).toSorted()).toEqual(wanted.toSorted()),
  );

describe('where only replies go to the customer', () => {
  test('a plain message is a note, one that begins with !! is the customer’s, and edits move it', async () => {
    const { desk: at, kim: who } = strict;
    const { id, channelId } = await open(at);
    const post = await who.write(channelId, 'what do we tell her?');
    await notesAre(at, id, ['what do we tell her?']);
    await marked(at, channelId, post.id, ['📝']);
    await who.edit(channelId, post.id, '!! It comes tomorrow');
    await contentsAre(at, id, ['It comes tomorrow']);
    await notesAre(at, id, []);
    await marked(at, channelId, post.id, ['✅']);
    await who.edit(channelId, post.id, 'It comes tomorrow, says Bo');
    await contentsAre(at, id, []);
    await notesAre(at, id, ['It comes tomorrow, says Bo']);
    await marked(at, channelId, post.id, ['📝']);
  });

  test('what is not clearly a reply stays inside; commands typed as text are refused', async () => {
    const { desk: at, kim: who } = strict;
    const { id, channelId } = await open(at);
    const inside = ['!!! really', '!! // she lies', '**!!** bold', '// as ever'];
    for (const line of inside) await who.write(channelId, line);
    const typed = await who.write(channelId, '/close');
    const meant = await who.write(channelId, '!! /close');
    await notesAre(at, id, ['!!! really', 'she lies', '**!!** bold', 'as ever']);
    await marked(at, channelId, typed.id, ['❌']);
    await marked(at, channelId, meant.id, ['❌']);
    await contentsAre(at, id, []);
  });

  test('/reply is posted here and read there, and nobody is shown as typing', async () => {
    const { desk: at, kim: who } = strict;
    const { id, channelId } = await open(at);
    const events: string[] = [];
    const stop = at.ctx.bus.subscribe((event) => events.push(event.kind));
    await who.type(channelId);
    const answer = await interactionsOf(at.sim, who).run(channelId, 'reply', { text: 'Hello Ana' });
    expect(answer.content).toContain('The customer has it');
    await contentsAre(at, id, ['Hello Ana']);
    await eventually(async () =>
      expect((await textsIn(at.sim, channelId)).at(-1)).toBe('**Kim** (staff): Hello Ana'),
    );
    stop();
    expect(events).not.toContain('typing');
  });
});

describe('what the customer has read', () => {
  const read = async (id: string) => {
    const messages = await seen(desk.ctx, id);
    await signalRead(desk.ctx, customer, id, messages.at(-1)?.seq ?? 0);
  };

  test('bears 👁 on the last message of staff; an edit takes it off until that is read, a note for good', async () => {
    const { id, channelId } = await open();
    const first = await kim.write(channelId, 'one');
    const second = await kim.write(channelId, 'two');
    await contentsAre(desk, id, ['one', 'two']);
    await marked(desk, channelId, second.id, ['✅']);
    await say(desk.ctx, id, 'I see');
    // The staff's own reading is not the customer's.
    await signalRead(desk.ctx, agent, id, 1000);
    await read(id);
    await marked(desk, channelId, second.id, ['✅', readMark]);
    await marked(desk, channelId, first.id, ['✅']);
    await kim.edit(channelId, second.id, 'three');
    await contentsAre(desk, id, ['one', 'three', 'I see']);
    await marked(desk, channelId, second.id, ['✅']);
    await signalRead(desk.ctx, customer, id, 1000);
    await marked(desk, channelId, second.id, ['✅', readMark]);
    await kim.edit(channelId, second.id, '// three');
    await marked(desk, channelId, second.id, ['📝']);
  });

  test('what /reply said bears it, too', async () => {
    const { id, channelId } = await open();
    await interactionsOf(desk.sim, kim).run(channelId, 'reply', { text: 'Hello' });
    await contentsAre(desk, id, ['Hello']);
    const posted = await eventually(async () => {
      const all = await kim.messages(channelId);
      const found = all.find(({ content }) => content === '**Kim** (staff): Hello');
      if (!found) throw new Error('it is not posted yet');
      return found;
    });
    await eventually(async () => {
      await read(id);
      expect(await marksOn(desk.sim, channelId, posted.id)).toEqual([readMark]);
    });
  });
});

test('what was refused is passed on by Retry once nothing stands in its way, by staff alone and once', async () => {
  const [robin, ada] = [discordPerson(desk.sim, 'robin'), discordPerson(desk.sim, 'admin')];
  const { id, channelId } = await open();
  const { guildId, roles } = desk.sim.state;
  const member = `/guilds/${guildId}/members/${robin.id}`;
  const allow = { type: 1, allow: String((1n << 10n) | (1n << 11n)), deny: '0' };
  await ada.call('PUT', `/channels/${channelId}/permissions/${robin.id}`, allow);
  await ada.call('PATCH', member, { roles: [] });
  const post = await robin.write(channelId, 'It has come');
  await marked(desk, channelId, post.id, ['❌']);
  const line = await eventually(async () => {
    const found = (await messagesIn(desk.sim, channelId)).find(({ components }) =>
      JSON.stringify(components ?? []).includes(`again:${id}:${post.id}`),
    );
    if (!found) throw new Error('there is no Retry yet');
    return found;
  });
  expect(line.content).toContain('has no role of the support staff');
  const press = async (who: DiscordPerson) =>
    (await interactionsOf(desk.sim, who).press(channelId, line.id, `again:${id}:${post.id}`))
      .content;
  expect(await press(robin)).toBe('Only the support staff may do this.');
  expect(await press(kim)).toContain('could not be passed on this time either');
  await ada.call('PATCH', member, { roles: [roles.support] });
  expect(await press(kim)).toBe('Passed on now: ✅.');
  await contentsAre(desk, id, ['It has come']);
  await marked(desk, channelId, post.id, ['✅']);
  expect(await press(kim)).toBe('It was passed on already.');
  await contentsAre(desk, id, ['It has come']);
});

test('only the customer is shown as typing in the channel, a bot that has just started too', async () => {
  const [own, other] = await Promise.all([open(), open()]);
  await desk.stopBots();
  await desk.bot();
  const shownIn = async (channelId: string) => {
    const { calls } = await stateOf(desk.sim);
    return calls.some(({ path }: { path: string }) => path.includes(`${channelId}/typing`));
  };
  await eventually(async () => {
    await signalTyping(desk.ctx, agent, other.id);
    await signalTyping(desk.ctx, customer, own.id);
    expect(await shownIn(own.channelId)).toBe(true);
  });
  expect(await shownIn(other.channelId)).toBe(false);
});

describe('a customer who says nothing any more', () => {
  const warning = expect.stringContaining('this conversation will be closed in 1 hour');
  const urgent = { issue_level: 'URGENT' };
  let workers: { stop(): Promise<void> }[];
  beforeAll(async () => {
    const other = await strict.desk.another();
    workers = [startWorker(strict.desk.ctx), startWorker(other.ctx)];
  });
  afterAll(() => Promise.all(workers.map((worker) => worker.stop())));

  const asked = (id: string) => say(strict.desk.ctx, id, 'Is it solved?', agent);
  const said = async (id: string) =>
    (await seen(strict.desk.ctx, id)).map(({ content }) => content);
  const view = (id: string) => getTicket(strict.desk.ctx, agent, id);

  test('is warned once and then the ticket closed; whoever is waited for by nobody is left alone', async () => {
    const { ctx, sim } = strict.desk;
    const [silent, answering, asleep, calm, unanswered] = await Promise.all([
      open(strict.desk, urgent),
      open(strict.desk, urgent),
      open(strict.desk, urgent),
      open(strict.desk, { issue_level: 'CRITICAL' }),
      open(strict.desk, urgent),
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

  test('outside the working hours a new ticket is answered by one line, on holidays by another', async () => {
    const { ctx } = strict.desk;
    const day = (ms: number) => new Date(Date.now() + ms).toISOString().slice(0, 10);
    const names = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
    const later = new Date(Date.now() + 72 * HOUR);
    const weekly = Object.fromEntries(names.map((name) => [name, [] as [string, string][]]));
    weekly[names[later.getUTCDay()] as string] = [['09:00', '17:00']];
    const calendar = { timezone: 'UTC', weekly: weekly as never, holidays: [] as string[] };
    const opens = `${day(72 * HOUR)} 09:00 (UTC)`;
    await setCalendar(ctx, systemActor, calendar);
    const usual = await openTicket(ctx);
    await eventually(async () => expect(await said(usual.id)).toEqual([`We are back ${opens}.`]));
    await setCalendar(ctx, systemActor, { ...calendar, holidays: [day(0), day(24 * HOUR)] });
    const holiday = await openTicket(ctx);
    await eventually(async () =>
      expect(await said(holiday.id)).toEqual([`Happy holidays until ${opens}!`]),
    );
    await setCalendar(ctx, systemActor, null);
    await say(ctx, usual.id, 'I see');
    const open24 = await openTicket(ctx);
    await say(ctx, open24.id, 'Hello');
    await closeTicket(ctx, agent, holiday.id, {});
    await eventually(async () => {
      const row = await ctx.db.offsets.findOne({ _id: `automation ${open24.id}` }).lean();
      expect(row?.seq).toBeGreaterThan(0);
    });
    expect(await said(open24.id)).toEqual(['Hello']);
    expect(await said(usual.id)).toEqual([`We are back ${opens}.`, 'I see']);
  });
});
