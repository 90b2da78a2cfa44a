import { bodyOf, type Call, callerOf, NO_CONTENT, param, type Reply } from '../call.ts';
import { ApiError, unknown } from '../errors.ts';
import { route } from '../router.ts';
import { choice, object } from '../validation/fields.ts';

/** 2 blocks; friends are not simulated. */
const relationshipBody = object({ type: choice(2) });

/** People block whom they like: whoever is blocked cannot react to what they write, nor write to them. */
function block(call: Call): Reply {
  const { world } = call;
  const me = person(call);
  bodyOf(call, relationshipBody);
  const other = param(call, 'user');
  if (!world.users.has(other) || other === me) throw unknown('user');
  const blocked = world.blocked.get(me) ?? new Set();
  world.blocked.set(me, blocked.add(other));
  return NO_CONTENT;
}

function unblock(call: Call): Reply {
  call.world.blocked.get(person(call))?.delete(param(call, 'user'));
  return NO_CONTENT;
}

function person(call: Call): string {
  const { id, bot } = callerOf(call);
  if (bot) throw new ApiError(403, 20001, 'Bots cannot use this endpoint');
  return id;
}

export const relationshipRoutes = [
  route('PUT', '/users/@me/relationships/:user', block),
  route('DELETE', '/users/@me/relationships/:user', unblock),
];
