import {
  bodyOf,
  type Call,
  callerOf,
  channelOf,
  created,
  NO_CONTENT,
  need,
  ok,
  type Reply,
} from '../call.ts';
import { type Channel, ChannelType, type Json, MessageFlag } from '../entities.ts';
import { invalidField, missingAccess, refused, unknown } from '../errors.ts';
import { emitMessage } from '../messages.ts';
import { P } from '../permissions.ts';
import { renderChannel } from '../render.ts';
import { renderTime } from '../render-time.ts';
import { route } from '../router.ts';
import { nextSnowflake } from '../snowflake.ts';
import { newThread } from '../validation/channels.ts';
import { messageOf } from './messages.ts';
import { openThread } from './open-thread.ts';
import { startPost } from './posts.ts';

function startFromMessage(call: Call): Reply {
  const { world } = call;
  const channel = channelOf(call, P.CREATE_PUBLIC_THREADS);
  const message = messageOf(call, channel);
  if (message.thread_id !== undefined) {
    throw refused(160004, 'A thread has already been created for this message');
  }
  const thread = openThread(
    call,
    channel,
    message.id,
    bodyOf(call, newThread),
    ChannelType.publicThread,
  );
  message.thread_id = thread.id;
  message.flags |= MessageFlag.hasThread;
  emitMessage(world, 'MESSAGE_UPDATE', message);
  return created(renderChannel(world, thread));
}

function start(call: Call): Reply {
  const forum = channelOf(call);
  if (forum.type === ChannelType.forum) return startPost(call, forum);
  const body = bodyOf(call, newThread);
  const type = body.type ?? ChannelType.privateThread;
  const isPrivate = type === ChannelType.privateThread;
  const bit = isPrivate ? P.CREATE_PRIVATE_THREADS : P.CREATE_PUBLIC_THREADS;
  const channel = channelOf(call, bit);
  return created(renderChannel(call.world, openThread(call, channel, nextSnowflake(), body, type)));
}

function threadOf(call: Call): Channel & { thread: NonNullable<Channel['thread']> } {
  const channel = channelOf(call);
  if (!channel.thread) throw refused(50024, 'Cannot execute action on this channel type');
  return { ...channel, thread: channel.thread };
}

function renderThreadMember(thread: Channel, userId: string): Json {
  const since = thread.thread?.members.get(userId) ?? 0;
  return { id: thread.id, user_id: userId, join_timestamp: renderTime(since), flags: 0 };
}

function listMembers(call: Call): Reply {
  const thread = threadOf(call);
  return ok([...thread.thread.members.keys()].map((id) => renderThreadMember(thread, id)));
}

function getMember(call: Call): Reply {
  const thread = threadOf(call);
  const id = call.params.user ?? callerOf(call).id;
  if (!thread.thread.members.has(id)) throw unknown('member');
  return ok(renderThreadMember(thread, id));
}

function addMember(call: Call): Reply {
  const { world } = call;
  const thread = threadOf(call);
  const id = call.params.user ?? callerOf(call).id;
  if (!world.members.has(id)) throw unknown('member');
  if (id !== callerOf(call).id) need(call, thread, P.SEND_MESSAGES_IN_THREADS);
  if (thread.thread.archived) throw refused(50083, 'Thread is archived');
  if (!world.canSee(id, world.ruling(thread))) throw missingAccess();
  if (thread.thread.members.has(id)) return NO_CONTENT;
  thread.thread.members.set(id, new Date().toISOString());
  if (thread.type === ChannelType.privateThread) {
    world.emit('THREAD_CREATE', renderChannel(world, thread), { only: id });
  }
  announce(call, thread, { added_members: [renderThreadMember(thread, id)] });
  return NO_CONTENT;
}

function removeMember(call: Call): Reply {
  const thread = threadOf(call);
  const me = callerOf(call);
  const id = call.params.user ?? me.id;
  if (id !== me.id && thread.thread.owner_id !== me.id) channelOf(call, P.MANAGE_THREADS);
  if (thread.thread.archived) throw refused(50083, 'Thread is archived');
  if (!thread.thread.members.delete(id)) return NO_CONTENT;
  announce(call, thread, { removed_member_ids: [id] });
  return NO_CONTENT;
}

function announce({ world }: Call, thread: Channel, change: Json): void {
  const member_count = thread.thread?.members.size ?? 0;
  const data = { id: thread.id, guild_id: thread.guild_id, member_count, ...change };
  world.emit('THREAD_MEMBERS_UPDATE', data, { channel: thread });
}

const archivedAt = ({ thread }: Channel) => Date.parse(thread?.archive_timestamp ?? '');

/** Which of the archived threads are asked for: before a time, as many as 2 to 100, or 50. */
function archivedPage({ query }: Call): { before: number; limit: number } {
  const given = query.get('before');
  const before = given === null ? Number.POSITIVE_INFINITY : Date.parse(given);
  if (Number.isNaN(before)) {
    throw invalidField(['before'], 'DATE_TIME_TYPE_PARSE', `Could not parse ${given}.`);
  }
  const limit = Number(query.get('limit') ?? 50);
  if (!Number.isInteger(limit) || limit < 2 || limit > 100) {
    const message = 'int value should be between 2 and 100.';
    throw invalidField(['limit'], 'NUMBER_TYPE_COERCE', message);
  }
  return { before, limit };
}

/** The last archived first. */
function listArchived(type: number) {
  return (call: Call): Reply => {
    const { world } = call;
    const channel = channelOf(call, P.READ_MESSAGE_HISTORY);
    const { id } = callerOf(call);
    const { before, limit } = archivedPage(call);
    const found = world
      .threads()
      .filter((c) => c.parent_id === channel.id && c.type === type && c.thread?.archived)
      .filter((c) => world.canSee(id, c) && archivedAt(c) < before)
      .sort((a, b) => archivedAt(b) - archivedAt(a));
    const threads = found.slice(0, limit).map((c) => renderChannel(world, c));
    return ok({ threads, members: [], has_more: found.length > limit });
  };
}

const MEMBERS = '/channels/:channel/thread-members';

export const threadRoutes = [
  route('POST', '/channels/:channel/messages/:message/threads', startFromMessage),
  route('POST', '/channels/:channel/threads', start),
  route(
    'GET',
    '/channels/:channel/threads/archived/public',
    listArchived(ChannelType.publicThread),
  ),
  route(
    'GET',
    '/channels/:channel/threads/archived/private',
    listArchived(ChannelType.privateThread),
  ),
  route('GET', MEMBERS, listMembers),
  route('GET', `${MEMBERS}/@me`, getMember),
  route('PUT', `${MEMBERS}/@me`, addMember),
  route('DELETE', `${MEMBERS}/@me`, removeMember),
  route('GET', `${MEMBERS}/:user`, getMember),
  route('PUT', `${MEMBERS}/:user`, addMember),
  route('DELETE', `${MEMBERS}/:user`, removeMember),
];
