import {
  bodyOf,
  type Call,
  callerOf,
  channelOf,
  NO_CONTENT,
  need,
  ok,
  type Reply,
} from '../call.ts';
import { type Channel, ChannelType } from '../entities.ts';
import { invalidField, missingPermissions, RateLimited, refused } from '../errors.ts';
import { forgetMessage } from '../messages.ts';
import { checkChannelText, checkTitle } from '../moderation.ts';
import { P } from '../permissions.ts';
import { renderChannel, renderMember } from '../render.ts';
import { route } from '../router.ts';
import { checkRoomForThread } from '../thread-state.ts';
import { editedChannel, normaliseName } from '../validation/channels.ts';
import { checkParent, readOverwrites, replaceOverwrites } from './overwrites.ts';

type Edit = ReturnType<typeof editedChannel>;

function getChannel(call: Call): Reply {
  return ok(renderChannel(call.world, channelOf(call)));
}

function editChannel(call: Call): Reply {
  const { world } = call;
  const channel = channelOf(call);
  if (channel.guild_id === null) throw refused(50003, 'Cannot execute action on a DM channel');
  const body = bodyOf(call, editedChannel);
  if (channel.thread) editThread(call, channel, body);
  else editGuildChannel(call, channel, body);
  const name = channel.thread ? 'THREAD_UPDATE' : 'CHANNEL_UPDATE';
  world.emit(name, renderChannel(world, channel), { channel });
  return ok(renderChannel(world, channel));
}

function editGuildChannel(call: Call, channel: Channel, body: Edit): void {
  channelOf(call, P.MANAGE_CHANNELS);
  const name = body.name === undefined ? channel.name : normaliseName(body.name, channel.type);
  if (name === '') throw invalidField(['name'], 'BASE_TYPE_REQUIRED', 'This field is required');
  checkChannelText(call.world, body.name, body.topic);
  const topic = body.topic === undefined ? channel.topic : body.topic || null;
  const type = convertedType(channel, body.type);
  const moves = body.parent_id !== undefined && body.parent_id !== channel.parent_id;
  const parent = moves ? checkParent(call, body.parent_id ?? null, channel.type) : undefined;
  const overwrites =
    body.permission_overwrites &&
    readOverwrites(call, body.permission_overwrites, channel.permission_overwrites, channel);
  if (name !== channel.name || topic !== channel.topic) spendRename(call, channel);
  if (overwrites) replaceOverwrites(call, channel, overwrites);
  Object.assign(channel, { name, topic, type });
  if (moves) channel.parent_id = parent?.id ?? null;
  if (body.position != null) channel.position = body.position;
  if (body.nsfw != null) channel.nsfw = body.nsfw;
  if (body.rate_limit_per_user != null) channel.rate_limit_per_user = body.rate_limit_per_user;
}

/** Text channels become announcement channels and back; nothing else changes its kind. */
function convertedType(channel: Channel, wanted: number | undefined): number {
  const kinds: number[] = [ChannelType.text, ChannelType.announcement];
  if (wanted === undefined || wanted === channel.type) return channel.type;
  if (kinds.includes(wanted) && kinds.includes(channel.type)) return wanted;
  throw invalidField(['type'], 'BASE_TYPE_CHOICES', `Value must be one of (${kinds.join(', ')}).`);
}

/** Name and topic may change twice in ten minutes. The headers of the route do not show it. */
function spendRename(call: Call, channel: Channel): void {
  const { world } = call;
  const { renamesPerWindow, renameWindowMs } = world.settings;
  const now = Date.now();
  const recent = (world.renames.get(channel.id) ?? []).filter((at) => at > now - renameWindowMs);
  const oldest = recent[0];
  if (recent.length >= renamesPerWindow && oldest !== undefined) {
    throw new RateLimited((oldest + renameWindowMs - now) / 1000, 'user');
  }
  world.renames.set(channel.id, [...recent, now]);
}

function editThread(call: Call, channel: Channel, body: Edit): void {
  const { world } = call;
  const { thread } = channel;
  if (!thread) return;
  const { id } = callerOf(call);
  const moderates = (world.permissionsOf(id, channel) & P.MANAGE_THREADS) !== 0n;
  const opensOnly = body.archived === false && body.locked === undefined;
  if (!moderates && thread.locked) throw missingPermissions();
  if (!moderates && thread.owner_id !== id && !opensOnly) throw missingPermissions();
  if (!moderates && body.locked === true) throw missingPermissions();
  const stays = thread.archived && body.archived !== false;
  if (stays && (body.name !== undefined || body.auto_archive_duration !== undefined)) {
    throw refused(50083, 'Thread is archived');
  }
  if (body.name !== undefined && body.name !== channel.name) {
    checkTitle(world, id, body.name);
    spendRename(call, channel);
    channel.name = body.name;
  }
  if (body.archived !== undefined && body.archived !== thread.archived) {
    if (!body.archived) checkRoomForThread(world);
    thread.archived = body.archived;
    thread.archive_timestamp = new Date().toISOString();
  }
  if (body.locked !== undefined) thread.locked = body.locked;
  if (body.invitable !== undefined) thread.invitable = body.invitable;
  if (body.auto_archive_duration !== undefined) {
    thread.auto_archive_duration = body.auto_archive_duration;
  }
  if (body.rate_limit_per_user != null) channel.rate_limit_per_user = body.rate_limit_per_user;
}

function deleteChannel(call: Call): Reply {
  const { world } = call;
  const found = channelOf(call);
  if (found.guild_id === null) return ok(renderChannel(world, found));
  const channel = channelOf(call, found.thread ? P.MANAGE_THREADS : P.MANAGE_CHANNELS);
  const rendered = renderChannel(world, channel);
  const { id, guild_id, parent_id, type } = channel;
  if (channel.thread) {
    world.emit('THREAD_DELETE', { id, guild_id, parent_id, type }, { channel });
  } else {
    world.emit('CHANNEL_DELETE', rendered, { channel });
  }
  for (const child of world.channels.values()) {
    if (child.parent_id !== id) continue;
    if (child.thread) removeChannel(call, child);
    else orphan(call, child);
  }
  removeChannel(call, channel);
  return ok(rendered);
}

/** A category's channels outlive it. */
function orphan({ world }: Call, child: Channel): void {
  child.parent_id = null;
  world.emit('CHANNEL_UPDATE', renderChannel(world, child), { channel: child });
}

function removeChannel({ world }: Call, channel: Channel): void {
  for (const message of world.logs.get(channel.id)?.all() ?? []) forgetMessage(world, message);
  world.logs.delete(channel.id);
  world.channels.delete(channel.id);
  for (const [id, webhook] of world.webhooks) {
    if (webhook.channel_id === channel.id) world.webhooks.delete(id);
  }
}

function startTyping(call: Call): Reply {
  const { world } = call;
  const channel = channelOf(call);
  need(call, channel, channel.thread ? P.SEND_MESSAGES_IN_THREADS : P.SEND_MESSAGES);
  const { id } = callerOf(call);
  const member = world.members.get(id);
  const where =
    channel.guild_id === null || !member
      ? {}
      : { guild_id: channel.guild_id, member: renderMember(world, member) };
  const timestamp = Math.floor(Date.now() / 1000);
  const data = { channel_id: channel.id, user_id: id, timestamp, ...where };
  world.emit('TYPING_START', data, { channel });
  return NO_CONTENT;
}

export const channelRoutes = [
  route('GET', '/channels/:channel', getChannel),
  route('PATCH', '/channels/:channel', editChannel, { limit: [10, 15] }),
  route('DELETE', '/channels/:channel', deleteChannel),
  route('POST', '/channels/:channel/typing', startTyping, { limit: [5, 5] }),
];
