import type { Role } from './entities.ts';
import { ApiError } from './errors.ts';
import { guildData } from './gateway/ready.ts';
import { renderMember, renderRole, renderUser } from './render.ts';
import { nextSnowflake } from './snowflake.ts';
import type { World } from './world.ts';

/** Takes a role away from the server, from its members and from every channel's overwrites. */
export function removeRole(world: World, role: Role): void {
  world.roles.delete(role.id);
  for (const member of world.members.values()) {
    member.roles = member.roles.filter((id) => id !== role.id);
  }
  for (const channel of world.channels.values()) {
    channel.permission_overwrites = channel.permission_overwrites.filter((o) => o.id !== role.id);
  }
  world.emit('GUILD_ROLE_DELETE', { guild_id: world.guild.id, role_id: role.id });
}

/** Somebody is no longer in the server: left, was kicked or was banned. A bot takes its own role along. */
export function removeMember(world: World, userId: string): void {
  const user = world.users.get(userId);
  if (!user || !world.members.delete(userId)) return;
  const guild_id = world.guild.id;
  for (const role of [...world.roles.values()].filter((r) => r.bot_id === userId)) {
    removeRole(world, role);
  }
  for (const { thread } of world.threads()) thread?.members.delete(userId);
  world.emit('GUILD_MEMBER_REMOVE', { guild_id, user: renderUser(user) });
  world.emit('GUILD_DELETE', { id: guild_id }, { only: userId });
}

/** Somebody joins the server. A bot gets a new role with the permissions it was invited with. */
export function addMember(world: World, userId: string, permissions: bigint): string | undefined {
  const user = world.users.get(userId);
  if (!user || world.members.has(userId)) return undefined;
  if (world.banned.has(userId)) {
    throw new ApiError(403, 40007, 'The user is banned from this guild');
  }
  const role = user.bot ? botRole(world, userId, user.username, permissions) : undefined;
  const member = {
    user_id: userId,
    nick: null,
    roles: role ? [role.id] : [],
    joined_at: new Date().toISOString(),
    communication_disabled_until: null,
  };
  world.members.set(userId, member);
  const guild_id = world.guild.id;
  world.emit('GUILD_MEMBER_ADD', { guild_id, ...renderMember(world, member) });
  world.emit('GUILD_CREATE', guildData(world, user), { only: userId });
  return role?.id;
}

function botRole(world: World, bot_id: string, name: string, permissions: bigint): Role {
  const role: Role = {
    id: nextSnowflake(),
    name,
    color: 0,
    hoist: false,
    position: 1,
    permissions: permissions.toString(),
    managed: true,
    mentionable: false,
    bot_id,
  };
  for (const other of world.roles.values()) if (other.position > 0) other.position += 1;
  world.roles.set(role.id, role);
  world.emit('GUILD_ROLE_CREATE', { guild_id: world.guild.id, role: renderRole(role) });
  return role;
}
