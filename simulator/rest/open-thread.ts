import { type Call, callerOf } from '../call.ts';
import { emptyChannel } from '../empty-channel.ts';
import { type Channel, ChannelType } from '../entities.ts';
import { refused } from '../errors.ts';
import { checkTitle } from '../moderation.ts';
import { renderChannel } from '../render.ts';
import { checkRoomForThread } from '../thread-state.ts';
import type { newThread } from '../validation/channels.ts';

type NewThread = Pick<
  ReturnType<typeof newThread>,
  'name' | 'auto_archive_duration' | 'rate_limit_per_user'
> & { invitable?: boolean | null | undefined };

/** Opens a thread below a channel, by a body that was checked, and tells of it. */
export function openThread(
  call: Call,
  parent: Channel,
  id: string,
  body: NewThread,
  type: number,
): Channel {
  const { world } = call;
  const kinds: number[] = [ChannelType.text, ChannelType.announcement, ChannelType.forum];
  if (!kinds.includes(parent.type)) {
    throw refused(50024, 'Cannot execute action on this channel type');
  }
  checkRoomForThread(world);
  const me = callerOf(call);
  checkTitle(world, me.id, body.name);
  const now = new Date().toISOString();
  const thread = emptyChannel({
    id,
    guild_id: parent.guild_id,
    name: body.name,
    type,
    parent_id: parent.id,
    rate_limit_per_user: body.rate_limit_per_user ?? 0,
    thread: {
      owner_id: me.id,
      archived: false,
      locked: false,
      invitable: body.invitable ?? true,
      auto_archive_duration: body.auto_archive_duration ?? 4320,
      archive_timestamp: now,
      create_timestamp: now,
      members: new Map([[me.id, now]]),
      total_message_sent: 0,
    },
  });
  world.channels.set(id, thread);
  const data = { ...renderChannel(world, thread), newly_created: true };
  world.emit('THREAD_CREATE', data, { channel: thread });
  return thread;
}
