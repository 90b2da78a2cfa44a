import { expect, test } from '@jest/globals';
import { Client, type TextChannel } from 'discord.js';
import { makeCache } from '../../bot/message-cache.ts';

const guild = { id: '100', name: 'A desk', channels: [{ id: '200', name: 'ticket-1', type: 0 }] };

/** A channel as the gateway tells a client of it. */
function channelOf(client: Client): TextChannel {
  const guilds = client.guilds as unknown as { _add(data: object): void };
  guilds._add({ ...guild, roles: [], emojis: [], members: [] });
  return client.channels.cache.get('200') as TextChannel;
}

function tell(channel: TextChannel, id: number, author: object, more: object = {}) {
  const messages = channel.messages as unknown as { _add(data: object): unknown };
  const rest = { content: 'hello', attachments: [], embeds: [], mentions: [], type: 0 };
  messages._add({ ...rest, id: String(id), channel_id: '200', author, ...more });
}

test('of a channel the bot keeps the last fifty messages of people, and none of programs', () => {
  const client = new Client({ intents: [], makeCache });
  const channel = channelOf(client);
  for (let nth = 1; nth <= 60; nth++) {
    tell(channel, 1000 + nth, { id: '7', username: 'kim', discriminator: '0' });
    tell(channel, 2000 + nth, { id: '8', username: 'desk', discriminator: '0', bot: true });
    tell(channel, 3000 + nth, { id: '9', username: 'hook' }, { webhook_id: '9' });
  }
  const kept = [...channel.messages.cache.keys()].map(Number);
  expect(kept).toEqual(Array.from({ length: 50 }, (_, nth) => 1011 + nth));
});
