import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  ActionRowBuilder,
  ButtonBuilder as Button,
  type ButtonBuilder,
  ButtonStyle,
  ChannelType,
  Client,
  type DiscordAPIError,
  GatewayIntentBits,
  type Interaction,
  type Message,
  ModalBuilder,
  Partials,
  PermissionFlagsBits,
  type TextChannel,
  TextInputBuilder,
  TextInputStyle,
} from 'discord.js';
import { type Person, personOf } from '../../simulator/person.ts';
import { type RunningSimulator, startSimulator } from '../../simulator/server.ts';
import { eventually } from '../support/eventually.ts';

let sim: RunningSimulator;
let client: Client<true>;
let kim: Person;

beforeEach(async () => {
  sim = await startSimulator({ settings: { rateLimitFactor: 20 } });
  kim = personOf(sim, 'kim');
  client = new Client<true>({
    intents: [
      GatewayIntentBits.Guilds,
      GatewayIntentBits.GuildMessages,
      GatewayIntentBits.MessageContent,
      GatewayIntentBits.GuildMessageReactions,
      GatewayIntentBits.GuildMessageTyping,
    ],
    partials: [Partials.Message, Partials.Channel, Partials.Reaction],
    rest: { api: sim.apiUrl, cdn: sim.url, version: '10' },
    enforceNonce: true,
  });
  await client.login(sim.state.bot.token);
});

afterEach(async () => {
  await client.destroy();
  await sim.close();
});

async function ticketChannel(): Promise<TextChannel> {
  const { guildId, roles, channels } = sim.state;
  const guild = await client.guilds.fetch(guildId);
  return guild.channels.create({
    name: 'Ticket One',
    parent: channels.normal,
    permissionOverwrites: [
      { id: guildId, deny: PermissionFlagsBits.ViewChannel },
      { id: roles.support, allow: [PermissionFlagsBits.ViewChannel] },
      { id: roles.bot, allow: [PermissionFlagsBits.ViewChannel] },
    ],
  });
}

describe('the real discord.js client', () => {
  test('is ready with the guild, its roles and its channels once it has logged in', () => {
    const guild = client.guilds.cache.get(sim.state.guildId);
    expect(client.isReady()).toBe(true);
    expect(guild?.name).toBe('Deskcord Support');
    expect(guild?.roles.cache.get(sim.state.roles.support)?.name).toBe('Support Team');
    expect(guild?.channels.cache.get(sim.state.channels.urgent)?.type).toBe(
      ChannelType.GuildCategory,
    );
    expect(guild?.members.me?.permissions.has(PermissionFlagsBits.ManageChannels)).toBe(true);
    expect(guild?.members.me?.permissions.has(PermissionFlagsBits.Administrator)).toBe(false);
  });

  test('makes a private channel that support sees and other members do not', async () => {
    const channel = await ticketChannel();
    expect(channel.name).toBe('ticket-one');
    expect(channel.parentId).toBe(sim.state.channels.normal);
    expect((await kim.call('GET', `/channels/${channel.id}`)).status).toBe(200);
    const outsider = await personOf(sim, 'member').call('GET', `/channels/${channel.id}`);
    expect(outsider.body).toEqual({ message: 'Missing Access', code: 50001 });
  });

  test('sends, edits and deletes messages that people see happen', async () => {
    const ear = await kim.listen();
    const channel = await ticketChannel();
    const sent = await channel.send({ content: 'hello', files: [file('a b.txt', 'text')] });
    await sent.edit('changed');
    await sent.delete();
    await eventually(() => expect(ear.of('MESSAGE_DELETE')).toHaveLength(1));
    expect(ear.of('MESSAGE_CREATE')[0]).toMatchObject({
      content: 'hello',
      author: { id: client.user.id },
    });
    expect(ear.of('MESSAGE_CREATE')[0].attachments[0]).toMatchObject({ filename: 'a_b.txt' });
    expect(ear.of('MESSAGE_UPDATE')[0].content).toBe('changed');
    expect(ear.of('MESSAGE_UPDATE')[0].edited_timestamp).not.toBeNull();
    ear.close();
  });

  test('hears what people write, edit, delete, react and type', async () => {
    const channel = await ticketChannel();
    const heard: string[] = [];
    client.on('messageCreate', (m) => heard.push(`create ${m.content}`));
    client.on('messageUpdate', (_, m) => heard.push(`update ${m.content}`));
    client.on('messageDelete', () => heard.push('delete'));
    client.on('messageReactionAdd', (r) => heard.push(`react ${r.emoji.name}`));
    client.on('typingStart', (t) => heard.push(`type ${t.user.id}`));
    const { body: message } = await kim.send(channel.id, 'hi');
    await kim.edit(message, 'hi there');
    await kim.react(message, '👍');
    await kim.call('POST', `/channels/${channel.id}/typing`);
    await kim.delete(message);
    const { id } = sim.state.people.kim;
    await eventually(() =>
      expect(heard).toEqual(['create hi', 'update hi there', 'react 👍', `type ${id}`, 'delete']),
    );
  });

  test('sees a link preview as an update that is no edit', async () => {
    const channel = await ticketChannel();
    const updated = new Promise<Message>((resolve) => {
      client.once('messageUpdate', (_, message) => resolve(message as Message));
    });
    await kim.send(channel.id, 'see https://example.com/page');
    const message = await updated;
    expect(message.embeds[0]?.url).toBe('https://example.com/page');
    expect(message.editedTimestamp).toBeNull();
  });

  test('resumes after its connection broke and misses nothing', async () => {
    const channel = await ticketChannel();
    const heard: string[] = [];
    const resumed = new Promise((resolve) => client.once('shardResume', resolve));
    client.on('messageCreate', (m) => heard.push(m.content));
    await kim.send(channel.id, 'before');
    await fault({ kind: 'gateway-drop', code: 4000 });
    await kim.send(channel.id, 'meanwhile');
    await resumed;
    await kim.send(channel.id, 'after');
    await eventually(() => expect(heard).toEqual(['before', 'meanwhile', 'after']));
  });

  test('identifies anew when its session is gone, and has to fetch what it missed', async () => {
    const channel = await ticketChannel();
    const heard: string[] = [];
    client.on('messageCreate', (m) => heard.push(m.content));
    const ready = new Promise((resolve) => client.once('shardReady', resolve));
    await fault([{ kind: 'gateway-refuse-resume' }, { kind: 'gateway-drop', code: 4000 }]);
    await kim.send(channel.id, 'missed');
    await ready;
    await kim.send(channel.id, 'after');
    await eventually(() => expect(heard).toEqual(['after']));
    const fetched = await channel.messages.fetch();
    expect(fetched.map((m) => m.content)).toEqual(['after', 'missed']);
  });

  test('fetches members over the gateway', async () => {
    const guild = await client.guilds.fetch(sim.state.guildId);
    const { id } = sim.state.people.robin;
    const members = await guild.members.fetch({ user: [id] });
    expect(members.get(id)?.displayName).toBe('Robin');
  });

  test('reads history to the end, a page at a time', async () => {
    const channel = await ticketChannel();
    for (let n = 0; n < 12; n += 1) await kim.send(channel.id, `m${n}`);
    const first = await channel.messages.fetch({ limit: 5, after: channel.id });
    expect(first.map((m) => m.content).toReversed()).toEqual(['m0', 'm1', 'm2', 'm3', 'm4']);
    const newest = first.firstKey();
    const next = await channel.messages.fetch({ limit: 100, after: newest ?? '' });
    expect(next.size).toBe(7);
  });

  test('gets Discord errors with their codes', async () => {
    const channel = await ticketChannel();
    const failed = channel.send({ content: 'x'.repeat(2001) }) as Promise<unknown>;
    const error: DiscordAPIError = await failed.then(
      () => undefined as never,
      (reason) => reason,
    );
    expect(error.code).toBe(50035);
    expect(error.rawError).toMatchObject({
      errors: { content: { _errors: [{ code: 'BASE_TYPE_MAX_LENGTH' }] } },
    });
    await expect(channel.messages.fetch('123456789012345678')).rejects.toMatchObject({
      code: 10008,
      status: 404,
    });
  });

  test('serves a command, a button and a modal end to end', async () => {
    const channel = await ticketChannel();
    const guild = await client.guilds.fetch(sim.state.guildId);
    await guild.commands.set([{ name: 'claim', description: 'Take the ticket' }]);
    const failures: unknown[] = [];
    client.on('interactionCreate', (interaction) => {
      serve(interaction).catch((error: unknown) => failures.push(error));
    });
    const ear = await kim.listen();
    expect((await kim.command(channel.id, 'claim')).status).toBe(204);
    const reply = await eventually(() => {
      const [message] = ear.of('MESSAGE_CREATE');
      expect(message).toMatchObject({ content: 'claimed', type: 20 });
      return message;
    });
    await kim.press(reply, 'close');
    await eventually(() => expect(ear.of('INTERACTION_MODAL_CREATE')[0]?.title).toBe('Close'));
    await kim.submit(channel.id, 'why', { reason: 'solved' });
    await eventually(() => {
      const filled = ear.of('MESSAGE_UPDATE').at(-1);
      expect(filled).toMatchObject({ content: 'closed: solved', flags: 64 });
    });
    expect(failures).toEqual([]);
    ear.close();
  });
});

function fault(body: unknown): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  const request = { method: 'POST', headers, body: JSON.stringify(body) };
  return fetch(`${sim.url}/__sim/faults`, request);
}

function file(name: string, content: string) {
  return { attachment: Buffer.from(content), name };
}

/** Answers a command with a button, the button with a modal, and the modal with what was written. */
async function serve(interaction: Interaction): Promise<void> {
  if (interaction.isChatInputCommand()) {
    const row = new ActionRowBuilder<ButtonBuilder>().addComponents(
      new Button().setCustomId('close').setLabel('Close').setStyle(ButtonStyle.Danger),
    );
    await interaction.reply({ content: 'claimed', components: [row] });
  } else if (interaction.isButton()) {
    const input = new TextInputBuilder()
      .setCustomId('reason')
      .setLabel('Why?')
      .setStyle(TextInputStyle.Short);
    const row = new ActionRowBuilder<TextInputBuilder>().addComponents(input);
    await interaction.showModal(
      new ModalBuilder().setCustomId('why').setTitle('Close').addComponents(row),
    );
  } else if (interaction.isModalSubmit()) {
    await interaction.deferReply({ flags: 64 });
    await interaction.editReply(`closed: ${interaction.fields.getTextInputValue('reason')}`);
  }
}
