import { type CacheFactory, LimitedCollection, type Message, Options } from 'discord.js';
import { isWritten } from './inbound/incoming.ts';

/** Of each channel; discord.js keeps 200, of whoever they are. */
const KEPT_MESSAGES = 50;

/**
 * What people wrote last: where it changes, the marks it bears are looked for on it. What programs post, the
 * bot most of all, would outlive two collections of garbage for nothing.
 */
class WrittenMessages extends LimitedCollection<string, Message> {
  override set(id: string, message: Message): this {
    // Of a partial one nobody knows yet who wrote it.
    return !message.partial && isWritten(message) ? super.set(id, message) : this;
  }
}

const asByDefault = Options.cacheWithLimits(Options.DefaultMakeCacheSettings);

/** What the bot's client keeps in memory of what Discord tells it: bounded in each channel. */
export const makeCache: CacheFactory = (type, holds, manager) =>
  type.name === 'MessageManager'
    ? (new WrittenMessages({ maxSize: KEPT_MESSAGES }) as never)
    : asByDefault(type, holds, manager);
