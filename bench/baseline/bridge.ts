/**
 * The naive bridge: a discord.js bot that posts what an event in memory tells it of, as it comes. It
 * writes nothing down, so what a crash or a refusal interrupts is lost, and nothing is edited, deleted
 * or closed.
 */
import { type EventEmitter, once } from 'node:events';
import { ChannelType, Client, GatewayIntentBits, type TextChannel } from 'discord.js';

interface Place {
  token: string;
  api: string;
  guildId: string;
}

interface Told {
  ticket_id: string;
  author_name: string;
  content: string;
}

/** Logs in, and posts every `message` of `events` into its ticket's channel, made with the first one. */
export async function startNaiveBridge(events: EventEmitter, place: Place): Promise<void> {
  const { Guilds, GuildMessages, MessageContent } = GatewayIntentBits;
  const client = new Client({
    intents: [Guilds, GuildMessages, MessageContent],
    rest: { api: place.api, version: '10' },
  });
  const ready = once(client, 'clientReady');
  await client.login(place.token);
  await ready;
  const guild = await client.guilds.fetch(place.guildId);
  const channels = new Map<string, Promise<TextChannel>>();
  const channelOf = (ticket: string): Promise<TextChannel> => {
    let channel = channels.get(ticket);
    if (!channel) {
      channel = guild.channels.create({ name: `ticket-${ticket}`, type: ChannelType.GuildText });
      channels.set(ticket, channel);
    }
    return channel;
  };
  events.on('message', ({ ticket_id, author_name, content }: Told) => {
    channelOf(ticket_id)
      .then((channel) => channel.send(`**${author_name}**: ${content}`))
      .catch((error: Error) => console.error(`a message is lost: ${error.message}`));
  });
}
