import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readMark } from '../../bot/marking.ts';
import { listNotes } from '../../src/domain/messages/notes.ts';
import { findPost } from '../../src/domain/mirror/posts.ts';
import { signalRead, signalTyping } from '../../src/domain/signals.ts';
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
    startDesk({ DISCORD_REPLY_MODE: 'reply' }),
  ]);
  desk = usual.desk;
  kim = usual.kim;
  strict = replying;
});
afterAll(() => Promise.all([desk.end(), strict.desk.end()]));

async function open(at: Desk = desk) {
  const { id, number } = await openTicket(at.ctx);
  return { id, channelId: (await channelOf(at.sim, number)).id as string };
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

describe('a change of DISCORD_REPLY_MODE', () => {
  type Mode = 'all' | 'reply';
  let at: Desk;
  let who: DiscordPerson;
  let robin: DiscordPerson;

  beforeAll(async () => {
    at = await openDesk();
    who = discordPerson(at.sim, 'kim');
    robin = discordPerson(at.sim, 'robin');
  });
  afterAll(() => at.end());

  const start = async (replyMode: Mode, failpoint = at.ctx.failpoint) => {
    await at.stopBots();
    await at.bot({ ctx: { config: { ...at.config, replyMode }, failpoint } });
  };
  const changeRoles = (roles: string[]) =>
    discordPerson(at.sim, 'admin').call(
      'PATCH',
      `/guilds/${at.sim.state.guildId}/members/${robin.id}`,
      { roles },
    );
  /** Writes a message that is committed by a bot that dies before it has written down what it became. */
  const commitAlone = async (mode: Mode, channelId: string, content: string) => {
    let died: () => void = () => undefined;
    const death = new Promise<void>((resolve) => {
      died = resolve;
    });
    await start(mode, (passed) => {
      if (passed !== 'after-inbound-commit') return;
      died();
      throw new Error('killed');
    });
    const { id } = await who.write(channelId, content);
    await death;
    await at.stopBots();
    expect(await findPost(at.ctx, id)).toBeUndefined();
    return id;
  };

  test('to `all` sends no note that is edited without a mark; a mark counts as ever', async () => {
    await start('reply');
    const { id, channelId } = await open(at);
    const note = await who.write(channelId, 'she lies');
    const reply = await who.write(channelId, '!! Hello');
    await contentsAre(at, id, ['Hello']);
    await start('all');
    await who.edit(channelId, note.id, 'she lies again');
    await who.edit(channelId, reply.id, '!! Hello again');
    await contentsAre(at, id, ['Hello again']);
    await notesAre(at, id, ['she lies again']);
    await who.edit(channelId, reply.id, 'Hello');
    await contentsAre(at, id, ['Hello']);
    await who.edit(channelId, note.id, '!! It comes');
    await contentsAre(at, id, ['Hello', 'It comes']);
    await who.edit(channelId, note.id, '// she lies');
    await contentsAre(at, id, ['Hello']);
    await notesAre(at, id, ['she lies']);
    await who.edit(channelId, note.id, 'It has come');
    await contentsAre(at, id, ['Hello', 'It has come']);
    await notesAre(at, id, []);
  });

  test('to `all` sends no note that was written or edited while no bot was there', async () => {
    await start('reply');
    const { id, channelId } = await open(at);
    const marking = await who.write(channelId, '// marked');
    await marked(at, channelId, marking.id, ['📝']);
    await at.stopBots();
    const missed = await who.write(channelId, 'missed');
    await who.write(channelId, '!! Missed you');
    await who.edit(channelId, marking.id, 'not marked');
    await start('all');
    await contentsAre(at, id, ['Missed you']);
    await notesAre(at, id, ['not marked', 'missed']);
    // Another start in the same mode is no change.
    await start('all');
    await who.edit(channelId, missed.id, 'missed again');
    await who.write(channelId, 'From now on');
    await contentsAre(at, id, ['Missed you', 'From now on']);
    await notesAre(at, id, ['not marked', 'missed again']);
  });

  test('to `all` sends no note that is tried again', async () => {
    await start('reply');
    const { id, channelId } = await open(at);
    const { roles } = at.sim.state;
    await discordPerson(at.sim, 'admin').call(
      'PUT',
      `/channels/${channelId}/permissions/${robin.id}`,
      { type: 1, allow: String((1n << 10n) | (1n << 11n)), deny: '0' },
    );
    await changeRoles([]);
    const refused = await robin.write(channelId, 'refused');
    const custom = `again:${id}:${refused.id}`;
    const line = await eventually(async () => {
      const found = (await messagesIn(at.sim, channelId)).find(({ components }) =>
        JSON.stringify(components ?? []).includes(custom),
      );
      if (!found) throw new Error('there is no Retry yet');
      return found;
    });
    await start('all');
    await changeRoles([roles.support]);
    await say(at.ctx, id, 'Where is it?');
    await eventually(async () =>
      expect(await textsIn(at.sim, channelId)).toContain('**Ana**: Where is it?'),
    );
    const pressed = await interactionsOf(at.sim, who).press(channelId, line.id, custom);
    expect(pressed.content).toBe('Kept as a note: 📝.');
    await contentsAre(at, id, ['Where is it?']);
    await notesAre(at, id, ['refused']);
  });

  test('to `reply` takes nothing back; marks put on and taken off do', async () => {
    await start('all');
    const { id, channelId } = await open(at);
    const first = await who.write(channelId, 'one');
    const second = await who.write(channelId, '!! two');
    const third = await who.write(channelId, 'three');
    const note = await who.write(channelId, '// note');
    await contentsAre(at, id, ['one', '!! two', 'three']);
    await marked(at, channelId, note.id, ['📝']);
    await start('reply');
    await who.edit(channelId, first.id, 'uno');
    await who.edit(channelId, second.id, 'due');
    await contentsAre(at, id, ['uno', 'due', 'three']);
    await marked(at, channelId, first.id, ['✅']);
    await who.edit(channelId, third.id, '// tre');
    await who.edit(channelId, note.id, 'plain');
    await who.edit(channelId, second.id, '!! dos');
    await contentsAre(at, id, ['uno', 'dos']);
    await notesAre(at, id, ['plain', 'tre']);
    await who.edit(channelId, second.id, 'dos');
    await contentsAre(at, id, ['uno']);
    await notesAre(at, id, ['plain', 'tre', 'dos']);
  });

  test.each([
    ['reply', 'all', '📝'],
    ['all', 'reply', '✅'],
  ] as const)(
    'from `%s` to `%s` finds in its log what a bot had committed when it was killed',
    async (before, now, sign) => {
      await start(before);
      const { id, channelId } = await open(at);
      const said = await commitAlone(before, channelId, 'It is lost');
      await start(now);
      await marked(at, channelId, said, [sign]);
      await contentsAre(at, id, now === 'all' ? [] : ['It is lost']);
      await notesAre(at, id, now === 'all' ? ['It is lost'] : []);
    },
  );

  test('an edit made while the bot was dead moves what it had committed', async () => {
    await start('all');
    const { id, channelId } = await open(at);
    const said = await commitAlone('all', channelId, 'she lies');
    await who.edit(channelId, said, '// she lies');
    await start('all');
    await marked(at, channelId, said, ['📝']);
    await contentsAre(at, id, []);
    await notesAre(at, id, ['she lies']);
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
    const told = await interactionsOf(desk.sim, kim).run(channelId, 'reply', { text: 'Hello' });
    expect(told.content).toContain('The customer has it');
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
