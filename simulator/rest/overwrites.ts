import { bodyOf, type Call, callerOf, channelOf, NO_CONTENT, param, type Reply } from '../call.ts';
import { type Channel, ChannelType, type Json, type Overwrite } from '../entities.ts';
import { invalidField, missingPermissions, refused, unknown } from '../errors.ts';
import { P } from '../permissions.ts';
import { renderChannel } from '../render.ts';
import { route } from '../router.ts';
import { ADMIN_ONLY_BITS, overwriteEdit } from '../validation/channels.ts';
import type { World } from '../world.ts';

const MAX_OVERWRITES = 1000;

interface Given {
  id: string;
  type: number | string;
  allow?: string | null | undefined;
  deny?: string | null | undefined;
}

/**
 * Checks a list of overwrites as Discord does: each names a role or member there is, and the caller may only
 * allow or deny what it holds itself; MANAGE_ROLES is for administrators. What did not change is not judged.
 * `place` is the channel that has them; a channel about to be made has none yet.
 */
export function readOverwrites(
  call: Call,
  given: Given[],
  before: Overwrite[],
  place: Channel | undefined,
): Overwrite[] {
  if (given.length > MAX_OVERWRITES) {
    throw refused(
      30060,
      `Maximum number of channel permission overwrites reached (${MAX_OVERWRITES})`,
    );
  }
  const read = new Map<string, Overwrite>();
  given.forEach((one, index) => {
    const overwrite = readOverwrite(call, one, ['permission_overwrites', String(index)]);
    if (overwrite) read.set(overwrite.id, overwrite);
  });
  const changed = [...read.values()].some((o) => {
    const old = before.find((b) => b.id === o.id);
    return old?.allow !== o.allow || old.deny !== o.deny;
  });
  if (changed || before.some((b) => !read.has(b.id))) {
    for (const overwrite of read.values()) judge(call, overwrite, before, place);
  }
  return [...read.values()];
}

/** Undefined for one whose role or member is not there, where the settings say that it is dropped. */
function readOverwrite({ world }: Call, given: Given, path: string[]): Overwrite | undefined {
  const type = given.type === 'member' || Number(given.type) === 1 ? 1 : 0;
  const exists = type === 1 ? world.users.has(given.id) : world.roles.has(given.id);
  const { unknownOverwrite } = world.settings;
  if (!exists && unknownOverwrite === 'drop') return undefined;
  if (!exists && unknownOverwrite === 'unknown-role') throw unknown(type === 1 ? 'user' : 'role');
  if (!exists && unknownOverwrite !== 'keep') throw unknownTarget(type, path);
  return { id: given.id, type, allow: given.allow ?? '0', deny: given.deny ?? '0' };
}

function unknownTarget(type: 0 | 1, path: string[]): Error {
  if (path.length === 0) return unknown('overwrite');
  const what = type === 1 ? 'user' : 'role';
  return invalidField([...path, 'id'], 'INVALID_OVERWRITE_TARGET', `Unknown ${what}.`);
}

/** A new channel's overwrites need no MANAGE_ROLES, those of an existing one do. */
function judge(
  call: Call,
  wanted: Overwrite,
  before: Overwrite[],
  place: Channel | undefined,
): void {
  const { world } = call;
  const { id } = callerOf(call);
  const held = world.permissionsOf(id, place) | world.permissionsOf(id);
  if ((held & P.ADMINISTRATOR) !== 0n) return;
  if (place !== undefined && (held & P.MANAGE_ROLES) === 0n) throw missingPermissions();
  const old = before.find((b) => b.id === wanted.id);
  const touched =
    (BigInt(wanted.allow) ^ BigInt(old?.allow ?? 0)) |
    (BigInt(wanted.deny) ^ BigInt(old?.deny ?? 0));
  if ((touched & ~held) !== 0n || (touched & ADMIN_ONLY_BITS) !== 0n) throw missingPermissions();
}

/** The category a channel is to be in, if it exists and has room. Moving within it takes no more room. */
export function checkParent(
  call: Call,
  parentId: string | null,
  type: number,
): Channel | undefined {
  if (parentId === null) return undefined;
  const { world } = call;
  const parent = world.channels.get(parentId);
  if (parent?.type !== ChannelType.category || type === ChannelType.category) {
    throw invalidField(['parent_id'], 'CHANNEL_PARENT_INVALID_TYPE', 'Not a category');
  }
  const max = world.settings.channelsPerCategory;
  if (world.guildChannels().filter((c) => c.parent_id === parentId).length >= max) {
    throw invalidField(
      ['parent_id'],
      'CHANNEL_PARENT_MAX_CHANNELS',
      `Maximum number of channels in category reached (${max})`,
    );
  }
  const held = world.permissionsOf(callerOf(call).id, parent);
  if ((held & P.MANAGE_CHANNELS) === 0n) throw missingPermissions();
  return parent;
}

function putOverwrite(call: Call): Reply {
  const { world } = call;
  const channel = channelOf(call, P.MANAGE_ROLES);
  const body = bodyOf(call, overwriteEdit);
  const overwrite = readOverwrite(call, { ...body, id: param(call, 'overwrite') }, []);
  if (!overwrite) return NO_CONTENT;
  judge(call, overwrite, channel.permission_overwrites, channel);
  const others = channel.permission_overwrites.filter((o) => o.id !== overwrite.id);
  replaceOverwrites(call, channel, [...others, overwrite]);
  world.emit('CHANNEL_UPDATE', renderChannel(world, channel), { channel });
  return NO_CONTENT;
}

function deleteOverwrite(call: Call): Reply {
  const { world } = call;
  const channel = channelOf(call, P.MANAGE_ROLES);
  const id = param(call, 'overwrite');
  const gone = channel.permission_overwrites.find((o) => o.id === id);
  if (!gone) throw unknown('overwrite');
  judge(call, { ...gone, allow: '0', deny: '0' }, channel.permission_overwrites, channel);
  replaceOverwrites(
    call,
    channel,
    channel.permission_overwrites.filter((o) => o !== gone),
  );
  world.emit('CHANNEL_UPDATE', renderChannel(world, channel), { channel });
  return NO_CONTENT;
}

/**
 * Sets new overwrites. People for whom the channel appears or vanishes by it are told so; a bot knows every
 * channel, but learns of its threads only now.
 */
export function replaceOverwrites(call: Call, channel: Channel, overwrites: Overwrite[]): void {
  const { world } = call;
  const seers = () => [...world.users.values()].filter((u) => world.canSee(u.id, channel));
  const before = seers();
  channel.permission_overwrites = overwrites;
  const after = seers();
  const data = renderChannel(world, channel);
  for (const { id, bot } of before) {
    if (!bot && !after.some((one) => one.id === id)) {
      world.emit('CHANNEL_DELETE', data, { only: id });
    }
  }
  for (const { id, bot } of after) {
    if (before.some((one) => one.id === id)) continue;
    if (!bot) world.emit('CHANNEL_CREATE', data, { only: id });
    world.emit('THREAD_LIST_SYNC', threadsFor(world, channel, id), { only: id });
  }
}

/** The open threads of a channel somebody has come to see. */
function threadsFor(world: World, channel: Channel, userId: string): Json {
  const mine = world.threads().filter((t) => t.parent_id === channel.id && !t.thread?.archived);
  const threads = mine.filter((t) => world.canSee(userId, t));
  return {
    guild_id: world.guild.id,
    channel_ids: [channel.id],
    threads: threads.map((t) => renderChannel(world, t)),
    members: [],
  };
}

export const overwriteRoutes = [
  route('PUT', '/channels/:channel/permissions/:overwrite', putOverwrite),
  route('DELETE', '/channels/:channel/permissions/:overwrite', deleteOverwrite),
];
