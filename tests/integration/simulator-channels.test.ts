import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { type Answer, botOf, type Person, personOf } from '../../simulator/person.ts';
import { type RunningSimulator, startSimulator } from '../../simulator/server.ts';
import { eventually } from '../support/eventually.ts';

const VIEW = String(1 << 10);
const SEND = String(1 << 11);
const MANAGE_ROLES = String(1 << 28);
const ADMINISTRATOR = '8';

let sim: RunningSimulator;
let bot: Person;
let kim: Person;
let outsider: Person;

beforeAll(async () => {
  sim = await startSimulator({ settings: { rateLimitFactor: 0 } });
  bot = botOf(sim);
  kim = personOf(sim, 'kim');
  outsider = personOf(sim, 'member');
});
afterEach(() => sim.reset());
afterAll(() => sim.close());

function create(body: Record<string, unknown>): Promise<Answer> {
  return bot.call('POST', `/guilds/${sim.state.guildId}/channels`, body);
}

function deny(id: string, bits: string, type = 0) {
  return { id, type, allow: '0', deny: bits };
}

async function settings(given: Record<string, unknown>): Promise<void> {
  Object.assign(sim.settings, given);
}

describe('a new channel', () => {
  test('has its name made lower case with dashes, and a category keeps its own', async () => {
    expect((await create({ name: 'My New  Ticket!' })).body.name).toBe('my-new-ticket');
    expect((await create({ name: 'My Group', type: 4 })).body.name).toBe('My Group');
  });

  test.each([
    [{}, 'name', 'BASE_TYPE_REQUIRED'],
    [{ name: 'x'.repeat(101) }, 'name', 'BASE_TYPE_BAD_LENGTH'],
    [{ name: 'x', topic: 'x'.repeat(1025) }, 'topic', 'BASE_TYPE_MAX_LENGTH'],
    [{ name: 'x', parent_id: '123456789012345678' }, 'parent_id', 'CHANNEL_PARENT_INVALID_TYPE'],
    [{ name: 'x', type: 99 }, 'type', 'BASE_TYPE_CHOICES'],
  ])('with body %j is refused at %s', async (body, field, code) => {
    const { status, body: error } = await create(body);
    expect([status, error.code]).toEqual([400, 50035]);
    expect(error.errors[field]._errors[0].code).toBe(code);
  });

  test('takes a copy of its category’s overwrites, unless it brings its own', async () => {
    const { urgent } = sim.state.channels;
    const hidden = deny(sim.state.guildId, VIEW);
    const shown = { ...deny(sim.state.roles.bot, '0'), allow: VIEW };
    await bot.call('PATCH', `/channels/${urgent}`, { permission_overwrites: [shown, hidden] });
    const synced = await create({ name: 'a', parent_id: urgent });
    const own = await create({ name: 'b', parent_id: urgent, permission_overwrites: [] });
    expect(synced.body.permission_overwrites).toHaveLength(2);
    expect(own.body.permission_overwrites).toEqual([]);
    expect((await outsider.call('GET', `/channels/${synced.body.id}`)).status).toBe(403);
    expect((await outsider.call('GET', `/channels/${own.body.id}`)).status).toBe(200);
  });

  test('finds its category full at the limit, while other places are open', async () => {
    await settings({ channelsPerCategory: 2 });
    const parent_id = sim.state.channels.normal;
    await create({ name: 'a', parent_id });
    await create({ name: 'b', parent_id });
    const { status, body } = await create({ name: 'c', parent_id });
    expect(status).toBe(400);
    expect(body).toMatchObject({
      code: 50035,
      errors: { parent_id: { _errors: [{ code: 'CHANNEL_PARENT_MAX_CHANNELS' }] } },
    });
    expect((await create({ name: 'c', parent_id: sim.state.channels.urgent })).status).toBe(201);
    const { body: loose } = await create({ name: 'd' });
    const moved = await bot.call('PATCH', `/channels/${loose.id}`, { parent_id });
    expect(moved.body.errors.parent_id._errors[0].code).toBe('CHANNEL_PARENT_MAX_CHANNELS');
  });

  test('finds the guild full at its limit', async () => {
    await settings({ channelsPerGuild: 5 });
    expect((await create({ name: 'x' })).body.code).toBe(30013);
    await settings({ channelsPerGuild: 6 });
    expect((await create({ name: 'x' })).status).toBe(201);
  });

  test('is the last of its day at the limit, deleted ones counted, with a wait of hours', async () => {
    await settings({ channelCreatesPerDay: 2 });
    const { body: first } = await create({ name: 'a' });
    await bot.call('DELETE', `/channels/${first.id}`);
    expect((await create({ name: 'b' })).status).toBe(201);
    const { status, body } = await create({ name: 'c' });
    expect(status).toBe(429);
    expect(body.retry_after).toBeGreaterThan(3600);
    await settings({ dayMs: 1 });
    expect((await create({ name: 'c' })).status).toBe(201);
  });

  test('may only give overwrites of known ids and of what its maker holds', async () => {
    const overwrites = (...list: unknown[]) => create({ name: 'x', permission_overwrites: list });
    const unknown = await overwrites(deny('123456789012345678', VIEW));
    expect(unknown.body.code).toBe(50035);
    const tooMuch = await overwrites(deny(sim.state.guildId, ADMINISTRATOR));
    expect([tooMuch.status, tooMuch.body.code]).toEqual([403, 50013]);
    const roles = await overwrites(deny(sim.state.guildId, MANAGE_ROLES));
    expect(roles.body.code).toBe(50013);
  });
});

describe('permissions', () => {
  test('that are missing are refused: 50001 for what is hidden, 50013 for what may not be done', async () => {
    const path = `/guilds/${sim.state.guildId}/channels`;
    expect((await kim.call('POST', path, { name: 'x' })).body.code).toBe(50013);
    const { transcripts } = sim.state.channels;
    expect((await outsider.send(transcripts, 'x')).body.code).toBe(50001);
    const listed = (await outsider.call('GET', path)).body.map((c: { id: string }) => c.id);
    expect(listed).not.toContain(transcripts);
  });

  test('follow overwrites in order: everyone, then roles, then the member', async () => {
    const { roles, people, guildId } = sim.state;
    const { body: channel } = await create({
      name: 'x',
      permission_overwrites: [
        deny(guildId, SEND),
        { ...deny(roles.support, '0'), allow: SEND },
        deny(people.robin.id, SEND, 1),
      ],
    });
    expect((await kim.send(channel.id, 'x')).status).toBe(200);
    expect((await personOf(sim, 'robin').send(channel.id, 'x')).body.code).toBe(50013);
    expect((await outsider.send(channel.id, 'x')).body.code).toBe(50013);
    expect((await personOf(sim, 'admin').send(channel.id, 'x')).status).toBe(200);
  });

  test('that the bot takes from itself are gone', async () => {
    const { body } = await create({
      name: 'x',
      permission_overwrites: [deny(sim.state.guildId, VIEW)],
    });
    expect((await bot.send(body.id, 'x')).body.code).toBe(50001);
  });

  test('change with an overwrite, and people are told of what appears and vanishes', async () => {
    const { body: channel } = await create({ name: 'x' });
    const ear = await outsider.listen();
    const path = `/channels/${channel.id}/permissions/${sim.state.people.member.id}`;
    const put = await bot.call('PUT', path, { type: 1, deny: VIEW });
    expect(put.status).toBe(204);
    expect((await outsider.call('GET', `/channels/${channel.id}`)).status).toBe(403);
    expect((await bot.call('DELETE', path)).status).toBe(204);
    expect((await outsider.call('GET', `/channels/${channel.id}`)).status).toBe(200);
    await eventually(() => expect(ear.of('CHANNEL_CREATE')).toHaveLength(1));
    expect(ear.of('CHANNEL_DELETE')).toHaveLength(1);
    expect((await bot.call('DELETE', path)).body.code).toBe(10009);
    ear.close();
  });

  test('come with roles, which only a higher one may give', async () => {
    const { guildId, people, roles, channels } = sim.state;
    const path = (role: string) => `/guilds/${guildId}/members/${people.member.id}/roles/${role}`;
    expect((await bot.call('PUT', path(roles.admin))).body.code).toBe(50013);
    expect((await kim.call('PUT', path(roles.support))).body.code).toBe(50013);
    expect((await bot.call('PUT', path(roles.support))).status).toBe(204);
    expect((await outsider.send(channels.transcripts, 'now I may')).status).toBe(200);
    const { body: made } = await bot.call('POST', `/guilds/${guildId}/roles`, { name: 'New' });
    expect((await bot.call('DELETE', `/guilds/${guildId}/roles/${made.id}`)).status).toBe(204);
    expect((await bot.call('DELETE', `/guilds/${guildId}/roles/${made.id}`)).body.code).toBe(10011);
  });
});

describe('renaming', () => {
  test('is refused the third time in ten minutes, though the headers showed calls left', async () => {
    sim.settings.rateLimitFactor = 1;
    const { body: channel } = await create({ name: 'x' });
    const rename = (name: string) => bot.call('PATCH', `/channels/${channel.id}`, { name });
    await rename('one');
    const second = await rename('two');
    expect(Number(second.headers.get('x-ratelimit-remaining'))).toBeGreaterThan(0);
    const third = await rename('three');
    expect(third.status).toBe(429);
    expect(Number(third.headers.get('retry-after'))).toBeGreaterThan(590);
    expect(Number(third.headers.get('x-ratelimit-remaining'))).toBeGreaterThan(0);
    expect(third.body).toMatchObject({ global: false });
    const other = await bot.call('PATCH', `/channels/${channel.id}`, { nsfw: true, name: 'two' });
    expect(other.status).toBe(200);
    const { body } = await bot.call('GET', `/channels/${channel.id}`);
    expect(body.name).toBe('two');
  });
});

describe('deleting', () => {
  test('a category leaves its channels, a channel takes all that was in it', async () => {
    const { normal } = sim.state.channels;
    const { body: channel } = await create({ name: 'x', parent_id: normal });
    const { body: sent } = await kim.upload(channel.id, { 'a.txt': 'a' });
    await bot.call('DELETE', `/channels/${normal}`);
    expect((await bot.call('GET', `/channels/${channel.id}`)).body.parent_id).toBeNull();
    expect((await bot.call('DELETE', `/channels/${channel.id}`)).status).toBe(200);
    expect((await bot.send(channel.id, 'x')).body.code).toBe(10003);
    expect((await fetch(sent.attachments[0].url)).status).toBe(404);
  });
});

describe('threads', () => {
  test('start from a message, fall asleep, wake by a message and close when locked', async () => {
    const { body: channel } = await create({ name: 'x' });
    const { body: sent } = await kim.send(channel.id, 'topic');
    const path = `/channels/${channel.id}/messages/${sent.id}/threads`;
    const { status, body: thread } = await bot.call('POST', path, { name: 'Talk' });
    expect([status, thread.id, thread.type]).toEqual([201, sent.id, 11]);
    expect((await bot.call('POST', path, { name: 'Again' })).body.code).toBe(160004);
    const { body: said } = await kim.send(thread.id, 'hi');
    await bot.call('PATCH', `/channels/${thread.id}`, { archived: true });
    expect((await kim.edit(said, 'x')).body.code).toBe(50083);
    expect((await kim.send(thread.id, 'wake')).status).toBe(200);
    const { body: awake } = await bot.call('GET', `/channels/${thread.id}`);
    expect(awake.thread_metadata.archived).toBe(false);
    await bot.call('PATCH', `/channels/${thread.id}`, { archived: true, locked: true });
    expect((await kim.send(thread.id, 'wake')).status).toBe(400);
  });

  test('that are archived are listed by pages, the last archived first', async () => {
    const { body: channel } = await create({ name: 'x' });
    const ids: string[] = [];
    for (let n = 0; n < 5; n++) {
      const thread = { name: 't', type: 11 };
      const { body } = await bot.call('POST', `/channels/${channel.id}/threads`, thread);
      await bot.call('PATCH', `/channels/${body.id}`, { archived: true });
      ids.unshift(body.id);
      await sleep(5);
    }
    const list = async (query: string) =>
      (await bot.call('GET', `/channels/${channel.id}/threads/archived/public${query}`)).body;
    const found: string[] = [];
    for (let query = '?limit=2'; ; ) {
      const { threads, has_more } = await list(query);
      for (const { id } of threads) found.push(id);
      if (!has_more) break;
      const before = threads.at(-1).thread_metadata.archive_timestamp;
      query = `?limit=2&before=${encodeURIComponent(before)}`;
    }
    expect(found).toEqual(ids);
    expect((await list('')).threads).toHaveLength(5);
    for (const wrong of ['limit=1', 'limit=101', 'before=yesterday']) {
      expect((await list(`?${wrong}`)).code).toBe(50035);
    }
  });

  test('are refused beyond the active limit', async () => {
    await settings({ activeThreads: 1 });
    const { body: channel } = await create({ name: 'x' });
    const start = () =>
      bot.call('POST', `/channels/${channel.id}/threads`, { name: 't', type: 11 });
    expect((await start()).status).toBe(201);
    expect((await start()).body.code).toBe(160006);
    const [open] = sim.world().threads();
    await bot.call('PATCH', `/channels/${open?.id}`, { archived: true });
    expect((await start()).status).toBe(201);
    expect((await kim.send(open?.id ?? '', 'wake')).body.code).toBe(160006);
    const woken = await bot.call('PATCH', `/channels/${open?.id}`, { archived: false });
    expect(woken.body.code).toBe(160006);
    const active = await bot.call('GET', `/guilds/${sim.state.guildId}/threads/active`);
    expect(active.body.threads).toHaveLength(1);
  });
});

describe('direct messages', () => {
  test('are between two, and others know nothing of them', async () => {
    const { id } = sim.state.people.kim;
    const { body: dm } = await bot.call('POST', '/users/@me/channels', { recipient_id: id });
    expect(dm.type).toBe(1);
    const ear = await kim.listen();
    await bot.send(dm.id, 'psst');
    await eventually(() => {
      expect(ear.of('MESSAGE_CREATE')[0]).toMatchObject({ content: 'psst', channel_id: dm.id });
    });
    expect((await outsider.send(dm.id, 'me too')).body.code).toBe(50001);
    ear.close();
  });
});

describe('webhooks', () => {
  test('are made, write under names of their own, edit and delete what they wrote', async () => {
    const { body: channel } = await create({ name: 'x' });
    const path = `/channels/${channel.id}/webhooks`;
    expect((await bot.call('POST', path, { name: 'Clyde' })).body.code).toBe(50035);
    const { body: hook } = await bot.call('POST', path, { name: 'Mirror' });
    const nobody = `/webhooks/${hook.id}/${hook.token}`;
    const sent = await outsider.call('POST', `${nobody}?wait=true`, {
      content: 'hi',
      username: 'Ana',
    });
    expect(sent.body).toMatchObject({
      webhook_id: hook.id,
      author: { id: hook.id, username: 'Ana' },
    });
    expect(sent.body.author.avatar).toBeNull();
    const shown = async (avatar_url: unknown) =>
      (await outsider.call('POST', `${nobody}?wait=true`, { content: 'hi', avatar_url })).body;
    const pictured = await shown('https://partner.example/a.png');
    expect(pictured.author.avatar).toMatch(/^[0-9a-f]{32}$/);
    expect((await shown('https://partner.example/b.png')).author.avatar).not.toBe(
      pictured.author.avatar,
    );
    for (const wrong of [
      'a.png',
      'ftp://partner.example/a.png',
      `https://x.example/${'a'.repeat(2048)}`,
    ]) {
      const { code, errors } = await shown(wrong);
      expect([code, Object.keys(errors)]).toEqual([50035, ['avatar_url']]);
    }
    const silent = await outsider.call('POST', nobody, { content: 'no answer' });
    expect(silent.status).toBe(204);
    const one = `${nobody}/messages/${sent.body.id}`;
    expect((await outsider.call('PATCH', one, { content: 'ho' })).body.content).toBe('ho');
    expect((await outsider.call('DELETE', one)).status).toBe(204);
    expect((await outsider.call('GET', one)).body.code).toBe(10008);
    const wrong = await outsider.call('POST', `/webhooks/${hook.id}/wrong`, { content: 'x' });
    expect([wrong.status, wrong.body.code]).toEqual([401, 50027]);
    expect((await bot.call('DELETE', `/webhooks/${hook.id}`)).status).toBe(204);
    expect((await outsider.call('POST', nobody, { content: 'x' })).body.code).toBe(10015);
  });

  test('are fifteen to a channel, and the seeded one works without a version in its path', async () => {
    const { body: channel } = await create({ name: 'x' });
    const make = () => bot.call('POST', `/channels/${channel.id}/webhooks`, { name: 'm' });
    for (let n = 0; n < 15; n += 1) expect((await make()).status).toBe(200);
    expect((await make()).body.code).toBe(30007);
    const posted = await fetch(`${sim.state.errorsWebhook.url}?wait=true`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ content: 'it broke' }),
    });
    expect(posted.status).toBe(200);
    expect(sim.world().log(sim.state.channels.errors).all()[0]?.content).toBe('it broke');
  });
});

describe('a forum', () => {
  const post = (id: string, body: object) => bot.call('POST', `/channels/${id}/threads`, body);
  const said = { name: 'Ticket 1', message: { content: 'first' } };
  const forum = async (more: object = {}) =>
    (await create({ name: 'Posts', type: 15, ...more })).body.id as string;

  test('takes no messages but posts, whose first message has the id of the thread', async () => {
    const id = await forum();
    expect((await bot.send(id, 'x')).body.code).toBe(50008);
    expect((await post(id, { name: 'no message' })).body.code).toBe(50035);
    const { status, body } = await post(id, said);
    expect([status, body.type, body.parent_id]).toEqual([201, 11, id]);
    expect(body.message).toMatchObject({ id: body.id, channel_id: body.id, content: 'first' });
    await kim.send(body.id, 'second');
    const { body: all } = await bot.call('GET', `/channels/${body.id}/messages`);
    expect(all.map(({ content }: { content: string }) => content)).toEqual(['second', 'first']);
    expect((await bot.call('GET', `/channels/${id}`)).body.last_message_id).toBe(body.id);
    expect((await bot.call('DELETE', `/channels/${body.id}/messages/${body.id}`)).status).toBe(204);
    expect((await bot.call('GET', `/channels/${body.id}`)).status).toBe(200);
  });

  test('opens no post whose message is refused, and none beyond the active limit', async () => {
    const id = await forum();
    expect((await post(id, { name: 'x', message: {} })).body.code).toBe(50006);
    expect((await post(id, { ...said, applied_tags: [id] })).body.code).toBe(10087);
    expect(sim.world().threads()).toEqual([]);
    await settings({ activeThreads: 1 });
    expect((await post(id, said)).status).toBe(201);
    expect((await post(id, said)).body.code).toBe(160006);
  });

  test('is seen as its overwrites say, takes posts with Send Messages alone, and goes with its posts', async () => {
    const everyone = sim.state.guildId;
    const id = await forum({ permission_overwrites: [deny(everyone, SEND)] });
    expect((await kim.call('POST', `/channels/${id}/threads`, said)).body.code).toBe(50013);
    const open = await forum({ permission_overwrites: [deny(everyone, String(1n << 35n))] });
    const { body: thread } = await kim.call('POST', `/channels/${open}/threads`, said);
    await bot.call('PUT', `/channels/${open}/permissions/${everyone}`, deny(everyone, VIEW));
    expect((await outsider.call('GET', `/channels/${thread.id}`)).body.code).toBe(50001);
    const admin = personOf(sim, 'admin');
    expect((await admin.call('DELETE', `/channels/${open}`)).status).toBe(200);
    expect((await admin.call('GET', `/channels/${thread.id}`)).body.code).toBe(10003);
  });

  test('lists its archived posts, the one archived last first, a page at a time', async () => {
    const id = await forum();
    const ids: string[] = [];
    for (let n = 0; n < 3; n++) ids.push((await post(id, said)).body.id);
    const [first, second, third] = ids;
    for (const one of ids) {
      await bot.call('PATCH', `/channels/${one}`, { archived: true });
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const list = async (query: string) =>
      (await bot.call('GET', `/channels/${id}/threads/archived/public?${query}`)).body;
    const page = await list('limit=2');
    expect(page).toMatchObject({ threads: [{ id: third }, { id: second }], has_more: true });
    const before = page.threads[1].thread_metadata.archive_timestamp;
    expect(await list(`before=${encodeURIComponent(before)}`)).toMatchObject({
      threads: [{ id: first }],
    });
  });
});
