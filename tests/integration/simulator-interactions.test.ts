import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { botOf, type Ear, type Person, personOf } from '../../simulator/person.ts';
import { type RunningSimulator, startSimulator } from '../../simulator/server.ts';
import { eventually } from '../support/eventually.ts';

const EPHEMERAL = 64;

let sim: RunningSimulator;
let bot: Person;
let kim: Person;
let botEar: Ear;
let kimEar: Ear;
let channel: string;

beforeEach(async () => {
  sim = await startSimulator({ settings: { rateLimitFactor: 0 } });
  bot = botOf(sim);
  kim = personOf(sim, 'kim');
  channel = sim.state.channels.transcripts;
  [botEar, kimEar] = await Promise.all([bot.listen(), kim.listen()]);
  const stored = await register([
    {
      name: 'note',
      description: 'Leave a note',
      options: [
        { type: 3, name: 'text', description: 'What', required: true, max_length: 10 },
        { type: 3, name: 'tag', description: 'Which', autocomplete: true },
      ],
    },
    { name: 'purge', description: 'Delete', default_member_permissions: '8' },
  ]);
  expect(stored.status).toBe(200);
});
afterEach(async () => {
  botEar.close();
  kimEar.close();
  await sim.close();
});

function register(commands: unknown) {
  const { applicationId, guildId } = sim.state;
  return bot.call('PUT', `/applications/${applicationId}/guilds/${guildId}/commands`, commands);
}

const text = (value: string) => ({ type: 3, name: 'text', value });

/** The interaction the bot was told of last. */
async function received(type: number) {
  return eventually(() => {
    const found = botEar.of('INTERACTION_CREATE').at(-1);
    expect(found?.type).toBe(type);
    return found;
  });
}

type Received = Awaited<ReturnType<typeof received>>;

function answer(interaction: Received, type: number, data?: unknown, query = '') {
  const path = `/interactions/${interaction.id}/${interaction.token}/callback${query}`;
  return bot.call('POST', path, { type, data });
}

function followUp(interaction: Received, method: string, where: string, data?: unknown) {
  return bot.call(
    method,
    `/webhooks/${sim.state.applicationId}/${interaction.token}${where}`,
    data,
  );
}

async function state() {
  // biome-ignore lint/suspicious/noExplicitAny: the state has many shapes.
  return (await (await fetch(`${sim.url}/__sim/state`)).json()) as any;
}

describe('a slash command', () => {
  test('reaches the bot with who ran it, where, and with what', async () => {
    expect((await kim.command(channel, 'note', [text('hi')])).status).toBe(204);
    const interaction = await received(2);
    expect(interaction).toMatchObject({
      channel_id: channel,
      guild_id: sim.state.guildId,
      member: { user: { id: sim.state.people.kim.id }, roles: [sim.state.roles.support] },
      data: { name: 'note', options: [{ type: 3, name: 'text', value: 'hi' }] },
    });
    expect(BigInt(interaction.app_permissions) & 16n).toBe(16n);
  });

  test('is answered once; again is 40060, and the answer is a message with its origin', async () => {
    await kim.command(channel, 'note', [text('hi')]);
    const interaction = await received(2);
    const first = await answer(interaction, 4, { content: 'noted' }, '?with_response=true');
    expect(first.status).toBe(200);
    expect(first.body.resource.message).toMatchObject({
      content: 'noted',
      type: 20,
      interaction_metadata: { id: interaction.id, user: { id: sim.state.people.kim.id } },
    });
    const second = await answer(interaction, 4, { content: 'again' });
    expect([second.status, second.body.code]).toEqual([400, 40060]);
    await eventually(() => expect(kimEar.of('INTERACTION_SUCCESS')).toHaveLength(1));
    expect(sim.world().log(channel).size).toBe(1);
  });

  test('that is answered too late is unknown, and its user is told that it failed', async () => {
    sim.settings.interactionDeadlineMs = 30;
    await kim.command(channel, 'note', [text('hi')]);
    const interaction = await received(2);
    await eventually(() => expect(kimEar.of('INTERACTION_FAILURE')).toHaveLength(1));
    const late = await answer(interaction, 4, { content: 'late' });
    expect([late.status, late.body.code]).toEqual([404, 10062]);
    expect((await followUp(interaction, 'POST', '', { content: 'late' })).body.code).toBe(10015);
    expect(sim.world().log(channel).size).toBe(0);
  });

  test('is thinking until the edit of its deferred answer, seen by one alone when ephemeral', async () => {
    const robinEar = await personOf(sim, 'robin').listen();
    await kim.command(channel, 'note', [text('hi')]);
    const interaction = await received(2);
    expect((await answer(interaction, 5, { flags: EPHEMERAL })).status).toBe(204);
    await eventually(() => {
      expect(kimEar.of('MESSAGE_CREATE')[0]?.flags).toBe(128 + EPHEMERAL);
    });
    const edit = await followUp(interaction, 'PATCH', '/messages/@original', { content: 'done' });
    expect(edit.body).toMatchObject({ content: 'done', flags: EPHEMERAL, edited_timestamp: null });
    await eventually(() => expect(kimEar.of('MESSAGE_UPDATE')[0]?.content).toBe('done'));
    expect(robinEar.of('MESSAGE_CREATE')).toHaveLength(0);
    const { interactions } = await state();
    expect(interactions[0]).toMatchObject({
      state: 'answered',
      user: 'kim',
      response: { type: 5 },
      messages: [{ content: 'done', ephemeral_for: sim.state.people.kim.id }],
    });
    robinEar.close();
  });

  test('keeps its token for follow-ups and lets go of it in the end', async () => {
    await kim.command(channel, 'note', [text('hi')]);
    const interaction = await received(2);
    await answer(interaction, 4, { content: 'one' });
    const more = await followUp(interaction, 'POST', '', { content: 'two', flags: EPHEMERAL });
    expect(more.body).toMatchObject({ content: 'two', flags: EPHEMERAL });
    expect((await followUp(interaction, 'DELETE', '/messages/@original')).status).toBe(204);
    sim.settings.interactionLifetimeMs = 0;
    await new Promise((resolve) => setTimeout(resolve, 5));
    const late = await followUp(interaction, 'POST', '', { content: 'three' });
    expect([late.status, late.body.code]).toEqual([401, 50027]);
  });

  test('is refused with options that do not fit, and to those who may not run it', async () => {
    const missing = await kim.command(channel, 'note');
    expect([missing.status, missing.body.code]).toEqual([400, 50035]);
    const long = await kim.command(channel, 'note', [text('x'.repeat(11))]);
    expect(long.body.code).toBe(50035);
    expect((await kim.command(channel, 'nothing')).body.code).toBe(10063);
    expect((await kim.command(channel, 'purge')).status).toBe(403);
    expect((await personOf(sim, 'admin').command(channel, 'purge')).status).toBe(204);
    expect((await personOf(sim, 'member').command(channel, 'note', [text('x')])).body.code).toBe(
      50001,
    );
  });

  test('completes its options by choices for the one who types', async () => {
    const focused = { type: 3, name: 'tag', value: 'b', focused: true };
    expect((await kim.complete(channel, 'note', [focused])).status).toBe(204);
    const interaction = await received(4);
    expect(interaction.data.options[0]).toMatchObject({ name: 'tag', focused: true });
    const choices = [{ name: 'Bug', value: 'bug' }];
    expect((await answer(interaction, 4, { content: 'x' })).body.code).toBe(50035);
    expect((await answer(interaction, 8, { choices })).status).toBe(204);
    await eventually(() => {
      const [shown] = kimEar.of('APPLICATION_COMMAND_AUTOCOMPLETE_RESPONSE');
      expect(shown?.choices).toEqual(choices);
    });
  });
});

describe('a button', () => {
  const components = [
    {
      type: 1,
      components: [
        { type: 2, style: 1, label: 'Go', custom_id: 'go' },
        { type: 2, style: 2, label: 'Off', custom_id: 'off', disabled: true },
      ],
    },
    {
      type: 1,
      components: [
        { type: 3, custom_id: 'pick', options: [{ label: 'A', value: 'a' }], max_values: 1 },
      ],
    },
  ];

  test('brings its message, which the bot may change in answer', async () => {
    const { body: message } = await bot.send(channel, { content: 'choose', components });
    await kim.press(message, 'go');
    const interaction = await received(3);
    expect(interaction).toMatchObject({ message: { id: message.id }, data: { custom_id: 'go' } });
    const update = await answer(interaction, 7, { content: 'chosen', components: [] });
    expect(update.status).toBe(204);
    await eventually(() => {
      const changed = kimEar.of('MESSAGE_UPDATE').at(-1);
      expect(changed).toMatchObject({ content: 'chosen', components: [] });
    });
  });

  test('that is disabled or not there cannot be pressed, nor one of a hidden channel', async () => {
    const { body: message } = await bot.send(channel, { content: 'choose', components });
    expect((await kim.press(message, 'off')).status).toBe(400);
    expect((await kim.press(message, 'nothing')).status).toBe(400);
    expect((await personOf(sim, 'member').press(message, 'go')).body.code).toBe(50001);
    expect((await kim.choose(message, 'pick', ['z'])).status).toBe(400);
    expect((await kim.choose(message, 'pick', ['a'])).status).toBe(204);
    expect((await received(3)).data.values).toEqual(['a']);
  });

  test('may open a modal, which is submitted once and by its reader', async () => {
    const input = { type: 4, custom_id: 'why', style: 1, label: 'Why', max_length: 5 };
    const modal = {
      custom_id: 'close',
      title: 'Close',
      components: [{ type: 1, components: [input] }],
    };
    const { body: message } = await bot.send(channel, { content: 'choose', components });
    await kim.press(message, 'go');
    const interaction = await received(3);
    const tooLong = await answer(interaction, 9, { ...modal, title: 'x'.repeat(46) });
    expect(tooLong.body.errors.data.title._errors[0].code).toBe('BASE_TYPE_BAD_LENGTH');
    expect((await answer(interaction, 9, modal)).status).toBe(204);
    await eventually(() => {
      expect(kimEar.of('INTERACTION_MODAL_CREATE')[0]).toMatchObject({ title: 'Close' });
    });
    const robin = await personOf(sim, 'robin').submit(channel, 'close', { why: 'x' });
    expect(robin.body.code).toBe(10062);
    expect((await kim.submit(channel, 'close', { why: 'too long' })).body.code).toBe(50035);
    expect((await kim.submit(channel, 'close', { why: 'done' })).status).toBe(204);
    const submitted = await received(5);
    expect(submitted.data.components[0].components[0]).toMatchObject({
      custom_id: 'why',
      value: 'done',
    });
    expect((await answer(submitted, 9, modal)).body.code).toBe(50035);
    expect((await answer(submitted, 6)).status).toBe(204);
    expect((await kim.submit(channel, 'close', { why: 'x' })).body.code).toBe(10062);
  });
});

describe('registering commands', () => {
  test.each([
    [[{ name: 'Upper', description: 'x' }], 'APPLICATION_COMMAND_INVALID_NAME'],
    [[{ name: 'none' }], 'BASE_TYPE_REQUIRED'],
    [
      [
        { name: 'a', description: 'x' },
        { name: 'a', description: 'y' },
      ],
      'APPLICATION_COMMANDS_DUPLICATE_NAME',
    ],
    [
      [
        {
          name: 'a',
          description: 'x',
          options: [
            { type: 3, name: 'o', description: 'x' },
            { type: 3, name: 'r', description: 'x', required: true },
          ],
        },
      ],
      'APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID',
    ],
  ])('%j is refused', async (commands, code) => {
    const { status, body } = await register(commands);
    expect([status, body.code]).toEqual([400, 50035]);
    expect(JSON.stringify(body.errors)).toContain(code);
  });

  test('counts only new ones towards the day', async () => {
    sim.settings.commandCreatesPerDay = 3;
    const one = { name: 'one', description: 'x' };
    expect((await register([one])).status).toBe(200);
    expect((await register([one])).status).toBe(200);
    const two = await register([one, { name: 'two', description: 'x' }]);
    expect([two.status, two.body.code]).toEqual([400, 30034]);
  });
});
