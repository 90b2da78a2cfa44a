import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  ActionRowBuilder,
  type AnySelectMenuInteraction,
  type AutocompleteInteraction,
  Client,
  GatewayIntentBits,
  type Interaction,
  type ModalSubmitInteraction,
  RoleSelectMenuBuilder,
  StringSelectMenuBuilder,
  UserSelectMenuBuilder,
} from 'discord.js';
import { type Answer, botOf, type Person, personOf } from '../../simulator/person.ts';
import type { RunningSimulator } from '../../simulator/server.ts';
import { startDiscord } from '../support/discord.ts';
import { eventually } from '../support/eventually.ts';

let sim: RunningSimulator;
let client: Client<true>;
let bot: Person;
let kim: Person;
let channel: string;
let heard: Interaction[];

beforeAll(async () => {
  sim = await startDiscord();
  bot = botOf(sim);
  kim = personOf(sim, 'kim');
});
beforeEach(async () => {
  channel = sim.state.channels.transcripts;
  heard = [];
  client = new Client({
    intents: [GatewayIntentBits.Guilds],
    rest: { api: sim.apiUrl, version: '10' },
  });
  client.on('interactionCreate', (interaction) => heard.push(interaction));
  await client.login(sim.state.bot.token);
});
afterEach(async () => {
  await client.destroy();
  sim.reset();
});
afterAll(() => sim.close());

function told<T extends Interaction>(): Promise<T> {
  return eventually(() => {
    const last = heard.at(-1);
    if (!last) throw new Error('no interaction came');
    return last as T;
  });
}

const failed = (answer: Answer) => [answer.status, answer.body?.code];

describe('a select of a message', () => {
  const strings = new StringSelectMenuBuilder()
    .setCustomId('pick')
    .setMaxValues(2)
    .addOptions(['a', 'b', 'c'].map((value) => ({ label: value.toUpperCase(), value })));
  const users = new UserSelectMenuBuilder().setCustomId('who').setMaxValues(1);
  const roles = new RoleSelectMenuBuilder().setCustomId('role').setMaxValues(1);

  async function offered() {
    const rows = [strings, users, roles].map((menu) =>
      new ActionRowBuilder().addComponents(menu).toJSON(),
    );
    return (await bot.send(channel, { content: 'choose', components: rows })).body;
  }

  test('of texts brings what was chosen, and refuses what it does not offer', async () => {
    const message = await offered();
    expect((await kim.choose(message, 'pick', ['a', 'c'])).status).toBe(204);
    const interaction = await told<AnySelectMenuInteraction>();
    expect(interaction.isStringSelectMenu() && interaction.values).toEqual(['a', 'c']);
    for (const values of [[], ['z'], ['a', 'a'], ['a', 'b', 'c']]) {
      expect(failed(await kim.choose(message, 'pick', values))).toEqual([400, 50035]);
    }
  });

  test('of people and of roles resolves them, and refuses what is not there', async () => {
    const message = await offered();
    const { robin } = sim.state.people;
    expect((await kim.choose(message, 'who', [robin.id], 5)).status).toBe(204);
    const who = await told<AnySelectMenuInteraction>();
    expect(who.isUserSelectMenu() && who.users.first()?.username).toBe('robin');
    expect((await kim.choose(message, 'role', [sim.state.roles.manager], 6)).status).toBe(204);
    await eventually(() => {
      const role = heard.at(-1);
      expect(role?.isRoleSelectMenu() && role.roles.first()?.name).toBe('Manager');
    });
    const nobody = ['123456789012345678'];
    expect(failed(await kim.choose(message, 'who', nobody, 5))).toEqual([400, 50035]);
    expect(failed(await kim.choose(message, 'role', [robin.id], 6))).toEqual([400, 50035]);
  });
});

describe('a modal with labels', () => {
  const label = (text: string, component: object) => ({ type: 18, label: text, component });
  const modal = {
    custom_id: 'form',
    title: 'Form',
    components: [
      label('Why', { type: 4, custom_id: 'why', style: 1 }),
      label('Level', {
        type: 3,
        custom_id: 'level',
        options: [
          { label: 'High', value: 'high' },
          { label: 'Low', value: 'low' },
        ],
      }),
      label('Who', { type: 5, custom_id: 'who', required: false }),
    ],
  };

  async function opened(): Promise<void> {
    const components = [
      { type: 1, components: [{ type: 2, style: 1, label: 'Go', custom_id: 'go' }] },
    ];
    const { body: message } = await bot.send(channel, { content: 'x', components });
    await kim.press(message, 'go');
    const { id, token } = await told();
    const path = `/interactions/${id}/${token}/callback`;
    expect((await bot.call('POST', path, { type: 9, data: modal })).status).toBe(204);
  }

  test('brings texts and choices, with the people chosen', async () => {
    await opened();
    const { robin } = sim.state.people;
    const filled = { why: 'because', level: ['low'], who: [robin.id] };
    expect((await kim.submit(channel, 'form', filled)).status).toBe(204);
    await eventually(() => {
      const last = heard.at(-1) as ModalSubmitInteraction;
      expect(last.isModalSubmit()).toBe(true);
      expect(last.fields.getTextInputValue('why')).toBe('because');
      expect(last.fields.getStringSelectValues('level')).toEqual(['low']);
      expect(last.fields.getSelectedUsers('who')?.first()?.username).toBe('robin');
    });
  });

  test('is refused with a choice missing, unknown or of somebody unknown, and stays open', async () => {
    await opened();
    const good = { why: 'because', level: ['low'] };
    for (const bad of [{ level: [] }, { level: ['middle'] }, { who: ['123456789012345678'] }]) {
      const answer = await kim.submit(channel, 'form', { ...good, ...bad });
      expect(failed(answer)).toEqual([400, 50035]);
    }
    expect((await kim.submit(channel, 'form', good)).status).toBe(204);
  });
});

describe('completing an option', () => {
  beforeEach(async () => {
    const options = [
      { type: 3, name: 'tag', description: 'Which', autocomplete: true },
      { type: 4, name: 'number', description: 'How many', autocomplete: true },
      { type: 3, name: 'text', description: 'What' },
      { type: 6, name: 'user', description: 'Who' },
    ];
    const { applicationId, guildId } = sim.state;
    const path = `/applications/${applicationId}/guilds/${guildId}/commands`;
    const commands = [{ name: 'find', description: 'Find', options }];
    expect((await bot.call('PUT', path, commands)).status).toBe(200);
  });

  const typing = (name: string, type = 3) => [{ type, name, value: '1', focused: true }];

  test('is answered with choices that fit it', async () => {
    const ear = await kim.listen();
    await kim.complete(channel, 'find', typing('tag'));
    const interaction = await told<AutocompleteInteraction>();
    expect(interaction.options.getFocused(true)).toMatchObject({ name: 'tag', value: '1' });
    const long = { name: 'Bug', value: 'x'.repeat(101) };
    await expect(interaction.respond([long])).rejects.toMatchObject({ code: 50035 });
    await interaction.respond([{ name: 'Bug', value: 'bug' }]);
    await eventually(() => {
      const [shown] = ear.of('APPLICATION_COMMAND_AUTOCOMPLETE_RESPONSE');
      expect(shown.choices).toEqual([{ name: 'Bug', value: 'bug' }]);
    });
    ear.close();
  });

  test('of numbers takes numbers alone, and of options without completion is refused', async () => {
    await kim.complete(channel, 'find', typing('number', 4));
    const interaction = await told<AutocompleteInteraction>();
    const text = { name: 'One', value: 'one' };
    await expect(interaction.respond([text])).rejects.toMatchObject({ code: 50035 });
    await interaction.respond([{ name: 'One', value: 1 }]);
    expect(failed(await kim.complete(channel, 'find', typing('text')))).toEqual([400, 50035]);
  });

  test('is dead after its time, as every interaction is', async () => {
    sim.settings.interactionDeadlineMs = 20;
    await kim.complete(channel, 'find', typing('tag'));
    const interaction = await told<AutocompleteInteraction>();
    await eventually(() => {
      expect(sim.world().interactions.get(interaction.id)?.state).toBe('failed');
    });
    await expect(interaction.respond([])).rejects.toMatchObject({ code: 10062 });
  });

  test('a command that names somebody unknown is refused', async () => {
    const nobody = [{ type: 6, name: 'user', value: '123456789012345678' }];
    expect(failed(await kim.command(channel, 'find', nobody))).toEqual([400, 50035]);
  });
});
