import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { commands } from '../../bot/commands/registry.ts';
import { createLinkCode } from '../../src/domain/agents/link.ts';
import { listBlocks } from '../../src/domain/blocks/blocks.ts';
import { createCannedReply } from '../../src/domain/canned-replies/canned-replies.ts';
import { scheduleWork } from '../../src/domain/schedule.ts';
import { claimTicket } from '../../src/domain/tickets/assign.ts';
import { closeTicket } from '../../src/domain/tickets/close.ts';
import { getTicket } from '../../src/domain/tickets/read.ts';
import { snoozeTicket } from '../../src/domain/tickets/snooze.ts';
import { updateTicket } from '../../src/domain/tickets/update.ts';
import { openStatuses } from '../../src/domain/tickets/workflow.ts';
import { startWorker } from '../../src/worker-role.ts';
import { agent, customer, type Desk, openDesk, openTicket, say, seen } from '../support/bridge.ts';
import {
  channelOf,
  channelsOf,
  type DiscordPerson,
  discordPerson,
  fault,
  messagesIn,
  type SimState,
  stateOf,
  textsIn,
} from '../support/discord.ts';
import { eventually } from '../support/eventually.ts';
import { interactionsOf } from '../support/interactions.ts';

let desk: Desk;
let worker: ReturnType<typeof startWorker>;
let people: Record<'kim' | 'robin' | 'admin' | 'member', DiscordPerson>;
let kim: ReturnType<typeof interactionsOf>;
let robin: ReturnType<typeof interactionsOf>;
let admin: ReturnType<typeof interactionsOf>;
let nowhere: string;

beforeAll(async () => {
  desk = await openDesk();
  worker = startWorker(desk.ctx);
  await desk.bot();
  const person = (who: 'kim' | 'robin' | 'admin' | 'member') => discordPerson(desk.sim, who);
  people = {
    kim: person('kim'),
    robin: person('robin'),
    admin: person('admin'),
    member: person('member'),
  };
  kim = interactionsOf(desk.sim, people.kim);
  robin = interactionsOf(desk.sim, people.robin);
  admin = interactionsOf(desk.sim, people.admin);
  nowhere = desk.sim.state.channels.transcripts;
  await eventually(async () => {
    const { commands: there } = await stateOf(desk.sim, '?calls=0&messages=0');
    expect(there).toHaveLength(commands.size);
  });
});
afterAll(async () => {
  await worker.stop();
  await desk.end();
});

async function open(overrides: object = {}) {
  const ticket = await openTicket(desk.ctx, overrides);
  const channel = await channelOf(desk.sim, ticket.number);
  return { ticket, id: ticket.id, channelId: channel.id as string };
}
const view = (id: string) => getTicket(desk.ctx, agent, id);

interface Row {
  command: string;
  options?: Record<string, string | number | boolean>;
  says: string;
  becomes: object;
}

/** The life of one ticket, in this order. */
const life: Row[] = [
  {
    command: 'claim',
    says: 'The ticket is yours now, and IN_PROGRESS.',
    becomes: { status: 'IN_PROGRESS', assignee: { name: 'Kim' } },
  },
  {
    command: 'unclaim',
    says: "The ticket is nobody's now",
    becomes: { assigned_to: null },
  },
  {
    command: 'priority',
    options: { priority: 'high' },
    says: 'The priority is HIGH, the level URGENT.',
    becomes: { priority: 'HIGH', issue_level: 'URGENT' },
  },
  {
    command: 'category',
    options: { category: 'billing', sub_category: 'refund' },
    says: 'The category is BILLING.',
    becomes: { category: 'BILLING', sub_category: 'refund' },
  },
  {
    command: 'topic',
    options: { topic: 'Where *is* it' },
    says: 'The topic is now: Where \\*is\\* it',
    becomes: { topic: 'Where *is* it' },
  },
  {
    command: 'schedule',
    options: { date: '2031-05-06' },
    says: 'The ticket is scheduled for 2031-05-06.',
    becomes: { scheduled_date: '2031-05-06' },
  },
  {
    command: 'tag add',
    options: { tag: 'vip' },
    says: 'The tags are: vip.',
    becomes: { tags: ['vip'] },
  },
  {
    command: 'tag add',
    options: { tag: 'late' },
    says: 'The tags are: vip, late.',
    becomes: { tags: ['vip', 'late'] },
  },
  {
    command: 'tag remove',
    options: { tag: 'vip' },
    says: 'The tags are: late.',
    becomes: { tags: ['late'] },
  },
  {
    command: 'snooze',
    options: { until: '2h' },
    says: 'The ticket is left out of /queue until <t:',
    becomes: { snoozed_until: expect.any(Number) },
  },
  {
    command: 'snooze',
    options: { until: 'off' },
    says: 'The ticket is not put aside any more.',
    becomes: { snoozed_until: null },
  },
  {
    command: 'acknowledge',
    says: 'Noted: no further role is called',
    becomes: { escalation: null },
  },
  {
    command: 'status',
    options: { status: 'on hold', comment: 'until the parcel is found' },
    says: 'The ticket is WAITING now',
    becomes: { status: 'WAITING' },
  },
  {
    command: 'close-request',
    says: 'The customer is asked whether it is solved.',
    becomes: { close_request: { by_name: 'Kim' } },
  },
  {
    command: 'resolve',
    options: { comment: 'found' },
    says: 'The ticket is RESOLVED.',
    becomes: { status: 'RESOLVED' },
  },
  {
    command: 'reopen',
    says: 'is open again. It is in <#',
    becomes: { status: 'REOPENED' },
  },
];

test('every verb does what it says, and says it', async () => {
  const { id, channelId } = await open();
  for (const { command, options, says, becomes } of life) {
    const { content } = await kim.run(channelId, command, options);
    expect(`${command}: ${content}`).toContain(says);
    expect([command, await view(id)]).toMatchObject([command, becomes]);
  }
  const { content } = await kim.run(channelId, 'history');
  expect(content).toMatch(
    /\*\*Kim\*\* claimed: status: OPEN → IN\\?_PROGRESS, assignee: none → Kim/,
  );
  expect(content).toMatch(/tagged \(staff only\): tags: none → vip/);
  expect(content).toContain('“until the parcel is found”');
  // A moment is one, and no number of milliseconds.
  expect(content).toMatch(/snoozed\\?_until: none → <t:\d+:f>/);
}, 60_000);

const refusals: [string, Record<string, string>, string][] = [
  ['priority', { priority: 'whatever' }, 'priority is not a priority'],
  ['category', { category: 'whatever' }, 'category is not a category'],
  ['status', { status: 'WAITING' }, 'it may become ASSIGNED, IN_PROGRESS, CLOSED, WITHDRAWN'],
  ['status', { status: 'nonsense' }, 'status '],
  ['resolve', {}, 'a ticket that is OPEN cannot become RESOLVED'],
  ['snooze', { until: 'soon' }, 'until must be like 2h, 3d'],
  ['snooze', { until: '2001-01-01' }, 'until is past'],
  ['schedule', { date: 'tomorrow' }, 'date must be a day as YYYY-MM-DD.'],
  ['close', { in: 'later' }, 'in must be like 10m, 2h'],
  ['close', { in: '60d' }, 'in must be at most 30 days.'],
  ['block', { reason: 'spam', until: '2001-01-01' }, 'until lies in the past'],
  ['search', { text: '!!!' }, 'text has no word to look for.'],
  ['tag add', { tag: ' ' }, 'tag must not be empty.'],
  ['note', { text: ' ' }, 'text must have something visible.'],
  ['reopen', { reason: 'why not' }, 'a ticket that is OPEN cannot become REOPENED'],
  ['canned send', { name: 'no such' }, 'canned reply'],
];

test('what cannot be is refused in the words of the domain, and changes nothing', async () => {
  const { id, channelId } = await open();
  const before = await view(id);
  for (const [command, options, says] of refusals) {
    const { content } = await kim.run(channelId, command, options);
    expect(content).toContain('That did not work:');
    expect(content).toContain(says);
  }
  const { updated_at: _, sla: __, ...after } = await view(id);
  expect(before).toMatchObject(after);
}, 60_000);

/** Every command there is, with something for all it asks for. */
function everyUse(): { command: string; options: Record<string, string | number | boolean> }[] {
  const value: Record<number, string | number | boolean> = { 4: 1, 5: true, 6: people.kim.id };
  const fill = (options: SimState[] = []) =>
    Object.fromEntries(
      options
        .filter(({ required }) => required)
        .map((one) => [one.name, one.choices?.[0].value ?? value[one.type] ?? 'x']),
    );
  return [...commands.values()].flatMap(({ data }) => {
    const subcommands = (data.options ?? []).filter(({ type }) => type === 1) as SimState[];
    if (subcommands.length === 0) return [{ command: data.name, options: fill(data.options) }];
    return subcommands.map((one) => ({
      command: `${data.name} ${one.name}`,
      options: fill(one.options),
    }));
  });
}

test('no command is for who is not of the staff, and those of a ticket are for its channel', async () => {
  const { id, channelId } = await open();
  const before = await view(id);
  const allow = { type: 1, allow: String((1n << 10n) | (1n << 11n)), deny: '0' };
  const path = `/channels/${channelId}/permissions/${people.member.id}`;
  await people.admin.call('PUT', path, allow);
  const mo = interactionsOf(desk.sim, people.member);
  for (const { command, options } of everyUse()) {
    const { content } = await mo.run(channelId, command, options);
    expect([command, content]).toEqual([command, 'Only the support staff may do this.']);
  }
  const ofTickets = everyUse().filter(
    ({ command }) => commands.get(command.split(' ')[0] ?? '')?.scope === 'ticket',
  );
  expect(ofTickets.length).toBeGreaterThan(15);
  for (const { command, options } of ofTickets) {
    const { content } = await kim.run(nowhere, command, options);
    expect([command, content]).toEqual([command, "This is not an open ticket's channel."]);
  }
  const after = await view(id);
  expect(after).toMatchObject({ status: before.status, last_seq: before.last_seq });
}, 60_000);

test('what may be given is offered: priorities, categories, the moves there are, tags', async () => {
  const { id, channelId } = await open();
  await updateTicket(desk.ctx, agent, id, { tags: ['vip', 'late'] });
  const offer = async (command: string, option: string, typed: string, where = channelId) =>
    (await kim.complete(where, command, option, typed)).map(({ value }) => value);
  expect(await offer('priority', 'priority', '')).toEqual(['URGENT', 'HIGH', 'MEDIUM', 'LOW']);
  expect(await offer('priority', 'priority', 'hi')).toEqual(['HIGH']);
  expect(await offer('category', 'category', 'feat')).toEqual(['FEATURE_REQUEST']);
  expect(await offer('status', 'status', '')).toEqual([
    'ASSIGNED',
    'IN_PROGRESS',
    'CLOSED',
    'WITHDRAWN',
  ]);
  expect(await offer('tag remove', 'tag', 'v')).toEqual(['vip']);
  expect(await offer('status', 'status', '', nowhere)).toEqual([]);
});

describe('closing', () => {
  test('closes after ten seconds in which it can be undone', async () => {
    const { id, channelId } = await open();
    const answer = await kim.run(channelId, 'close', { reason: 'solved' });
    expect(answer.content).toMatch(/^The ticket closes <t:\d+:R>\. Then the transcript is made/);
    const undone = await kim.replace(channelId, answer, `undo:${id}`);
    expect(undone).toMatchObject({ content: 'Undone: the ticket stays open.', components: [] });
    expect(await view(id)).toMatchObject({ status: 'OPEN', closing_due_at: null });
  });

  test('what is not undone is closed with the reason, and then it is too late', async () => {
    const { ticket, id, channelId } = await open();
    const form = await kim.form({ press: [channelId, await cardOf(channelId), `close:${id}`] });
    const answer = await kim.submit(channelId, form.custom_id, { reason: 'It has come' });
    expect(answer.content).toContain('The ticket closes <t:');
    // As if the ten seconds had passed.
    const due = desk.ctx.db.due.collection;
    const row = await due.findOne({ kind: 'close-ticket', key: id });
    await scheduleWork(desk.ctx, {
      kind: 'close-ticket',
      key: id,
      at: Date.now(),
      data: row?.data,
    });
    await eventually(async () =>
      expect(await view(id)).toMatchObject({ status: 'CLOSED', close_reason: 'It has come' }),
    );
    await eventually(async () => expect(await channelsOf(desk.sim, ticket.number)).toEqual([]));
    const { content } = await kim.run(nowhere, 'reopen', { number: ticket.number });
    expect(content).toContain('is open again. It gets a channel with what was said.');
    await channelOf(desk.sim, ticket.number);
    expect(await view(id)).toMatchObject({ status: 'REOPENED' });
  });

  test('in a channel that Discord shows before the bot has its answer, a command finds its ticket', async () => {
    const path = '/guilds/\\d+/channels$';
    const late = { kind: 'delay', method: 'POST', path, when: 'after', ms: 700, times: 1 };
    await fault(desk.sim, late);
    const { id, channelId } = await open();
    expect((await kim.run(channelId, 'claim')).content).toContain('The ticket is yours now');
    expect(await view(id)).toMatchObject({ assignee: { name: 'Kim' } });
  });

  test('later, colleagues are told in the channel, the customer unless it is silent', async () => {
    const { id, channelId } = await open();
    const closing = async () => {
      const own = await getTicket(desk.ctx, customer, id);
      return own.closing_due_at;
    };
    const silent = await kim.run(channelId, 'close', { in: '2h', silent: true });
    expect(silent.content).toContain('The ticket closes <t:');
    expect(await closing()).toBeNull();
    const answer = await kim.run(channelId, 'close', { in: '3h' });
    expect(answer.content).toContain('The ticket closes <t:');
    expect(await closing()).toEqual(expect.any(Number));
    await eventually(async () =>
      expect(await textsIn(desk.sim, channelId)).toEqual([
        expect.stringMatching(/^-# Kim has this ticket closed <t:\d+:f>: its customer is not told/),
        expect.stringMatching(/^-# Kim has this ticket closed <t:\d+:f>: its customer knows\.$/),
      ]),
    );
    expect(answer.components[0].components[0].custom_id).toBe(`undo:${id}:told`);
    // Whoever of the staff is in the channel may call it off.
    const posted = (await messagesIn(desk.sim, channelId)).at(-1);
    const undone = await robin.press(channelId, posted?.id as string, `undo:${id}:told`);
    expect(undone.content).toBe('Undone: the ticket stays open.');
    expect(await closing()).toBeNull();
    await eventually(async () =>
      expect((await textsIn(desk.sim, channelId)).at(-1)).toBe(
        '-# Robin has called the closing off: the ticket stays open.',
      ),
    );
    const mo = interactionsOf(desk.sim, people.member);
    await people.admin.call('PUT', `/channels/${channelId}/permissions/${people.member.id}`, {
      type: 1,
      allow: String((1n << 10n) | (1n << 11n)),
      deny: '0',
    });
    const refused = await mo.press(channelId, posted?.id as string, `undo:${id}:told`);
    expect(refused.content).toBe('Only the support staff may do this.');
    expect(refused.id).not.toBe(posted?.id);
  });
});

async function cardOf(channelId: string): Promise<string> {
  return eventually(async () => {
    const [card] = await messagesIn(desk.sim, channelId);
    if (!card) throw new Error('there is no card yet');
    return card.id;
  });
}

/** The messages under which somebody was told whose the ticket is. */
async function warnedBy(channelId: string, name: string) {
  const all = await messagesIn(desk.sim, channelId);
  const lines = all.filter(({ content }) => content.startsWith(`-# ${name} has this ticket.`));
  return lines.map((one) => one.message_reference?.message_id);
}

describe('who has the ticket', () => {
  test('is handed over by those who may, to members of the staff', async () => {
    const { id, channelId } = await open();
    const { member, robin: other } = people;
    const refused = await kim.run(channelId, 'transfer', { member: other.id });
    expect(refused.content).toContain('only ADMIN, or whom the operator lets, may assign');
    const nobody = await admin.run(channelId, 'transfer', { member: member.id });
    expect(nobody.content).toBe('Mo has no role of the support staff.');
    const given = await admin.run(channelId, 'transfer', { member: other.id });
    expect(given.content).toContain("The ticket is Robin's now, and ASSIGNED.");
    expect(await view(id)).toMatchObject({ assigned_to: other.id, assignee: { name: 'Robin' } });
    // Whoever acts in Discord is present, and may be given one.
    const auto = await admin.run(channelId, 'transfer');
    expect(auto.content).toMatch(/^The ticket is \w+'s now, and ASSIGNED/);
  });

  test('is told, once, to who answers though another has it', async () => {
    const { id, channelId } = await open();
    await robin.run(channelId, 'claim');
    await eventually(async () => expect((await view(id)).assignee?.name).toBe('Robin'));
    const first = await people.kim.write(channelId, 'I know this one');
    await people.kim.write(channelId, 'and more');
    await people.robin.write(channelId, 'mine');
    await eventually(async () => {
      expect(await seen(desk.ctx, id)).toHaveLength(3);
      expect(await warnedBy(channelId, 'Robin')).toEqual([first.id]);
    });
    expect((await kim.run(channelId, 'claim')).content).toContain('Robin’s already');
  });

  test('is not told to who has it by another identity of theirs', async () => {
    const { code } = await createLinkCode(desk.ctx, agent);
    await robin.run(nowhere, 'link', { code });
    const { id, channelId } = await open();
    await claimTicket(desk.ctx, agent, id);
    await eventually(async () => {
      const [card] = await messagesIn(desk.sim, channelId);
      expect(JSON.stringify(card?.embeds)).toContain('Assigned to');
    });
    await people.robin.write(channelId, 'mine, from here');
    const other = await people.kim.write(channelId, 'not mine');
    await eventually(async () => expect(await warnedBy(channelId, 'Bob')).toEqual([other.id]));
  });
});

describe('canned replies', () => {
  test('are made and changed in forms, offered by name, shown, sent in one’s name, and removed by ADMIN', async () => {
    const { ticket, id, channelId } = await open();
    const made = await kim.form({ run: [nowhere, 'canned add'] });
    const added = await kim.submit(nowhere, made.custom_id, {
      name: 'Greeting',
      text: 'Hello {customer},\n{staff} sees to {ticket} **now**.',
    });
    expect(added.content).toContain('The canned reply Greeting is there for everybody');
    await createCannedReply(desk.ctx, agent, { name: 'Greek', text: 'x', partner: 'else' });
    const choices = await kim.complete(channelId, 'canned send', 'name', 'gree');
    expect(choices.map(({ name }) => name)).toEqual([expect.stringContaining('Greeting · Hello')]);
    const name = choices[0]?.value as string;
    const said = `Hello Ana,\nKim sees to #${ticket.number} **now**.`;
    const shown = await kim.run(channelId, 'canned preview', { name });
    expect(shown.content).toContain(`Hello Ana,\nKim sees to #${ticket.number} \\*\\*now\\*\\*.`);
    const button = shown.components[0].components[0].custom_id;
    const sent = await kim.replace(channelId, shown, button);
    expect(sent.content).toContain('The customer has it, in your name');
    await kim.run(channelId, 'canned send', { name: 'greeting' });
    expect((await seen(desk.ctx, id)).map(({ content }) => content)).toEqual([said, said]);
    await eventually(async () => {
      const texts = await textsIn(desk.sim, channelId);
      expect(texts.filter((text) => text.startsWith('**Kim** (staff): Hello Ana'))).toHaveLength(2);
    });
    const form = await kim.form({ run: [nowhere, 'canned edit', { name }] });
    expect(JSON.stringify(form)).toContain('{staff} sees to');
    await kim.submit(nowhere, form.custom_id, { name: 'Farewell', text: 'Bye' });
    expect((await kim.run(nowhere, 'canned list')).content).toContain('**Farewell** · Bye');
    const kept = await kim.run(nowhere, 'canned remove', { name });
    expect(kept.content).toContain('only ADMIN may delete a canned reply');
    const gone = await admin.run(nowhere, 'canned remove', { name });
    expect(gone.content).toBe('The canned reply Farewell is gone.');
  });
});

describe('customers', () => {
  test('are blocked with a reason and an end, and unblocked', async () => {
    const { id, channelId } = await open();
    const blocked = await kim.run(channelId, 'block', { reason: 'spam', until: '7d' });
    expect(blocked.content).toMatch(/^Ana is blocked until <t:\d+:f>/);
    await expect(say(desk.ctx, id, 'hello')).rejects.toMatchObject({ code: 'FORBIDDEN' });
    const twice = await kim.run(channelId, 'block', { reason: 'spam' });
    expect(twice.content).toContain('this customer is blocked already');
    const offered = await kim.complete(nowhere, 'unblock', 'customer', 'ana');
    expect(offered[0]?.name).toBe('ana · spam');
    expect((await kim.run(channelId, 'unblock')).content).toBe('ana may write again.');
    expect((await listBlocks(desk.ctx, agent, {})).total).toBe(0);
    expect((await kim.run(channelId, 'unblock')).content).toBe('No such customer is blocked.');
    expect((await kim.run(nowhere, 'unblock')).content).toBe(
      "This is not an open ticket's channel: say which customer.",
    );
    await say(desk.ctx, id, 'hello');
  });

  test('are described with their tickets, without an e-mail address', async () => {
    const { ticket, channelId } = await open();
    const { id: messageId, content, components } = await kim.run(channelId, 'customer');
    expect(content).toContain('**Ana** · id ana');
    expect(content).toContain(`**#${ticket.number}** <#${channelId}>`);
    expect(content).not.toContain(customer.email);
    const [button] = components[0].components;
    expect(button.custom_id).toBe(`contact:${ticket.id}`);
    const shown = await kim.press(channelId, messageId, button.custom_id);
    expect(shown.content).toContain(customer.email);
  });
});

describe('the desk as a whole', () => {
  test('what is put aside, however much and however urgent, hides nothing else from /queue', async () => {
    const earlier = await Promise.all(Array.from({ length: 6 }, () => openTicket(desk.ctx)));
    const open = await desk.ctx.db.tickets.collection
      .find({ status: { $in: [...openStatuses] } })
      .toArray();
    expect(open.length).toBeGreaterThanOrEqual(earlier.length);
    const until = Date.now() + 3_600_000;
    for (const { _id } of open) await snoozeTicket(desk.ctx, agent, String(_id), until);
    await openTicket(desk.ctx, { topic: 'Okapi' });
    // When it is due is planned by the worker.
    await eventually(async () => {
      const { content } = await kim.run(nowhere, 'queue');
      expect(content).toMatch(/longest wait first.*Okapi.*Due next.*Okapi/s);
    });
  });

  test('/queue has who waits longest first, without what is put aside; /search finds by words', async () => {
    const first = await open({ topic: 'Quetzal one' });
    const second = await open({ topic: 'Quetzal two' });
    const aside = await open({ topic: 'Quetzal three' });
    await kim.run(aside.channelId, 'snooze', { until: '1d' });
    await claimTicket(desk.ctx, agent, second.id);
    // Those of other tests wait, too.
    const { content } = await kim.run(nowhere, 'queue');
    expect(content).toContain('**Not taken yet, the longest wait first**');
    expect(content).not.toContain('Quetzal three');
    await eventually(async () => {
      const found = (await kim.run(nowhere, 'search', { text: 'quetzal' })).content as string;
      const numbers = [...found.matchAll(/\*\*#(\d+)\*\*/g)].map(([, number]) => Number(number));
      const wanted = [aside, second, first].map(({ ticket }) => ticket.number);
      expect(numbers).toEqual(wanted);
    });
    const none = await kim.run(nowhere, 'search', { text: 'xylophone' });
    expect(none.content).toBe('No ticket that you may see has all of these words.');
    await closeTicket(desk.ctx, agent, first.id, {});
  });

  test('/agents has who is there, /away keeps tickets from being given, /stats has the numbers', async () => {
    expect((await kim.run(nowhere, 'agents')).content).toMatch(/\*\*Kim\*\* · online · \d+ open/);
    expect((await kim.run(nowhere, 'away', { away: true })).content).toContain('You are away');
    expect((await kim.run(nowhere, 'agents')).content).toContain('**Kim** · away');
    expect((await kim.run(nowhere, 'away', { away: false })).content).toContain('You are there');
    await eventually(async () => {
      const { content } = await kim.run(nowhere, 'stats');
      expect(content).toContain('**The tickets assigned to you**');
      expect(content).toMatch(/Open: \d+ of \d+/);
    });
    expect((await admin.run(nowhere, 'stats')).content).toContain('**All tickets**');
  });

  test('/transcript gives what was said up to now, without notes, to who asks', async () => {
    const { id, channelId } = await open();
    await say(desk.ctx, id, 'a word of mine');
    await kim.run(channelId, 'note', { text: 'a secret' });
    const { attachments } = await kim.run(channelId, 'transcript');
    const page = await (await fetch(attachments[0].url)).text();
    expect(page).toContain('a word of mine');
    expect(page).not.toContain('a secret');
  });
});
