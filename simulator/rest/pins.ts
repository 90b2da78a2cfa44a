import { type Call, callerOf, channelOf, NO_CONTENT, ok, type Reply } from '../call.ts';
import type { Channel } from '../entities.ts';
import { refused } from '../errors.ts';
import { emitMessage, publish } from '../messages.ts';
import { P } from '../permissions.ts';
import { renderTime } from '../render-time.ts';
import { route } from '../router.ts';
import { nextSnowflake } from '../snowflake.ts';
import { messageOf, shownTo } from './messages.ts';

const MAX_PINS = 250;

function pinned({ world }: Call, channel: Channel) {
  const all = world.log(channel.id).all();
  return all
    .filter((m) => m.pinned_at !== null)
    .sort((a, b) => (b.pinned_at ?? '').localeCompare(a.pinned_at ?? ''));
}

/** Older applications pin with MANAGE_MESSAGES, newer ones with PIN_MESSAGES. */
function pinnable(call: Call): Channel {
  const channel = channelOf(call);
  const bits = call.world.permissionsOf(callerOf(call).id, channel);
  if ((bits & P.PIN_MESSAGES) !== 0n) return channel;
  return channelOf(call, P.MANAGE_MESSAGES);
}

function pin(call: Call): Reply {
  const { world } = call;
  const channel = pinnable(call);
  const message = messageOf(call, channel);
  if (message.pinned_at !== null) return NO_CONTENT;
  if (pinned(call, channel).length >= MAX_PINS) {
    throw refused(30003, `Maximum number of pins reached for the channel (${MAX_PINS})`);
  }
  message.pinned_at = new Date().toISOString();
  channel.last_pin_timestamp = renderTime(message.pinned_at);
  tell(call, channel);
  emitMessage(world, 'MESSAGE_UPDATE', message);
  leaveNotice(call, channel, message.id);
  return NO_CONTENT;
}

function unpin(call: Call): Reply {
  const channel = pinnable(call);
  const message = messageOf(call, channel);
  if (message.pinned_at === null) return NO_CONTENT;
  message.pinned_at = null;
  tell(call, channel);
  emitMessage(call.world, 'MESSAGE_UPDATE', message);
  return NO_CONTENT;
}

function listOld(call: Call): Reply {
  const channel = channelOf(call, P.READ_MESSAGE_HISTORY);
  return ok(
    pinned(call, channel)
      .slice(0, 50)
      .map((m) => shownTo(call, m)),
  );
}

function listNew(call: Call): Reply {
  const channel = channelOf(call, P.READ_MESSAGE_HISTORY);
  const before = call.query.get('before');
  const limit = Number(call.query.get('limit') ?? 50);
  const all = pinned(call, channel).filter(
    (m) => before === null || Date.parse(m.pinned_at ?? '') < Date.parse(before),
  );
  const items = all.slice(0, limit).map((m) => ({
    pinned_at: renderTime(m.pinned_at ?? 0),
    message: shownTo(call, m),
  }));
  return ok({ items, has_more: all.length > limit });
}

/** Discord writes a message of type 6 into the channel, in the name of whoever pinned. */
function leaveNotice(call: Call, channel: Channel, messageId: string): void {
  publish(call.world, channel, {
    id: nextSnowflake(),
    channel_id: channel.id,
    type: 6,
    author_id: callerOf(call).id,
    content: '',
    timestamp: new Date().toISOString(),
    edited_timestamp: null,
    tts: false,
    mention_everyone: false,
    mentions: [],
    mention_roles: [],
    attachments: [],
    embeds: [],
    components: [],
    reactions: [],
    pinned_at: null,
    flags: 0,
    reference: { type: 0, message_id: messageId, channel_id: channel.id },
  });
}

function tell({ world }: Call, channel: Channel): void {
  const data = {
    guild_id: channel.guild_id ?? undefined,
    channel_id: channel.id,
    last_pin_timestamp: channel.last_pin_timestamp,
  };
  world.emit('CHANNEL_PINS_UPDATE', data, { channel });
}

export const pinRoutes = [
  route('GET', '/channels/:channel/pins', listOld),
  route('PUT', '/channels/:channel/pins/:message', pin),
  route('DELETE', '/channels/:channel/pins/:message', unpin),
  route('GET', '/channels/:channel/messages/pins', listNew),
  route('PUT', '/channels/:channel/messages/pins/:message', pin),
  route('DELETE', '/channels/:channel/messages/pins/:message', unpin),
];
