import {
  bodyOf,
  type Call,
  callerOf,
  channelOf,
  NO_CONTENT,
  need,
  ok,
  param,
  type Reply,
} from '../call.ts';
import type { Channel, Json, Message } from '../entities.ts';
import { ApiError, invalidField, refused, unknown } from '../errors.ts';
import { withoutContent } from '../gateway/session.ts';
import { editMessage } from '../message-edit.ts';
import { deleteMessage, forgetMessage } from '../messages.ts';
import { P } from '../permissions.ts';
import { renderMessage } from '../render-message.ts';
import { route } from '../router.ts';
import { isSnowflake, timeOf } from '../snowflake.ts';
import { list, object, snowflake, validate } from '../validation/fields.ts';
import { editedMessage } from '../validation/messages.ts';

const BULK_MAX_AGE_MS = 14 * 24 * 3600 * 1000;
const bulkBody = object({ messages: list(snowflake) });

/** A message as this caller gets it: a bot whose application lacks the content intent gets it emptied. */
export function shownTo(call: Call, message: Message): Json {
  const caller = callerOf(call);
  const data = renderMessage(call.world, message, 1, caller.id);
  const granted = call.world.settings.privilegedIntents.includes('MESSAGE_CONTENT');
  if (!caller.bot || granted) return data;
  return withoutContent(call.world, data, caller.id);
}

/** The message of the path; 10008 when there is none, or it is ephemeral and not for this caller. */
export function messageOf(call: Call, channel: Channel): Message {
  const message = call.world.message(channel.id, param(call, 'message'));
  const hidden = message?.ephemeral_for !== undefined && message.ephemeral_for !== call.caller?.id;
  if (!message || hidden) throw unknown('message');
  return message;
}

function listMessages(call: Call): Reply {
  const { world, query } = call;
  const channel = channelOf(call);
  const limit = readLimit(query.get('limit'));
  const given = ['around', 'before', 'after'].filter((key) => query.has(key));
  for (const key of given) {
    if (isSnowflake(query.get(key))) continue;
    const message = `Value "${query.get(key)}" is not snowflake.`;
    throw invalidField([key], 'NUMBER_TYPE_COERCE', message);
  }
  const bits = world.permissionsOf(callerOf(call).id, channel);
  if ((bits & P.READ_MESSAGE_HISTORY) === 0n) return ok([]);
  const log = world.log(channel.id);
  const [around, before, after] = ['around', 'before', 'after'].map((key) => query.get(key));
  let page = log.before(before ?? undefined, limit);
  if (around) page = log.around(around, limit);
  else if (after) page = log.after(after, limit);
  return ok(page.map((message) => shownTo(call, message)));
}

function readLimit(given: string | null): number {
  if (given === null) return 50;
  const limit = Number(given);
  if (!Number.isInteger(limit) || given === '') {
    throw invalidField(['limit'], 'NUMBER_TYPE_COERCE', `Value "${given}" is not int.`);
  }
  if (limit > 100) {
    throw invalidField(
      ['limit'],
      'NUMBER_TYPE_MAX',
      'int value should be less than or equal to 100.',
    );
  }
  if (limit < 1) {
    throw invalidField(
      ['limit'],
      'NUMBER_TYPE_MIN',
      'int value should be greater than or equal to 1.',
    );
  }
  return limit;
}

function getMessage(call: Call): Reply {
  const channel = channelOf(call, P.READ_MESSAGE_HISTORY);
  return ok(shownTo(call, messageOf(call, channel)));
}

function patchMessage(call: Call): Reply {
  const { world, files } = call;
  const channel = channelOf(call);
  const message = messageOf(call, channel);
  const { id } = callerOf(call);
  const body = bodyOf(call, editedMessage);
  if (channel.thread?.archived) throw refused(50083, 'Thread is archived');
  if (message.author_id !== id) moderate(call, channel, body);
  if (files.length > 0) need(call, channel, P.ATTACH_FILES);
  if (body.embeds?.length && callerOf(call).bot) need(call, channel, P.EMBED_LINKS);
  editMessage(world, message, body, files);
  return ok(renderMessage(world, message));
}

/** Other people's messages may only have their previews hidden, by those who manage messages. */
function moderate(call: Call, channel: Channel, body: object): void {
  const others = Object.entries(body).some(
    ([key, value]) => key !== 'flags' && value !== undefined,
  );
  if (others) throw new ApiError(403, 50005, 'Cannot edit a message authored by another user');
  need(call, channel, P.MANAGE_MESSAGES);
}

function removeMessage(call: Call): Reply {
  const { world } = call;
  const channel = channelOf(call);
  const message = messageOf(call, channel);
  const { id } = callerOf(call);
  if (channel.thread?.archived) throw refused(50083, 'Thread is archived');
  if (message.author_id !== id) need(call, channel, P.MANAGE_MESSAGES);
  deleteMessage(world, message);
  return NO_CONTENT;
}

function removeMany(call: Call): Reply {
  const { world } = call;
  const channel = channelOf(call, P.MANAGE_MESSAGES);
  if (channel.guild_id === null) throw refused(50003, 'Cannot execute action on a DM channel');
  if (!callerOf(call).bot) throw new ApiError(403, 20002, 'Only bots can use this endpoint');
  const { messages } = validate(bulkBody, call.body ?? {});
  if (messages.length < 2 || messages.length > 100) {
    throw refused(
      50016,
      'Provided too few or too many messages to delete. Must provide at least 2 and fewer than 100 messages to delete',
    );
  }
  if (new Set(messages).size < messages.length) {
    throw invalidField(['messages'], 'SET_TYPE_CONTAINS_DUPLICATES', 'Duplicate message ids.');
  }
  if (messages.some((id) => timeOf(id) < Date.now() - BULK_MAX_AGE_MS)) {
    throw refused(50034, 'A message provided was too old to bulk delete');
  }
  const found = messages.flatMap((id) => world.log(channel.id).get(id) ?? []);
  for (const message of found) forgetMessage(world, message);
  if (found.length > 0) {
    const ids = found.map((m) => m.id);
    const data = { ids, channel_id: channel.id, guild_id: channel.guild_id };
    world.emit('MESSAGE_DELETE_BULK', data, { channel });
  }
  return NO_CONTENT;
}

export const messageRoutes = [
  route('GET', '/channels/:channel/messages', listMessages, { limit: [5, 5] }),
  route('POST', '/channels/:channel/messages/bulk-delete', removeMany, { limit: [1, 3] }),
  route('GET', '/channels/:channel/messages/:message', getMessage, { limit: [5, 5] }),
  route('PATCH', '/channels/:channel/messages/:message', patchMessage, { limit: [5, 5] }),
  route('DELETE', '/channels/:channel/messages/:message', removeMessage, { limit: [5, 1] }),
];
