import type { Webhook } from './app-entities.ts';
import { uploadsOf } from './attachments.ts';
import type { Channel, Message } from './entities.ts';
import { unknown } from './errors.ts';
import { createMessage, deleteMessage } from './messages.ts';
import { nextSnowflake, snowflakeAt } from './snowflake.ts';
import type { World } from './world.ts';

/** The application the proxies' webhooks belong to. */
const PROXY_APPLICATION = snowflakeAt(Date.UTC(2020, 0, 1));

interface Copy {
  /** The copy's text; that of the message when left out. */
  content?: string | undefined;
  /** Under which name. */
  name?: string | undefined;
  /** Whether the message goes before its copy comes, or after. */
  first?: 'delete' | 'post' | undefined;
}

/** What proxy bots do: a webhook repeats a message under another name, and the message is deleted. */
export function proxyMessage(world: World, message: Message, copy: Copy): Message {
  const channel = world.channels.get(message.channel_id);
  const author = world.users.get(message.author_id);
  if (!channel || !author) throw unknown('message');
  const webhook = proxyHook(world, channel);
  const files = uploadsOf(world, channel.id, message.attachments);
  const posts = () =>
    createMessage(world, {
      channel,
      author,
      body: { content: copy.content ?? message.content },
      files,
      webhook: { ...webhook, name: copy.name ?? author.global_name ?? author.username },
      applicationId: PROXY_APPLICATION,
    });
  if (copy.first !== 'post') deleteMessage(world, message);
  const made = posts();
  if (copy.first === 'post') deleteMessage(world, message);
  return made;
}

/** A proxy keeps one webhook in a channel. */
function proxyHook(world: World, channel: Channel): Webhook {
  const all = [...world.webhooks.values()];
  const known = all.find(
    (w) => w.channel_id === channel.id && w.application_id === PROXY_APPLICATION,
  );
  if (known) return known;
  const webhook: Webhook = {
    id: nextSnowflake(),
    type: 1,
    channel_id: channel.id,
    name: 'Proxy',
    avatar: null,
    token: 'proxy',
    user_id: world.guild.owner_id,
    application_id: PROXY_APPLICATION,
  };
  world.webhooks.set(webhook.id, webhook);
  return webhook;
}
