import { type Call, callerOf, channelOf, needInGuild, ok, param, type Reply } from '../call.ts';
import { ApiError, refused, unknown } from '../errors.ts';
import { emitMessage, publish } from '../messages.ts';
import { resultEmbed } from '../polls.ts';
import { renderMessage } from '../render-message.ts';
import { route } from '../router.ts';
import { nextSnowflake } from '../snowflake.ts';
import { renderSticker } from '../stickers.ts';
import { messageOf } from './messages.ts';

/** Ends a poll before its time; its author alone may. */
function expirePoll(call: Call): Reply {
  const { world } = call;
  const channel = channelOf(call);
  const message = messageOf(call, channel);
  const { id } = callerOf(call);
  if (message.author_id !== id) {
    throw new ApiError(403, 50005, 'Cannot edit a message authored by another user');
  }
  if (!message.poll) throw refused(520006, 'Cannot expire a non-poll message');
  if (message.poll.is_finalized) throw refused(520001, 'Poll expired');
  Object.assign(message.poll, { is_finalized: true, expiry: new Date().toISOString() });
  emitMessage(world, 'MESSAGE_UPDATE', message);
  publish(world, channel, {
    ...structuredClone(message),
    id: nextSnowflake(),
    type: 46,
    content: '',
    timestamp: new Date().toISOString(),
    edited_timestamp: null,
    embeds: [resultEmbed(message)],
    reference: { type: 0, message_id: message.id, channel_id: channel.id },
  });
  return ok(renderMessage(world, message));
}

function listStickers(call: Call): Reply {
  needInGuild(call);
  return ok([...call.world.stickers.values()].map((one) => renderSticker(call.world, one)));
}

function getSticker(call: Call): Reply {
  const sticker = call.world.stickers.get(param(call, 'sticker'));
  if (!sticker) throw unknown('sticker');
  return ok(renderSticker(call.world, sticker));
}

export const messageKindRoutes = [
  route('POST', '/channels/:channel/polls/:message/expire', expirePoll),
  route('GET', '/guilds/:guild/stickers', listStickers),
  route('GET', '/stickers/:sticker', getSticker),
];
