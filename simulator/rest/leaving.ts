import { type Call, callerOf, NO_CONTENT, needInGuild, ok, param, type Reply } from '../call.ts';
import { missingPermissions, refused, unknown } from '../errors.ts';
import { removeMember } from '../membership.ts';
import { P } from '../permissions.ts';
import { renderUser } from '../render.ts';
import { route } from '../router.ts';

function kick(call: Call): Reply {
  needInGuild(call, P.KICK_MEMBERS);
  const id = param(call, 'user');
  if (!call.world.members.has(id)) throw unknown('member');
  needAbove(call, id);
  removeMember(call.world, id);
  return NO_CONTENT;
}

function leave(call: Call): Reply {
  const { world } = call;
  const { id } = callerOf(call);
  if (param(call, 'guild') !== world.guild.id || !world.members.has(id)) throw unknown('guild');
  if (id === world.guild.owner_id) throw refused(50055, 'Invalid Guild');
  removeMember(world, id);
  return NO_CONTENT;
}

function ban(call: Call): Reply {
  needInGuild(call, P.BAN_MEMBERS);
  const { world } = call;
  const user = world.users.get(param(call, 'user'));
  if (!user) throw unknown('user');
  if (world.members.has(user.id)) needAbove(call, user.id);
  world.banned.add(user.id);
  world.emit('GUILD_BAN_ADD', { guild_id: world.guild.id, user: renderUser(user) });
  removeMember(world, user.id);
  return NO_CONTENT;
}

function unban(call: Call): Reply {
  needInGuild(call, P.BAN_MEMBERS);
  const { world } = call;
  const user = world.users.get(param(call, 'user'));
  if (!user || !world.banned.delete(user.id)) throw unknown('ban');
  world.emit('GUILD_BAN_REMOVE', { guild_id: world.guild.id, user: renderUser(user) });
  return NO_CONTENT;
}

function listBans(call: Call): Reply {
  needInGuild(call, P.BAN_MEMBERS);
  const users = [...call.world.banned].flatMap((id) => call.world.users.get(id) ?? []);
  return ok(users.map((user) => ({ reason: null, user: renderUser(user) })));
}

/** Nobody sends those away who stand as high or higher. */
function needAbove(call: Call, userId: string): void {
  const { world } = call;
  if (world.rankOf(userId) >= world.rankOf(callerOf(call).id)) throw missingPermissions();
}

export const leavingRoutes = [
  route('DELETE', '/guilds/:guild/members/:user', kick),
  route('DELETE', '/users/@me/guilds/:guild', leave),
  route('GET', '/guilds/:guild/bans', listBans),
  route('PUT', '/guilds/:guild/bans/:user', ban),
  route('DELETE', '/guilds/:guild/bans/:user', unban),
];
