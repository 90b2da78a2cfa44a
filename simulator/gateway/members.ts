import type { Json } from '../entities.ts';
import { renderMember } from '../render.ts';
import type { World } from '../world.ts';

/** The answer to a request for members, by ids or by the beginning of their names. */
export function membersChunk(world: World, data: unknown): Json {
  const { query, user_ids, nonce } = (data ?? {}) as Json;
  const wanted = user_ids === undefined ? undefined : [user_ids].flat().map(String);
  const found = [...world.members.values()].filter((member) => {
    if (wanted) return wanted.includes(member.user_id);
    const name = world.users.get(member.user_id)?.username ?? '';
    return name.startsWith(String(query ?? ''));
  });
  return {
    guild_id: world.guild.id,
    members: found.map((member) => renderMember(world, member)),
    chunk_index: 0,
    chunk_count: 1,
    not_found: wanted?.filter((id) => !world.members.has(id)) ?? [],
    ...(nonce === undefined ? {} : { nonce }),
  };
}
