import type { Channel } from './entities.ts';
import { refused } from './errors.ts';
import { renderChannel } from './render.ts';
import type { World } from './world.ts';

/** A message brings its author into the thread and wakes a thread that was archived. */
export function wakeThread(world: World, channel: Channel, authorId: string): void {
  const { thread } = channel;
  if (!thread) return;
  thread.total_message_sent += 1;
  if (world.members.has(authorId) && !thread.members.has(authorId)) {
    thread.members.set(authorId, new Date().toISOString());
  }
  if (!thread.archived) return;
  Object.assign(thread, { archived: false, archive_timestamp: new Date().toISOString() });
  world.emit('THREAD_UPDATE', renderChannel(world, channel), { channel });
}

/** Refuses one more open thread than a server may have; archived ones do not count. */
export function checkRoomForThread(world: World): void {
  const active = world.threads().filter((c) => !c.thread?.archived).length;
  if (active < world.settings.activeThreads) return;
  throw refused(160006, 'Maximum number of active threads reached');
}

/** What time does to quiet threads: archives one thread, those of one channel, or all there are. */
export function archiveThreads(world: World, where: string | undefined): void {
  for (const channel of world.threads()) {
    const { thread, id, parent_id } = channel;
    const meant = where === undefined || where === id || where === parent_id;
    if (!thread || thread.archived || !meant) continue;
    Object.assign(thread, { archived: true, archive_timestamp: new Date().toISOString() });
    world.emit('THREAD_UPDATE', renderChannel(world, channel), { channel });
  }
}
