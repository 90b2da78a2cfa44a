import {
  bodyOf,
  type Call,
  callerOf,
  NO_CONTENT,
  needInGuild,
  ok,
  param,
  type Reply,
} from '../call.ts';
import type { Role } from '../entities.ts';
import { missingPermissions, refused, unknown } from '../errors.ts';
import { removeRole } from '../membership.ts';
import { P } from '../permissions.ts';
import { renderRole } from '../render.ts';
import { route } from '../router.ts';
import { nextSnowflake } from '../snowflake.ts';
import { anything, bits, bool, integer, maybe, object, text } from '../validation/fields.ts';

const MAX_ROLES = 250;

const roleBody = object({
  name: maybe(text({ max: 100 })),
  permissions: maybe(bits),
  color: maybe(integer({ min: 0, max: 0xffffff })),
  colors: maybe(anything),
  hoist: maybe(bool),
  icon: maybe(anything),
  unicode_emoji: maybe(anything),
  mentionable: maybe(bool),
});

function roleOf(call: Call): Role {
  const role = call.world.roles.get(param(call, 'role'));
  if (!role) throw unknown('role');
  return role;
}

function listRoles(call: Call): Reply {
  needInGuild(call);
  return ok([...call.world.roles.values()].map(renderRole));
}

function getRole(call: Call): Reply {
  needInGuild(call);
  return ok(renderRole(roleOf(call)));
}

function createRole(call: Call): Reply {
  needInGuild(call, P.MANAGE_ROLES);
  const { world } = call;
  const body = bodyOf(call, roleBody);
  if (world.roles.size >= MAX_ROLES) {
    throw refused(30005, `Maximum number of guild roles reached (${MAX_ROLES})`);
  }
  const everyone = world.roles.get(world.guild.id);
  mayGrant(call, body.permissions);
  for (const role of world.roles.values()) if (role.position > 0) role.position += 1;
  const role: Role = {
    id: nextSnowflake(),
    name: body.name || 'new role',
    color: body.color ?? 0,
    hoist: body.hoist ?? false,
    position: 1,
    permissions: body.permissions ?? everyone?.permissions ?? '0',
    managed: false,
    mentionable: body.mentionable ?? false,
  };
  world.roles.set(role.id, role);
  world.emit('GUILD_ROLE_CREATE', { guild_id: world.guild.id, role: renderRole(role) });
  return ok(renderRole(role));
}

function editRole(call: Call): Reply {
  needInGuild(call, P.MANAGE_ROLES);
  const { world } = call;
  const role = roleOf(call);
  needAbove(call, role);
  const body = bodyOf(call, roleBody);
  mayGrant(call, body.permissions);
  if (body.name != null) role.name = body.name;
  if (body.permissions != null) role.permissions = body.permissions;
  if (body.color != null) role.color = body.color;
  if (body.hoist != null) role.hoist = body.hoist;
  if (body.mentionable != null) role.mentionable = body.mentionable;
  world.emit('GUILD_ROLE_UPDATE', { guild_id: world.guild.id, role: renderRole(role) });
  return ok(renderRole(role));
}

function deleteRole(call: Call): Reply {
  needInGuild(call, P.MANAGE_ROLES);
  const { world } = call;
  const role = roleOf(call);
  needAbove(call, role);
  if (role.id === world.guild.id || role.managed) throw refused(50028, 'Invalid role');
  removeRole(world, role);
  return NO_CONTENT;
}

/** Roles are changed from above only. */
function needAbove(call: Call, role: Role): void {
  const { world } = call;
  if (role.position >= world.rankOf(callerOf(call).id)) throw missingPermissions();
}

/** Nobody gives what they do not hold. */
function mayGrant(call: Call, wanted: string | null | undefined): void {
  const held = call.world.permissionsOf(callerOf(call).id);
  if ((BigInt(wanted ?? 0) & ~held) !== 0n) throw missingPermissions();
}

export const roleRoutes = [
  route('GET', '/guilds/:guild/roles', listRoles),
  route('POST', '/guilds/:guild/roles', createRole),
  route('GET', '/guilds/:guild/roles/:role', getRole),
  route('PATCH', '/guilds/:guild/roles/:role', editRole),
  route('DELETE', '/guilds/:guild/roles/:role', deleteRole),
];
