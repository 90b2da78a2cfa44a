import { bodyOf, type Call, callerOf, NO_CONTENT, needInGuild, ok, type Reply } from '../call.ts';
import { emptyChannel } from '../empty-channel.ts';
import { type Channel, ChannelType, type Overwrite } from '../entities.ts';
import { invalidField, RateLimited, refused } from '../errors.ts';
import { checkChannelText } from '../moderation.ts';
import { P } from '../permissions.ts';
import { byPosition, renderChannel, renderGuild } from '../render.ts';
import { route } from '../router.ts';
import { nextSnowflake } from '../snowflake.ts';
import { newChannel, normaliseName, positions } from '../validation/channels.ts';
import { anything, maybe, object, optional, text } from '../validation/fields.ts';
import { checkParent, readOverwrites } from './overwrites.ts';

const guildBody = object({
  name: optional(text({ min: 2, max: 100 })),
  description: maybe(text({ max: 120 })),
  icon: maybe(anything),
});

function getGuild(call: Call): Reply {
  needInGuild(call);
  const { world } = call;
  const counts = call.query.get('with_counts') === 'true';
  const count = world.members.size;
  const extra = counts
    ? { approximate_member_count: count, approximate_presence_count: count }
    : {};
  return ok({ ...renderGuild(world), ...extra });
}

function editGuild(call: Call): Reply {
  needInGuild(call, P.MANAGE_GUILD);
  const { world } = call;
  const body = bodyOf(call, guildBody);
  if (body.name !== undefined) world.guild.name = body.name;
  if (body.description !== undefined) world.guild.description = body.description;
  world.emit('GUILD_UPDATE', renderGuild(world));
  return ok(renderGuild(world));
}

function listChannels(call: Call): Reply {
  needInGuild(call);
  const { world } = call;
  const caller = callerOf(call);
  const channels = world.guildChannels().sort(byPosition);
  const shown = channels.filter((c) => caller.bot || world.canSee(caller.id, c));
  return ok(shown.map((c) => renderChannel(world, c)));
}

function createChannel(call: Call): Reply {
  needInGuild(call, P.MANAGE_CHANNELS);
  const { world } = call;
  const body = bodyOf(call, newChannel);
  const type = body.type ?? ChannelType.text;
  const name = normaliseName(body.name, type);
  if (name === '') throw invalidField(['name'], 'BASE_TYPE_REQUIRED', 'This field is required');
  checkChannelText(world, body.name, body.topic);
  if (world.guildChannels().length >= world.settings.channelsPerGuild) {
    throw refused(
      30013,
      `Maximum number of guild channels reached (${world.settings.channelsPerGuild})`,
    );
  }
  const parent = checkParent(call, body.parent_id ?? null, type);
  if (world.daily.channels >= world.settings.channelCreatesPerDay) {
    throw new RateLimited((world.daily.since + world.settings.dayMs - Date.now()) / 1000, 'user');
  }
  const inherited = parent?.permission_overwrites.map((o) => ({ ...o })) ?? [];
  const given = body.permission_overwrites;
  const channel = emptyChannel({
    id: nextSnowflake(),
    guild_id: world.guild.id,
    name,
    type,
    topic: body.topic || null,
    position: body.position ?? nextPosition(world.guildChannels()),
    parent_id: parent?.id ?? null,
    nsfw: body.nsfw ?? false,
    rate_limit_per_user: body.rate_limit_per_user ?? 0,
    permission_overwrites: given ? readOverwrites(call, given, [], undefined) : inherited,
  });
  world.daily.channels += 1;
  world.channels.set(channel.id, channel);
  world.emit('CHANNEL_CREATE', renderChannel(world, channel), { channel });
  return { status: 201, body: renderChannel(world, channel) };
}

function nextPosition(channels: Channel[]): number {
  return Math.max(-1, ...channels.map((c) => c.position)) + 1;
}

function moveChannels(call: Call): Reply {
  needInGuild(call, P.MANAGE_CHANNELS);
  const { world } = call;
  const moves = bodyOf(call, positions);
  for (const { id } of moves) {
    if (!world.guildChannels().some((c) => c.id === id)) {
      throw refused(50035, 'Invalid Form Body');
    }
  }
  for (const move of moves) {
    const channel = world.channels.get(move.id);
    if (!channel) continue;
    if (move.parent_id !== undefined && move.parent_id !== channel.parent_id) {
      const parent = checkParent(call, move.parent_id, channel.type);
      channel.parent_id = parent?.id ?? null;
    }
    if (move.lock_permissions) channel.permission_overwrites = copyOfParent(call, channel);
    if (move.position != null) channel.position = move.position;
    world.emit('CHANNEL_UPDATE', renderChannel(world, channel), { channel });
  }
  return NO_CONTENT;
}

function copyOfParent({ world }: Call, channel: Channel): Overwrite[] {
  const parent = world.channels.get(channel.parent_id ?? '');
  return (parent ?? channel).permission_overwrites.map((o) => ({ ...o }));
}

function getActiveThreads(call: Call): Reply {
  needInGuild(call);
  const { world } = call;
  const { id } = callerOf(call);
  const threads = world.threads().filter((c) => !c.thread?.archived && world.canSee(id, c));
  const members = threads.flatMap((c) => {
    const since = c.thread?.members.get(id);
    return since ? { id: c.id, user_id: id, join_timestamp: since, flags: 0 } : [];
  });
  return ok({ threads: threads.map((c) => renderChannel(world, c)), members });
}

export const guildRoutes = [
  route('GET', '/guilds/:guild', getGuild),
  route('PATCH', '/guilds/:guild', editGuild),
  route('GET', '/guilds/:guild/channels', listChannels),
  route('POST', '/guilds/:guild/channels', createChannel, { limit: [50, 10] }),
  route('PATCH', '/guilds/:guild/channels', moveChannels),
  route('GET', '/guilds/:guild/threads/active', getActiveThreads),
];
