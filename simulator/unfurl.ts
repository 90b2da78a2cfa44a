import { type Json, type Message, MessageFlag } from './entities.ts';
import { P } from './permissions.ts';
import type { World } from './world.ts';

const MAX_PREVIEWS = 5;

/**
 * Gives a message with links its previews a little later: embeds are added and `changed` is called, while
 * `edited_timestamp` stays as it was. Nothing happens if the message was deleted or edited meanwhile.
 */
export function unfurlLater(world: World, message: Message, changed: () => void): void {
  const links = linksOf(message.content).slice(0, MAX_PREVIEWS);
  if (links.length === 0 || (message.flags & MessageFlag.suppressEmbeds) !== 0) return;
  if (message.embeds.length > 0 && message.embeds.every((e) => links.includes(String(e.url))))
    return;
  const channel = world.channels.get(message.channel_id);
  const author = message.author_id;
  if (!channel) return;
  if (world.users.has(author) && (world.permissionsOf(author, channel) & P.EMBED_LINKS) === 0n)
    return;
  const { content } = message;
  world.later(world.settings.unfurlDelayMs, () => {
    const present = world.message(message.channel_id, message.id) === message;
    if (!present || message.content !== content) return;
    message.embeds = [...message.embeds.filter((e) => e.type === 'rich'), ...links.map(preview)];
    changed();
  });
}

/** Links in a text, but not those in angle brackets, which ask for no preview. */
function linksOf(content: string): string[] {
  const found = content.match(/(?<!<)https?:\/\/[^\s<>]+[^\s<>.,;:!?)"'\]]/g) ?? [];
  return [...new Set(found)].filter((one) => URL.canParse(one));
}

function preview(url: string): Json {
  const { hostname } = new URL(url);
  return {
    type: 'link',
    url,
    title: hostname,
    description: `A page of ${hostname}`,
    provider: { name: hostname },
  };
}
