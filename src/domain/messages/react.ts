import type { AppContext } from '../../context.ts';
import { canonicalEmoji } from '../../contract/emoji.ts';
import { sizes } from '../../contract/limits.ts';
import type { MessageView } from '../../contract/messages.ts';
import { type AppError, conflict, invalidField } from '../../errors.ts';
import type { ReactionRow } from '../../models/entry.ts';
import { type Actor, authorOf, isSelf } from '../access/actor.ts';
import { requireUnblocked } from '../blocks/block-list.ts';
import type { LogId, Message } from '../log/entry.ts';
import { changeMessage, reactionsIn } from './change.ts';

/** @throws AppError BAD_REQUEST */
function parseEmoji(text: string): string {
  const emoji = canonicalEmoji(text, sizes.emoji);
  if (emoji) return emoji;
  throw invalidField('emoji', 'must be one emoji', 'invalid_format', 'path');
}

/** Told from a ticket that has ended by its type. */
const noRoom = (most: string): AppError => conflict('emoji', most, 'too_many_reactions', 'path');

/** @throws AppError CONFLICT */
function requireRoom(reactions: readonly ReactionRow[], emoji: string): void {
  const different = new Set(reactions.map((one) => one.emoji)).add(emoji);
  if (different.size > sizes.emojiPerMessage) {
    throw noRoom(`a message takes ${sizes.emojiPerMessage} different emoji`);
  }
  if (reactions.length < sizes.reactionsPerMessage) return;
  throw noRoom(`a message takes ${sizes.reactionsPerMessage} reactions`);
}

async function setReaction(
  ctx: AppContext,
  actor: Actor,
  log: LogId,
  messageId: string,
  reaction: { emoji: string; set: boolean },
): Promise<MessageView> {
  await requireUnblocked(ctx, actor);
  const { emoji, set } = reaction;
  const isOwn = (one: ReactionRow) => one.emoji === emoji && isSelf(actor, one.author.key);
  const to = (message: Message) => {
    const { content, files, edited, updated_at, reactions: before } = message;
    if (before.some(isOwn) === set) return undefined;
    if (set) requireRoom(before, emoji);
    const reactions = set
      ? [...before, { emoji, author: authorOf(actor), origin: actor.origin }]
      : before.filter((one) => !isOwn(one));
    const edit = edited ? { edited_at: updated_at } : {};
    return { content, files, reaction, ...reactionsIn({ reactions }), ...edit };
  };
  return changeMessage(ctx, actor, log, messageId, { type: 'react', action: 'react', to });
}

/**
 * Reacts to a message of a log: one reaction for each person and emoji. One that is there already
 * appends nothing.
 * @throws AppError BAD_REQUEST (no emoji), NOT_FOUND (also a deleted message), FORBIDDEN, CONFLICT (the
 *   ticket has ended, or the message has as many as it takes)
 */
export async function addReaction(
  ctx: AppContext,
  actor: Actor,
  log: LogId,
  messageId: string,
  emoji: string,
): Promise<MessageView> {
  return setReaction(ctx, actor, log, messageId, { emoji: parseEmoji(emoji), set: true });
}

/** Takes the actor's own reaction back; see `addReaction`. */
export async function removeReaction(
  ctx: AppContext,
  actor: Actor,
  log: LogId,
  messageId: string,
  emoji: string,
): Promise<MessageView> {
  return setReaction(ctx, actor, log, messageId, { emoji: parseEmoji(emoji), set: false });
}
