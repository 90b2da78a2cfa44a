import { type Call, callerOf, channelOf, NO_CONTENT, ok, param, type Reply } from '../call.ts';
import type { Channel, Json, Message, Reaction } from '../entities.ts';
import { ApiError, refused, unknown } from '../errors.ts';
import { P } from '../permissions.ts';
import { renderMember, renderUser } from '../render.ts';
import { route } from '../router.ts';
import { messageOf } from './messages.ts';

const MAX_KINDS = 20;
const LIMIT = { limit: [1, 0.25] as const };

/** `name:id` for one of a server's own, or the character itself. */
function readEmoji(given: string): Reaction['emoji'] {
  const custom = /^(?:a?:)?(\w+):(\d{17,20})$/.exec(given);
  if (custom) return { id: custom[2] ?? null, name: custom[1] ?? '' };
  if (!/\p{Emoji}/u.test(given) || /^[\d#*\w\s]+$/.test(given)) throw unknown('emoji');
  return { id: null, name: given };
}

function find(message: Message, emoji: Reaction['emoji']): Reaction | undefined {
  return message.reactions.find((r) => r.emoji.id === emoji.id && r.emoji.name === emoji.name);
}

function addReaction(call: Call): Reply {
  const channel = channelOf(call, P.READ_MESSAGE_HISTORY);
  const message = messageOf(call, channel);
  const { id } = callerOf(call);
  const emoji = readEmoji(param(call, 'emoji'));
  if (channel.thread?.archived) throw refused(50083, 'Thread is archived');
  const { blocked } = call.world;
  if (blocked.get(message.author_id)?.has(id)) {
    throw new ApiError(403, 90001, 'Reaction was blocked');
  }
  let reaction = find(message, emoji);
  if (!reaction) {
    channelOf(call, P.ADD_REACTIONS);
    if (message.reactions.length >= MAX_KINDS) {
      throw refused(30010, `Maximum number of reactions reached (${MAX_KINDS})`);
    }
    reaction = { emoji, users: [] };
    message.reactions.push(reaction);
  }
  if (reaction.users.includes(id)) return NO_CONTENT;
  reaction.users.push(id);
  tell(call, channel, message, 'MESSAGE_REACTION_ADD', id, emoji);
  return NO_CONTENT;
}

function removeOwn(call: Call): Reply {
  const channel = channelOf(call, P.READ_MESSAGE_HISTORY);
  return remove(call, channel, callerOf(call).id);
}

function removeOther(call: Call): Reply {
  const userId = param(call, 'user');
  const own = userId === callerOf(call).id;
  const channel = own ? channelOf(call) : channelOf(call, P.MANAGE_MESSAGES);
  return remove(call, channel, userId);
}

function remove(call: Call, channel: Channel, userId: string): Reply {
  const message = messageOf(call, channel);
  const emoji = readEmoji(param(call, 'emoji'));
  const reaction = find(message, emoji);
  if (!reaction?.users.includes(userId)) return NO_CONTENT;
  reaction.users = reaction.users.filter((id) => id !== userId);
  message.reactions = message.reactions.filter((r) => r.users.length > 0);
  tell(call, channel, message, 'MESSAGE_REACTION_REMOVE', userId, emoji);
  return NO_CONTENT;
}

function listReactors(call: Call): Reply {
  const { world, query } = call;
  const channel = channelOf(call, P.READ_MESSAGE_HISTORY);
  const reaction = find(messageOf(call, channel), readEmoji(param(call, 'emoji')));
  const users = (reaction?.users ?? []).flatMap((id) => world.users.get(id) ?? []);
  return ok(users.slice(0, Number(query.get('limit') ?? 25)).map(renderUser));
}

function removeAll(call: Call): Reply {
  const { world } = call;
  const channel = channelOf(call, P.MANAGE_MESSAGES);
  const message = messageOf(call, channel);
  message.reactions = [];
  world.emit('MESSAGE_REACTION_REMOVE_ALL', place(channel, message), { channel });
  return NO_CONTENT;
}

function removeKind(call: Call): Reply {
  const { world } = call;
  const channel = channelOf(call, P.MANAGE_MESSAGES);
  const message = messageOf(call, channel);
  const emoji = readEmoji(param(call, 'emoji'));
  message.reactions = message.reactions.filter((r) => r !== find(message, emoji));
  const data = { ...place(channel, message), emoji };
  world.emit('MESSAGE_REACTION_REMOVE_EMOJI', data, { channel });
  return NO_CONTENT;
}

function place(channel: Channel, message: Message): Json {
  const where = { channel_id: channel.id, message_id: message.id };
  return channel.guild_id === null ? where : { ...where, guild_id: channel.guild_id };
}

function tell(
  { world }: Call,
  channel: Channel,
  message: Message,
  name: string,
  userId: string,
  emoji: Reaction['emoji'],
): void {
  const data: Json = {
    ...place(channel, message),
    user_id: userId,
    emoji,
    burst: false,
    type: 0,
  };
  const member = world.members.get(userId);
  if (name === 'MESSAGE_REACTION_ADD') {
    data.message_author_id = message.author_id;
    if (member && channel.guild_id !== null) data.member = renderMember(world, member);
  }
  world.emit(name, data, { channel });
}

const BASE = '/channels/:channel/messages/:message/reactions';

export const reactionRoutes = [
  route('PUT', `${BASE}/:emoji/@me`, addReaction, LIMIT),
  route('DELETE', `${BASE}/:emoji/@me`, removeOwn, LIMIT),
  route('DELETE', `${BASE}/:emoji/:user`, removeOther, LIMIT),
  route('GET', `${BASE}/:emoji`, listReactors),
  route('DELETE', `${BASE}/:emoji`, removeKind, LIMIT),
  route('DELETE', BASE, removeAll, LIMIT),
];
