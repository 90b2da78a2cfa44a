import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { MOST_HELD } from '../../bot/inbound/inbox.ts';
import { bridgeLease, takeLease } from '../../src/domain/consumers/lease.ts';
import { oid } from '../../src/domain/log/collections.ts';
import { deleteMessage, editMessage } from '../../src/domain/messages/change.ts';
import { listMessages } from '../../src/domain/messages/list.ts';
import { closeTicket } from '../../src/domain/tickets/close.ts';
import { updateTicket } from '../../src/domain/tickets/update.ts';
import { createHealth } from '../../src/infra/health.ts';
import { agent, customer, type Desk, openDesk, openTicket, say, seen } from '../support/bridge.ts';
import {
  channelOf,
  channelsOf,
  clearFaults,
  discordPerson,
  fault,
  marksOn,
  messagesIn,
  stateOf,
  textsIn,
} from '../support/discord.ts';
import { eventually } from '../support/eventually.ts';

const patience = { timeout: 30_000 };
let desk: Desk;

beforeAll(async () => {
  desk = await openDesk();
});
afterAll(() => desk.end());
afterEach(async () => {
  await desk.stopBots();
  await clearFaults(desk.sim);
});

/** So seldom a look into the channels that no test lives to see one. */
const seldom = { catchUpMs: 3_600_000 };

const textsAre = (channelId: string, wanted: string[], timeout = 10_000) =>
  eventually(async () => expect(await textsIn(desk.sim, channelId)).toEqual(wanted), { timeout });
const mirrorOf = async (id: string) =>
  (await desk.ctx.db.mirrors.collection.find({}).toArray()).find(({ _id }) => String(_id) === id);

const newest = (ticketId: string) => listMessages(desk.ctx, agent, ticketId, { limit: 1 });

/** What the customer was told in turn: messages and their edits. */
async function contentsOf(ticketId: string) {
  const inPublic = { ticket_id: oid(ticketId), stream: 'public', content: { $exists: true } };
  const rows = desk.ctx.db.entries.collection.find(inPublic as never).sort({ seq: 1 });
  return (await rows.toArray()).map(({ content }) => content);
}

/** How far the ticket's messages have come, as an agent's list says it. */
const statesOf = async (ticketId: string) =>
  (await listMessages(desk.ctx, agent, ticketId, {})).messages.map(({ mirror }) => mirror);

/** A health and reports of the bot's own, to look at. */
function watched() {
  const health = createHealth();
  const reported: string[] = [];
  const reports = { report: (error: unknown) => void reported.push((error as Error).message) };
  return { health, reported, ctx: { health, reports } };
}

test('before there was a bridge messages wait for none, and what was closed then never will', async () => {
  const { ctx } = desk;
  const ticket = await openTicket(ctx);
  await say(ctx, ticket.id, 'hello');
  expect(await statesOf(ticket.id)).toEqual(['none']);
  await closeTicket(ctx, customer, ticket.id, {});
  // Well before the first bot, by whatever clock.
  await ctx.db.tickets.collection.updateMany({}, { $inc: { closed_at: -1000 } });
  await takeLease(ctx, bridgeLease, 'the first bot', 0);
  const later = await openTicket(ctx);
  await say(ctx, later.id, 'hello');
  expect(await statesOf(later.id)).toEqual(['waiting']);
  expect(await statesOf(ticket.id)).toEqual(['none']);
});

test('a gateway session that is lost with 250 messages loses none of them', async () => {
  const { ctx, sim } = desk;
  await desk.bot();
  const ticket = await openTicket(ctx);
  const channel = await channelOf(sim, ticket.number);
  const kim = discordPerson(sim, 'kim');
  const first = await kim.write(channel.id, 'line 0');
  await eventually(async () => expect(await seen(ctx, ticket.id)).toHaveLength(1));
  await fault(sim, { kind: 'gateway-refuse', ms: 600 });
  await fault(sim, { kind: 'forget-sessions' });
  await fault(sim, { kind: 'gateway-drop', who: 'bot' });
  for (let n = 0; n < 10; n++) {
    const lines = Array.from({ length: 25 }, (_, m) => `line ${n * 25 + m + 1}`);
    await Promise.all(lines.map((line) => kim.write(channel.id, line)));
  }
  await kim.edit(channel.id, first.id, 'line 0, edited');
  const wanted = (await messagesIn(sim, channel.id))
    .filter(({ author }) => author.id === kim.id)
    .map(({ content }) => content);
  expect(wanted).toHaveLength(251);
  await eventually(
    async () => expect((await seen(ctx, ticket.id)).map(({ content }) => content)).toEqual(wanted),
    { timeout: 60_000, every: 200 },
  );
  // In one go, or on a busy machine in several; what came after the connection was no gap.
  await eventually(async () =>
    expect((await textsIn(sim, channel.id)).some((text) => text.includes('recovered'))).toBe(true),
  );
}, 90_000);

test('more events than are held of a channel that cannot be read are read from it afterwards', async () => {
  const { ctx, sim } = desk;
  const first = await desk.bot();
  const ticket = await openTicket(ctx);
  const channel = await channelOf(sim, ticket.number);
  const kim = discordPerson(sim, 'kim');
  const isSaid = (many: number) =>
    eventually(async () => expect(await seen(ctx, ticket.id)).toHaveLength(many), patience);
  const [edited, removed] = [
    await kim.write(channel.id, 'regretted'),
    await kim.write(channel.id, 'not meant'),
  ];
  await isSaid(2);
  // Further than a look into the channel goes by itself.
  const lines = Array.from({ length: 120 }, (_, n) => `line ${n}`);
  for (const line of lines) await kim.write(channel.id, line);
  await isSaid(122);
  const path = `/channels/${channel.id}/messages$`;
  await fault(sim, {
    ...{ kind: 'status', method: 'GET', path, who: 'bot' },
    ...{ status: 403, code: 50001 },
  });
  // The channel is first read when the gateway is there.
  await first.stop();
  await desk.bot();
  await eventually(async () => {
    const answer = await fetch(`${sim.url}/__sim/faults`);
    const { faults } = (await answer.json()) as { faults: { hits: number }[] };
    expect(faults[0]?.hits).toBeGreaterThan(0);
  }, patience);
  await kim.edit(channel.id, edited.id, 'better');
  await kim.remove(channel.id, removed.id);
  const busy = await kim.write(channel.id, 'draft');
  for (let n = 1; n <= MOST_HELD; n++) await kim.edit(channel.id, busy.id, `draft ${n}`);
  await kim.write(channel.id, 'last');
  expect((await seen(ctx, ticket.id))[0]?.content).toBe('regretted');
  await clearFaults(sim);
  await eventually(
    async () =>
      expect((await seen(ctx, ticket.id)).map(({ content }) => content)).toEqual([
        'better',
        ...lines,
        `draft ${MOST_HELD}`,
        'last',
      ]),
    { timeout: 60_000, every: 200 },
  );
}, 120_000);

/**
 * A ticket whose channel cannot be read, so that what happens in it is held until faults are cleared.
 * @param begin what happens in it before
 */
async function heldTicket(
  begin: (channelId: string, ticketId: string) => Promise<void> = async () => {},
) {
  const { ctx, sim } = desk;
  const first = await desk.bot();
  const ticket = await openTicket(ctx);
  const channel = await channelOf(sim, ticket.number);
  await begin(channel.id, ticket.id);
  const path = `/channels/${channel.id}/messages$`;
  const barred = { method: 'GET', path, who: 'bot', status: 403, code: 50001 };
  await fault(sim, { kind: 'status', ...barred });
  const beside = await openTicket(ctx);
  const { id: besideId } = await channelOf(sim, beside.number);
  await first.stop();
  await desk.bot();
  // What is taken in beside it shows that the gateway is there.
  await discordPerson(sim, 'kim').write(besideId, 'beside it');
  await eventually(async () => expect(await seen(ctx, beside.id)).toHaveLength(1), patience);
  const logIs = (wanted: string[]) =>
    eventually(async () => {
      const which = { ticket_id: oid(ticket.id), origin: 'discord' };
      // As everybody is shown it: the primary has an entry before a majority does.
      const found = ctx.db.entries.collection.find(which, { readConcern: 'majority' });
      const rows = await found.sort({ _id: 1 }).toArray();
      const said = rows.filter(({ type }) => type !== 'ticket_change');
      expect(said.map(({ type, content }) => `${type} ${content}`)).toEqual(wanted);
    }, patience);
  return { ticket, channelId: channel.id as string, logIs };
}

test('what was deleted while its channel could not be read is not taken in after what came later', async () => {
  const { sim } = desk;
  const { ticket, channelId, logIs } = await heldTicket();
  const kim = discordPerson(sim, 'kim');
  const slip = await kim.write(channelId, 'a slip');
  const note = await kim.write(channelId, '// an idle thought');
  const other = await kim.write(channelId, 'another slip');
  await kim.edit(channelId, other.id, 'another slip of the pen');
  const { id: stays } = await kim.write(channelId, 'what stays');
  for (const { id } of [slip, note, other]) await kim.remove(channelId, id);
  expect(await seen(desk.ctx, ticket.id)).toEqual([]);
  await clearFaults(sim);
  await logIs(['message what stays']);
  // Comes behind all that was held.
  await kim.edit(channelId, stays, 'the end');
  await logIs(['message what stays', 'edit the end']);
});

/** What comes behind all that was told of before, and stands in no list of messages. */
async function reactToHello(channelId: string) {
  const all = await messagesIn(desk.sim, channelId);
  const hello = all.find(({ content }) => content === '**Ana**: hello');
  const reaction = `${hello?.id}/reactions/${encodeURIComponent('👍')}/@me`;
  const path = `/channels/${channelId}/messages/${reaction}`;
  await discordPerson(desk.sim, 'kim').call('PUT', path);
}

test('nor is it where nothing was written since', async () => {
  const { ctx, sim } = desk;
  const { channelId, logIs } = await heldTicket(async (id, ticketId) => {
    await say(ctx, ticketId, 'hello');
    await textsAre(id, ['**Ana**: hello']);
  });
  const kim = discordPerson(sim, 'kim');
  const slip = await kim.write(channelId, 'a slip');
  await kim.edit(channelId, slip.id, 'a slip of the pen');
  await kim.remove(channelId, slip.id);
  await reactToHello(channelId);
  await clearFaults(sim);
  await logIs(['react hello']);
});

test('of two edits in one millisecond the later one stands also where a look has met it first', async () => {
  const { ctx, sim } = desk;
  const kim = discordPerson(sim, 'kim');
  const ids: string[] = [];
  const { ticket, channelId } = await heldTicket(async (id, ticketId) => {
    await say(ctx, ticketId, 'hello');
    await textsAre(id, ['**Ana**: hello']);
    for (let n = 0; n < 40; n++) ids.push((await kim.write(id, `line ${n}`)).id);
    await eventually(async () => expect(await seen(ctx, ticketId)).toHaveLength(41), patience);
  });
  const isTogether = async (id: string) => {
    const edits = ['one', 'two'].map((text) => kim.edit(channelId, id, `${text} of ${id}`));
    const [one, two] = await Promise.all(edits);
    const at = Date.parse(one?.edited_timestamp ?? '');
    return at === Date.parse(two?.edited_timestamp ?? '');
  };
  let found = false;
  for (const id of ids) found ||= await isTogether(id);
  if (!found) throw new Error('no two edits fell into one millisecond');
  const now = await messagesIn(sim, channelId);
  const wanted = now.filter(({ author }) => author.id === kim.id).map(({ content }) => content);
  await reactToHello(channelId);
  await clearFaults(sim);
  await eventually(async () => {
    const reactions = { ticket_id: oid(ticket.id), type: 'react' };
    expect(await ctx.db.entries.collection.countDocuments(reactions)).toBe(1);
  }, patience);
  const told = (await seen(ctx, ticket.id)).map(({ content }) => content);
  expect(told).toEqual(['hello', ...wanted]);
});

test.each(['delete', 'post'])(
  'what a proxy says again (%s first) while its channel cannot be read is its author’s',
  async (first) => {
    const { sim, ctx } = desk;
    const { ticket, channelId, logIs } = await heldTicket();
    const kim = discordPerson(sim, 'kim');
    const { id } = await kim.write(channelId, 'K: I will refund you');
    const said = { channel_id: channelId, message_id: id, content: 'I will refund you' };
    await fault(sim, { kind: 'proxy-message', ...said, name: 'Kim', first });
    await clearFaults(sim);
    await logIs(['message I will refund you']);
    const [message] = await seen(ctx, ticket.id);
    expect(message).toMatchObject({ author_name: 'Kim', author_role: 'AGENT' });
    const copy = (await messagesIn(sim, channelId)).find((one) => one.webhook_id);
    await eventually(async () =>
      expect(await marksOn(sim, channelId, copy?.id ?? '')).toEqual(['✅']),
    );
    await kim.write(channelId, 'and more');
    await logIs(['message I will refund you', 'message and more']);
  },
);

test('more missed messages than Discord lets be read in one go are all taken in', async () => {
  const { ctx, sim } = desk;
  const first = await desk.bot();
  const ticket = await openTicket(ctx);
  const channel = await channelOf(sim, ticket.number);
  await textsAre(channel.id, []);
  await first.stop();
  const kim = discordPerson(sim, 'kim');
  for (let n = 0; n < 22; n++) {
    await Promise.all(Array.from({ length: 25 }, () => kim.write(channel.id, 'line')));
  }
  // Five pages in five seconds, as Discord has it.
  await fault(sim, { kind: 'set', settings: { rateLimitFactor: 1 } });
  await desk.bot(seldom);
  // And the entry by which the first answer takes the ticket on.
  await eventually(async () => expect((await newest(ticket.id)).head).toBe(551), {
    timeout: 100_000,
    every: 200,
  });
}, 130_000);

test('an event the gateway never brings is found by the next look', async () => {
  const { ctx, sim } = desk;
  await desk.bot({ catchUpMs: 300 });
  const ticket = await openTicket(ctx);
  const channel = await channelOf(sim, ticket.number);
  const kim = discordPerson(sim, 'kim');
  const kept = await kim.write(channel.id, 'one');
  await eventually(async () => expect(await seen(ctx, ticket.id)).toHaveLength(1));
  const events = ['MESSAGE_CREATE', 'MESSAGE_UPDATE', 'MESSAGE_DELETE'];
  await fault(sim, { kind: 'gateway-lose', ms: 200, events });
  await kim.write(channel.id, 'two');
  await kim.remove(channel.id, kept.id);
  await eventually(async () =>
    expect((await seen(ctx, ticket.id)).map(({ content }) => content)).toEqual(['two']),
  );
});

test('an edit whose event brings no text is asked for until Discord answers', async () => {
  const { ctx, sim } = desk;
  const first = await desk.bot();
  const ticket = await openTicket(ctx);
  const channel = await channelOf(sim, ticket.number);
  const kim = discordPerson(sim, 'kim');
  const post = await kim.write(channel.id, 'one');
  await eventually(async () => expect(await seen(ctx, ticket.id)).toHaveLength(1));
  await first.stop();
  // The next bot has not seen the message, and the event names it only.
  await fault(sim, { kind: 'set', settings: { partialUpdates: true } });
  await desk.bot(seldom);
  await kim.write(channel.id, 'two');
  await eventually(async () => expect(await seen(ctx, ticket.id)).toHaveLength(2));
  const path = `${channel.id}/messages/${post.id}$`;
  await fault(sim, { kind: 'status', method: 'GET', path, status: 500, who: 'bot', times: 1 });
  await kim.edit(channel.id, post.id, 'one, edited');
  await eventually(async () =>
    expect((await seen(ctx, ticket.id)).map(({ content }) => content)).toEqual([
      'one, edited',
      'two',
    ]),
  );
});

test('an old edit that Discord never shows is given up and reported, and holds nothing up', async () => {
  const { ctx, sim } = desk;
  const first = await desk.bot();
  const ticket = await openTicket(ctx);
  const channel = await channelOf(sim, ticket.number);
  const kim = discordPerson(sim, 'kim');
  const post = await kim.write(channel.id, 'one');
  // More than a look into the channel reaches back to.
  for (let n = 0; n < 101; n++) await kim.write(channel.id, `line ${n}`);
  await eventually(async () => expect(await seen(ctx, ticket.id)).toHaveLength(102), {
    timeout: 20_000,
  });
  await first.stop();
  await fault(sim, { kind: 'set', settings: { partialUpdates: true } });
  const { reported, ctx: parts } = watched();
  await desk.bot({ ...seldom, ctx: parts });
  await kim.write(channel.id, 'before');
  await eventually(async () => expect(await seen(ctx, ticket.id)).toHaveLength(103));
  const path = `${channel.id}/messages/${post.id}$`;
  await fault(sim, { kind: 'status', method: 'GET', path, status: 400, who: 'bot', times: 5 });
  await kim.edit(channel.id, post.id, 'one, edited');
  await kim.write(channel.id, 'after');
  await eventually(
    async () => {
      const texts = (await seen(ctx, ticket.id)).map(({ content }) => content);
      expect([texts[0], ...texts.slice(-2)]).toEqual(['one', 'before', 'after']);
    },
    { timeout: 20_000 },
  );
  expect(reported).not.toEqual([]);
}, 120_000);

test('a text that was given up is tried again when the message is edited back to it', async () => {
  const { ctx, sim } = desk;
  let left = 5;
  const { reported, ctx: parts } = watched();
  await desk.bot({
    ...seldom,
    ctx: {
      ...parts,
      failpoint(point) {
        if (point === 'before-inbound-commit' && left-- > 0) throw new Error('a fault of ours');
      },
    },
  });
  const ticket = await openTicket(ctx);
  const channel = await channelOf(sim, ticket.number);
  const kim = discordPerson(sim, 'kim');
  const { id } = await kim.write(channel.id, 'one');
  const marksAre = async () => expect(await marksOn(sim, channel.id, id)).toEqual(['❌']);
  await eventually(marksAre, { timeout: 60_000 });
  expect(reported).toContain('a fault of ours');
  for (const text of ['two', 'one']) {
    await kim.edit(channel.id, id, text);
    await eventually(
      async () =>
        expect((await seen(ctx, ticket.id)).map(({ content }) => content)).toEqual([text]),
      patience,
    );
  }
}, 120_000);

test('a message that cannot be taken in for long is taken in at last, before those after it', async () => {
  const { ctx, sim } = desk;
  let left = 3;
  await desk.bot({
    ctx: {
      failpoint(point) {
        if (point === 'before-inbound-commit' && left-- > 0) throw new Error('a fault of ours');
      },
    },
  });
  const ticket = await openTicket(ctx);
  const channel = await channelOf(sim, ticket.number);
  const kim = discordPerson(sim, 'kim');
  for (const line of ['one', 'two', 'three']) await kim.write(channel.id, line);
  await eventually(
    async () =>
      expect((await seen(ctx, ticket.id)).map(({ content }) => content)).toEqual([
        'one',
        'two',
        'three',
      ]),
    { timeout: 30_000 },
  );
  expect(left).toBeLessThan(0);
}, 120_000);

test('a connection that breaks off is resumed without a gap', async () => {
  const { ctx, sim } = desk;
  await desk.bot();
  const ticket = await openTicket(ctx);
  const channel = await channelOf(sim, ticket.number);
  const kim = discordPerson(sim, 'kim');
  for (let n = 0; n < 3; n++) {
    await kim.write(channel.id, `before ${n}`);
    await fault(sim, { kind: 'gateway-drop', who: 'bot', code: 4000 });
    await kim.write(channel.id, `after ${n}`);
  }
  await eventually(async () =>
    expect((await seen(ctx, ticket.id)).map(({ content }) => content)).toEqual(
      [0, 1, 2].flatMap((n) => [`before ${n}`, `after ${n}`]),
    ),
  );
});

test('an edit that a resumed session brings after its message was found deleted revives nothing', async () => {
  const { ctx, sim } = desk;
  await desk.bot();
  const ticket = await openTicket(ctx);
  const channel = await channelOf(sim, ticket.number);
  const kim = discordPerson(sim, 'kim');
  const { id } = await kim.write(channel.id, 'a slip');
  await kim.write(channel.id, 'what stays');
  await eventually(async () => expect(await seen(ctx, ticket.id)).toHaveLength(2));
  // The channel is read before what the session brings of it.
  await fault(sim, { kind: 'gateway-drop', who: 'bot', code: 4000 });
  await kim.edit(channel.id, id, 'a slip of the pen');
  await kim.remove(channel.id, id);
  await kim.write(channel.id, 'the end');
  await eventually(async () =>
    expect((await seen(ctx, ticket.id)).at(-1)?.content).toBe('the end'),
  );
  const entries = await ctx.db.entries.collection
    .find({ ticket_id: oid(ticket.id), stream: 'public' })
    .sort({ seq: 1 })
    .toArray();
  const said = entries.filter(({ type }) => type !== 'ticket_change');
  expect(said.map(({ type, content }) => `${type} ${content}`)).toEqual([
    'message a slip',
    'message what stays',
    'delete ',
    'message the end',
  ]);
});

test('a storm of 429 delays messages and loses none', async () => {
  const { ctx, sim } = desk;
  await desk.bot();
  const ticket = await openTicket(ctx);
  const channel = await channelOf(sim, ticket.number);
  await fault(sim, {
    kind: 'rate-limit',
    method: 'POST',
    path: `${channel.id}/messages`,
    retry_after: 0.2,
    times: 6,
  });
  for (const line of ['one', 'two', 'three']) await say(ctx, ticket.id, line);
  await textsAre(channel.id, ['**Ana**: one', '**Ana**: two', '**Ana**: three']);
});

test('a ticket that Discord holds up holds up no other', async () => {
  const { ctx, sim } = desk;
  await desk.bot();
  const [slow, fast] = [await openTicket(ctx), await openTicket(ctx)];
  const held = await channelOf(sim, slow.number);
  const free = await channelOf(sim, fast.number);
  await fault(sim, {
    kind: 'rate-limit',
    path: `${held.id}/messages`,
    retry_after: 600,
    method: 'POST',
  });
  await say(ctx, slow.id, 'waits');
  await say(ctx, fast.id, 'goes on');
  await textsAre(free.id, ['**Ana**: goes on']);
  expect(await textsIn(sim, held.id)).toEqual([]);
});

test('403 shows on the ticket alone, and mends itself when the permission is back', async () => {
  const { ctx, sim } = desk;
  await desk.bot();
  const [barred, free] = [await openTicket(ctx), await openTicket(ctx)];
  const channel = await channelOf(sim, barred.number);
  const other = await channelOf(sim, free.number);
  await eventually(async () => expect(await messagesIn(sim, channel.id)).toHaveLength(1));
  await fault(sim, {
    kind: 'status',
    method: 'POST',
    path: `${channel.id}/messages`,
    status: 403,
    code: 50013,
    message: 'Missing Permissions',
    times: 2,
  });
  await say(ctx, barred.id, 'hello');
  await say(ctx, free.id, 'hello');
  await textsAre(other.id, ['**Ana**: hello']);
  await eventually(async () => expect(await statesOf(barred.id)).toEqual(['failed']));
  await eventually(async () =>
    expect(await mirrorOf(barred.id)).toMatchObject({
      state: 'failed',
      problem: expect.stringContaining('Missing Permissions (50013)'),
    }),
  );
  await textsAre(channel.id, ['**Ana**: hello']);
  await eventually(async () =>
    expect(await mirrorOf(barred.id)).toMatchObject({ state: 'open', problem: null }),
  );
  await eventually(async () => expect(await statesOf(barred.id)).toEqual(['posted']));
});

test('a full category is followed by another one of its name', async () => {
  const { ctx, sim } = desk;
  await fault(sim, { kind: 'set', settings: { channelsPerCategory: 1 } });
  await desk.bot();
  const levels = { issue_level: 'URGENT' as const };
  const tickets = [];
  for (let n = 0; n < 3; n++) tickets.push(await openTicket(ctx, levels));
  const names = new Map<string, string>();
  for (const { number } of tickets) {
    const { parent_id } = await channelOf(sim, number);
    const { channels } = await stateOf(sim, '?calls=0&messages=0');
    const parent = channels.find(({ id }: { id: string }) => id === parent_id);
    names.set(String(number), parent.name);
  }
  expect([...names.values()].sort()).toEqual(['Urgent', 'Urgent 2', 'Urgent 3']);
  // Moving meets the same limit.
  const moved = await openTicket(ctx, { issue_level: 'CRITICAL' });
  await channelOf(sim, moved.number);
  await updateTicket(ctx, agent, moved.id, levels);
  await eventually(async () => {
    const { parent_id } = await channelOf(sim, moved.number);
    const { channels } = await stateOf(sim, '?calls=0&messages=0');
    expect(channels.find(({ id }: { id: string }) => id === parent_id).name).toBe('Urgent 4');
  });
});

test('a channel or category whose making was not answered is found, not made twice', async () => {
  const { ctx, sim } = desk;
  await fault(sim, { kind: 'set', settings: { channelsPerCategory: 0 } });
  await desk.bot();
  const making = { kind: 'reset', when: 'after', method: 'POST', path: '/guilds/\\d+/channels$' };
  // The category of the level refuses, and each of the next two calls loses its answer.
  await fault(sim, { ...making, skip: 1, times: 1 });
  const ticket = await openTicket(ctx, { issue_level: 'CRITICAL' });
  await eventually(async () => {
    const { channels } = await stateOf(sim, '?calls=0&messages=0');
    expect(channels.map(({ name }: { name: string }) => name)).toContain('Critical 2');
  });
  await clearFaults(sim);
  await fault(sim, { ...making, times: 1 });
  await channelOf(sim, ticket.number);
  await say(ctx, ticket.id, 'hello');
  const channel = await channelOf(sim, ticket.number);
  await textsAre(channel.id, ['**Ana**: hello']);
  const { channels } = await stateOf(sim, '?calls=0&messages=0');
  const names = channels.map(({ name }: { name: string }) => name);
  expect(names.filter((name: string) => name === 'Critical 2')).toHaveLength(1);
});

test('while the guild is full a ticket waits, and gets its channel when there is room', async () => {
  const { ctx, sim } = desk;
  const { channels } = await stateOf(sim, '?calls=0&messages=0');
  await fault(sim, { kind: 'set', settings: { channelsPerGuild: channels.length } });
  await desk.bot();
  const ticket = await openTicket(ctx);
  await say(ctx, ticket.id, 'anybody?');
  await eventually(async () =>
    expect((await mirrorOf(ticket.id))?.problem).toMatch(/no room for another channel/),
  );
  await fault(sim, { kind: 'set', settings: { channelsPerGuild: 500 } });
  const channel = await channelOf(sim, ticket.number);
  await textsAre(channel.id, ['**Ana**: anybody?']);
});

test('a channel deleted by hand is made again, with what was said', async () => {
  const { ctx, sim } = desk;
  await desk.bot();
  const ticket = await openTicket(ctx);
  const before = await channelOf(sim, ticket.number);
  const kim = discordPerson(sim, 'kim');
  const early = await say(ctx, ticket.id, 'one');
  await textsAre(before.id, ['**Ana**: one']);
  await kim.write(before.id, 'two');
  await eventually(async () => expect(await seen(ctx, ticket.id)).toHaveLength(2));
  await textsAre(before.id, ['**Ana**: one', 'two']);
  await discordPerson(sim, 'admin').call('DELETE', `/channels/${before.id}`);
  await say(ctx, ticket.id, 'three');
  const after = await eventually(async () => {
    const channel = await channelOf(sim, ticket.number);
    expect(channel.id).not.toBe(before.id);
    return channel;
  });
  await eventually(async () => {
    const texts = await textsIn(sim, after.id);
    expect(texts[0]).toMatch(/^-# The channel was deleted/);
    expect(texts.slice(1)).toEqual(['**Ana**: three']);
  });
  const [, note] = await messagesIn(sim, after.id);
  const page = await (await fetch(note?.attachments[0]?.url as string)).text();
  expect(page).toContain('two');
  await kim.write(after.id, 'four');
  await eventually(async () =>
    expect((await seen(ctx, ticket.id)).map(({ content }) => content)).toEqual([
      'one',
      'two',
      'three',
      'four',
    ]),
  );
  expect(early.deleted).toBe(false);
});

test('when a channel is deleted while a message from it is taken in, then nobody loses the message', async () => {
  const { ctx, sim } = desk;
  const bot = await desk.bot(seldom);
  const ticket = await openTicket(ctx);
  const before = await channelOf(sim, ticket.number);
  // With its card there the bot knows whose channel it is.
  await eventually(async () => expect(await messagesIn(sim, before.id)).not.toHaveLength(0));
  const kim = discordPerson(sim, 'kim');
  await fault(sim, { kind: 'delay', path: '^/attachments/', ms: 1500, times: 1 });
  const data = Buffer.from('the bill');
  const post = await kim.attach(before.id, 'your bill', [{ name: 'bill.txt', data }]);
  await kim.edit(before.id, post.id, 'your new bill');
  await discordPerson(sim, 'admin').call('DELETE', `/channels/${before.id}`);
  const after = await eventually(async () => {
    const channel = await channelOf(sim, ticket.number);
    expect(channel.id).not.toBe(before.id);
    return channel;
  });
  const contentsAre = (wanted: string[]) =>
    eventually(async () =>
      expect((await seen(ctx, ticket.id)).map(({ content }) => content)).toEqual(wanted),
    );
  await contentsAre(['your new bill']);
  await bot.stop();
  await kim.write(after.id, 'anything else?');
  // The next bot begins with a look into the channel, where the message never was.
  await desk.bot(seldom);
  await contentsAre(['your new bill', 'anything else?']);
  await kim.write(after.id, 'bye');
  await contentsAre(['your new bill', 'anything else?', 'bye']);
  expect(await textsIn(sim, after.id)).toContain('**Kim** (staff): your new bill');
});

test('what was deleted right before its channel is taken back though no row tells of it any more', async () => {
  const { ctx, sim } = desk;
  await desk.bot(seldom);
  const ticket = await openTicket(ctx);
  const before = await channelOf(sim, ticket.number);
  await eventually(async () => expect(await messagesIn(sim, before.id)).not.toHaveLength(0));
  const kim = discordPerson(sim, 'kim');
  const slip = await kim.write(before.id, 'a slip');
  await eventually(async () => expect(await seen(ctx, ticket.id)).toHaveLength(1));
  // What is told of meanwhile has its turn when the channel is gone.
  await fault(sim, { kind: 'delay', path: '^/attachments/', ms: 2500, times: 1 });
  const data = Buffer.from('the bill');
  const bill = await kim.attach(before.id, 'the wrong bill', [{ name: 'bill.txt', data }]);
  await kim.write(before.id, 'what stays');
  for (const { id } of [slip, bill]) await kim.remove(before.id, id);
  await discordPerson(sim, 'admin').call('DELETE', `/channels/${before.id}`);
  const after = await eventually(async () => {
    const channel = await channelOf(sim, ticket.number);
    expect(channel.id).not.toBe(before.id);
    return channel;
  }, patience);
  await kim.write(after.id, 'anything else?');
  await eventually(
    async () =>
      expect((await seen(ctx, ticket.id)).map(({ content }) => content)).toEqual([
        'what stays',
        'anything else?',
      ]),
    patience,
  );
  await eventually(
    async () => expect(await textsIn(sim, after.id)).toContain('**Kim** (staff): what stays'),
    patience,
  );
  const texts = (await textsIn(sim, after.id)).join('\n');
  for (const gone of ['slip', 'the wrong bill', 'Add Reactions']) expect(texts).not.toContain(gone);
});

test('a message that a look has met edited is not set back by its own first event, where its channel is deleted meanwhile', async () => {
  const { ctx, sim } = desk;
  await desk.bot(seldom);
  const ticket = await openTicket(ctx);
  const before = await channelOf(sim, ticket.number);
  await eventually(async () => expect(await messagesIn(sim, before.id)).not.toHaveLength(0));
  const kim = discordPerson(sim, 'kim');
  // The channel is read before what the session brings of it; then the file takes its time.
  await fault(sim, { kind: 'delay', path: '^/attachments/', ms: 1500, times: 1 });
  await fault(sim, { kind: 'gateway-drop', who: 'bot', code: 4000 });
  const data = Buffer.from('the bill');
  const post = await kim.attach(before.id, 'your bill', [{ name: 'bill.txt', data }]);
  await kim.edit(before.id, post.id, 'your new bill');
  await sleep(800);
  await discordPerson(sim, 'admin').call('DELETE', `/channels/${before.id}`);
  const after = await eventually(async () => {
    const channel = await channelOf(sim, ticket.number);
    expect(channel.id).not.toBe(before.id);
    return channel;
  });
  await kim.write(after.id, 'anything else?');
  await eventually(async () =>
    expect((await seen(ctx, ticket.id)).map(({ content }) => content)).toEqual([
      'your new bill',
      'anything else?',
    ]),
  );
  // A look may be quicker than the edit; but the first words never come back after the second.
  const told = await contentsOf(ticket.id);
  const first = told.indexOf('your new bill');
  expect(told.slice(first)).not.toContain('your bill');
});

test('a channel deleted while no bot was there is made again too', async () => {
  const { ctx, sim } = desk;
  const first = await desk.bot();
  const ticket = await openTicket(ctx);
  const before = await channelOf(sim, ticket.number);
  await textsAre(before.id, []);
  await first.stop();
  await discordPerson(sim, 'admin').call('DELETE', `/channels/${before.id}`);
  await desk.bot();
  await channelOf(sim, ticket.number);
});

test('a refused token is said and reported, and the bridge comes back when it is mended', async () => {
  const { ctx, sim } = desk;
  await fault(sim, { kind: 'revoke-token' });
  const { health, reported, ctx: parts } = watched();
  const lines: Record<string, unknown>[] = [];
  const write = (line: string) => void lines.push(JSON.parse(line));
  await desk.bot({ ctx: { ...parts, log: pino({ level: 'debug' }, { write }) } });
  const ticket = await openTicket(ctx);
  await eventually(() => {
    expect(health.report()).toMatchObject({
      status: 'degraded',
      parts: { discord: { reason: expect.stringContaining('refuses the token') } },
    });
    expect(reported.join()).toContain('refuses the token');
  });
  expect(await channelsOf(sim, ticket.number)).toEqual([]);
  // What is refused and tried again is a warning, once.
  await eventually(
    () => {
      const down = lines.filter(({ msg }) => msg === 'the bridge to Discord is down, trying again');
      expect(down.slice(0, 2).map(({ level }) => level)).toEqual([40, 20]);
    },
    { timeout: 10_000 },
  );
  await fault(sim, { kind: 'restore-token' });
  await eventually(async () => expect(await channelsOf(sim, ticket.number)).toHaveLength(1), {
    timeout: 15_000,
  });
  await eventually(() => expect(health.report().status).toBe('ok'));
});

test('an answer to an interaction that is cut off on its way is a warning, and no bug', async () => {
  const { ctx, sim } = desk;
  const { reported, ctx: parts } = watched();
  const lines: Record<string, unknown>[] = [];
  const write = (line: string) => void lines.push(JSON.parse(line));
  await desk.bot({ ctx: { ...parts, log: pino({ level: 'debug' }, { write }) } });
  const channel = await channelOf(sim, (await openTicket(ctx)).number);
  await fault(sim, { kind: 'reset', method: 'POST', path: '/callback$', who: 'bot' });
  await discordPerson(sim, 'kim').command(channel.id, 'history');
  await eventually(() =>
    expect(lines).toContainEqual(
      expect.objectContaining({ level: 40, msg: 'an interaction was not answered' }),
    ),
  );
  expect(reported).toEqual([]);
  expect(lines.filter(({ level }) => Number(level) >= 50)).toEqual([]);
});

test('a token that is revoked at work stops the bridge and alerts', async () => {
  const { ctx, sim } = desk;
  const { health, reported, ctx: parts } = watched();
  await desk.bot({ ctx: parts });
  const ticket = await openTicket(ctx);
  const channel = await channelOf(sim, ticket.number);
  await fault(sim, { kind: 'revoke-token' });
  await say(ctx, ticket.id, 'hello?');
  await eventually(() => {
    expect(health.report().status).toBe('degraded');
    expect(reported.join()).toContain('refuses the token');
  });
  await fault(sim, { kind: 'restore-token' });
  await textsAre(channel.id, ['**Ana**: hello?']);
});

test('a refused intent is explained in one sentence', async () => {
  const { sim } = desk;
  await fault(sim, { kind: 'set', settings: { privilegedIntents: [] } });
  const { health, ctx: parts } = watched();
  await desk.bot({ ctx: parts });
  await eventually(() =>
    expect(health.report().parts.discord).toEqual({
      state: 'degraded',
      reason:
        'Discord refuses the intents: switch on "Message Content Intent" for the bot in the Developer Portal',
    }),
  );
});

test('Discord away at the start changes nothing but the time', async () => {
  const { ctx, sim } = desk;
  await fault(sim, { kind: 'status', status: 503, who: 'bot' });
  const { health, ctx: parts } = watched();
  await desk.bot({ ctx: parts });
  const ticket = await openTicket(ctx);
  await eventually(() => expect(health.report().status).toBe('degraded'));
  await clearFaults(sim);
  await channelOf(sim, ticket.number);
  expect(health.report().status).toBe('ok');
});

test('while Discord is away an agent sees what waits for it, and a customer sees nothing of it', async () => {
  const { ctx, sim } = desk;
  await desk.bot();
  const ticket = await openTicket(ctx);
  const channel = await channelOf(sim, ticket.number);
  const early = await say(ctx, ticket.id, 'one');
  await discordPerson(sim, 'kim').write(channel.id, 'two');
  await eventually(async () => expect(await statesOf(ticket.id)).toEqual(['posted', 'posted']));
  await fault(sim, { kind: 'status', status: 503, who: 'bot' });
  await say(ctx, ticket.id, 'three', agent);
  await editMessage(ctx, customer, ticket.id, early.id, { content: 'one again' });
  const unmet = await openTicket(ctx);
  await say(ctx, unmet.id, 'anybody?');
  expect(await statesOf(ticket.id)).toEqual(['waiting', 'posted', 'waiting']);
  expect(await statesOf(unmet.id)).toEqual(['waiting']);
  for (const { id } of [ticket, unmet]) {
    for (const message of await seen(ctx, id)) expect(message).not.toHaveProperty('mirror');
  }
  await clearFaults(sim);
  await eventually(async () => {
    expect(await statesOf(ticket.id)).toEqual(['posted', 'posted', 'posted']);
    expect(await statesOf(unmet.id)).toEqual(['posted']);
  });
});

test('while no bot is there, what is said and taken back waits for it', async () => {
  const { ctx, sim } = desk;
  const bot = await desk.bot();
  const ticket = await openTicket(ctx);
  const channel = await channelOf(sim, ticket.number);
  await discordPerson(sim, 'kim').write(channel.id, 'a slip');
  await eventually(async () => expect(await seen(ctx, ticket.id)).toHaveLength(1));
  await bot.stop();
  const [slip] = await seen(ctx, ticket.id);
  await deleteMessage(ctx, agent, ticket.id, slip?.id as string);
  const unmet = await openTicket(ctx);
  await say(ctx, unmet.id, 'anybody?');
  const changes = async () =>
    (await listMessages(ctx, agent, ticket.id, { after: 0 })).messages.map(({ mirror }) => mirror);
  expect(await changes()).toEqual(['waiting']);
  expect(await statesOf(unmet.id)).toEqual(['waiting']);
  await desk.bot();
  await eventually(async () => expect(await changes()).toEqual(['posted']));
  await eventually(async () => expect(await statesOf(unmet.id)).toEqual(['posted']));
});
