import type { Json, User } from '../entities.ts';
import {
  byPosition,
  renderChannel,
  renderGuild,
  renderMember,
  renderRole,
  renderUser,
} from '../render.ts';
import type { World } from '../world.ts';

/** Data of READY. A bot learns its guilds as unavailable first; a person gets the same. */
export function readyData(
  worlds: readonly World[],
  user: User,
  sessionId: string,
  gatewayUrl: string,
  shard: unknown,
): Json {
  const [world] = worlds as [World];
  const own = user.bot
    ? { ...renderUser(user), verified: true, mfa_enabled: true, email: null }
    : renderUser(user);
  return {
    v: 10,
    user: own,
    guilds: worlds
      .filter(({ members }) => members.has(user.id))
      .map(({ guild }) => ({ id: guild.id, unavailable: true })),
    session_id: sessionId,
    session_type: 'normal',
    resume_gateway_url: gatewayUrl,
    ...(Array.isArray(shard) ? { shard } : {}),
    ...(user.bot ? { application: { id: world.application.id, flags: 1 << 19 } } : {}),
    private_channels: user.bot ? [] : directsOf(world, user.id),
    relationships: [],
    presences: [],
    user_settings: {},
    geo_ordered_rtc_regions: [],
    auth: {},
    _trace: ['simulator'],
  };
}

function directsOf(world: World, userId: string): Json[] {
  const all = [...world.channels.values()];
  const own = all.filter((c) => c.guild_id === null && c.recipients.includes(userId));
  return own.map((c) => renderChannel(world, c));
}

/** Data of GUILD_CREATE. Bots are told every channel, people those they may see. */
export function guildData(world: World, user: User): Json {
  const channels = world
    .guildChannels()
    .filter((c) => user.bot || world.canSee(user.id, c))
    .sort(byPosition);
  const threads = world
    .threads()
    .filter((c) => c.thread?.archived === false && world.canSee(user.id, c));
  const member = world.members.get(user.id);
  return {
    ...renderGuild(world),
    roles: [...world.roles.values()].map(renderRole),
    joined_at: member?.joined_at ?? null,
    large: false,
    unavailable: false,
    member_count: world.members.size,
    members: [...world.members.values()].map((one) => renderMember(world, one)),
    channels: channels.map((c) => renderChannel(world, c)),
    threads: threads.map((c) => renderChannel(world, c)),
    voice_states: [],
    presences: [],
    stage_instances: [],
    guild_scheduled_events: [],
    soundboard_sounds: [],
  };
}
