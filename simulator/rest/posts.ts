import { bodyOf, type Call, callerOf, created, need, type Reply } from '../call.ts';
import { type Channel, ChannelType } from '../entities.ts';
import { ApiError } from '../errors.ts';
import { createMessage } from '../messages.ts';
import { P } from '../permissions.ts';
import { renderChannel } from '../render.ts';
import { renderMessage } from '../render-message.ts';
import { nextSnowflake } from '../snowflake.ts';
import { newPost } from '../validation/channels.ts';
import { needForParts } from './new-message.ts';
import { openThread } from './open-thread.ts';

/** A post of a forum: a thread and its first message, which have one id. Only SEND_MESSAGES is needed. */
export function startPost(call: Call, forum: Channel): Reply {
  const { world, files } = call;
  need(call, forum, P.SEND_MESSAGES);
  const { message: said, applied_tags: tags, ...body } = bodyOf(call, newPost);
  // No forum here has any.
  if (tags?.length) throw new ApiError(404, 10087, 'Unknown tag');
  needForParts(call, forum, said);
  const eventsBefore = world.outbox.length;
  const channel = openThread(call, forum, nextSnowflake(), body, ChannelType.publicThread);
  try {
    const draft = { channel, id: channel.id, author: callerOf(call), body: said, files };
    const message = renderMessage(world, createMessage(world, draft));
    forum.last_message_id = channel.id;
    return created({ ...renderChannel(world, channel), message });
  } catch (error) {
    // There is no post without its message.
    world.channels.delete(channel.id);
    world.outbox.length = eventsBefore;
    throw error;
  }
}
