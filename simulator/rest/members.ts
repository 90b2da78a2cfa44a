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
import type { Member, Role } from '../entities.ts';
import { missingPermissions, unknown } from '../errors.ts';
import { P } from '../permissions.ts';
import { renderMember } from '../render.ts';
import { route } from '../router.ts';
import { compareSnowflakes } from '../snowflake.ts';
import { anything, isoTime, list, maybe, object, snowflake, text } from '../validation/fields.ts';

const memberBody = object({
  nick: maybe(text({ max: 32 })),
  roles: maybe(list(snowflake)),
  communication_disabled_until: maybe(isoTime),
  mute: maybe(anything),
  deaf: maybe(anything),
  channel_id: maybe(anything),
  flags: maybe(anything),
});

function memberOf(call: Call, userId: string): Member {
  const member = call.world.members.get(userId);
  if (member) return member;
  throw call.world.users.has(userId) ? unknown('member') : unknown('user');
}

function listMembers(call: Call): Reply {
  needInGuild(call);
  const { world, query } = call;
  const intent = world.settings.privilegedIntents.includes('GUILD_MEMBERS');
  if (callerOf(call).bot && !intent) throw missingPermissions();
  const limit = Math.min(1000, Number(query.get('limit') ?? 1));
  const after = query.get('after') ?? '0';
  const members = [...world.members.values()]
    .sort((a, b) => compareSnowflakes(a.user_id, b.user_id))
    .filter((m) => compareSnowflakes(m.user_id, after) > 0);
  return ok(members.slice(0, limit).map((m) => renderMember(world, m)));
}

function searchMembers(call: Call): Reply {
  needInGuild(call);
  const { world, query } = call;
  const wanted = (query.get('query') ?? '').toLowerCase();
  const found = [...world.members.values()].filter((m) => {
    const user = world.users.get(m.user_id);
    const names = [user?.username, user?.global_name, m.nick];
    return names.some((name) => name?.toLowerCase().startsWith(wanted));
  });
  return ok(found.slice(0, Number(query.get('limit') ?? 1)).map((m) => renderMember(world, m)));
}

function getMember(call: Call): Reply {
  needInGuild(call);
  return ok(renderMember(call.world, memberOf(call, param(call, 'user'))));
}

function getSelf(call: Call): Reply {
  needInGuild(call);
  return ok(renderMember(call.world, memberOf(call, callerOf(call).id)));
}

function editMember(call: Call): Reply {
  needInGuild(call);
  const { world } = call;
  const member = memberOf(call, param(call, 'user'));
  const body = bodyOf(call, memberBody);
  if (body.nick !== undefined) {
    needInGuild(call, P.MANAGE_NICKNAMES);
    member.nick = body.nick || null;
  }
  if (body.communication_disabled_until !== undefined) {
    needInGuild(call, P.MODERATE_MEMBERS);
    member.communication_disabled_until = body.communication_disabled_until;
  }
  if (body.roles) {
    needInGuild(call, P.MANAGE_ROLES);
    const roles = [...new Set(body.roles)];
    const changed = [...roles, ...member.roles].filter(
      (id) => roles.includes(id) !== member.roles.includes(id),
    );
    for (const id of changed) assignable(call, id);
    member.roles = roles;
  }
  announce(call, member);
  return ok(renderMember(world, member));
}

function editSelf(call: Call): Reply {
  needInGuild(call, P.CHANGE_NICKNAME);
  const member = memberOf(call, callerOf(call).id);
  const body = bodyOf(call, memberBody);
  if (body.nick !== undefined) member.nick = body.nick || null;
  announce(call, member);
  return ok(renderMember(call.world, member));
}

/** The role, if it stands below the caller's highest one. */
function assignable({ world, ...call }: Call, roleId: string): Role {
  const role = world.roles.get(roleId);
  if (!role) throw unknown('role');
  const caller = callerOf({ world, ...call });
  if (role.managed || role.position >= world.rankOf(caller.id)) throw missingPermissions();
  return role;
}

function giveRole(call: Call): Reply {
  needInGuild(call, P.MANAGE_ROLES);
  const member = memberOf(call, param(call, 'user'));
  const role = assignable(call, param(call, 'role'));
  if (!member.roles.includes(role.id)) {
    member.roles = [...member.roles, role.id];
    announce(call, member);
  }
  return NO_CONTENT;
}

function takeRole(call: Call): Reply {
  needInGuild(call, P.MANAGE_ROLES);
  const member = memberOf(call, param(call, 'user'));
  const role = assignable(call, param(call, 'role'));
  if (member.roles.includes(role.id)) {
    member.roles = member.roles.filter((id) => id !== role.id);
    announce(call, member);
  }
  return NO_CONTENT;
}

function announce({ world }: Call, member: Member): void {
  world.emit('GUILD_MEMBER_UPDATE', { guild_id: world.guild.id, ...renderMember(world, member) });
}

export const memberRoutes = [
  route('GET', '/guilds/:guild/members', listMembers),
  route('GET', '/guilds/:guild/members/search', searchMembers),
  route('PATCH', '/guilds/:guild/members/@me', editSelf),
  route('GET', '/guilds/:guild/members/:user', getMember),
  route('PATCH', '/guilds/:guild/members/:user', editMember),
  route('PUT', '/guilds/:guild/members/:user/roles/:role', giveRole),
  route('DELETE', '/guilds/:guild/members/:user/roles/:role', takeRole),
  route('GET', '/users/@me/guilds/:guild/member', getSelf),
];
