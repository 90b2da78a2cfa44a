import type { Act } from './act.ts';
import { invalidField, unknown } from './errors.ts';
import { addMember, removeMember } from './membership.ts';
import { deleteMessage } from './messages.ts';
import { proxyMessage } from './proxy.ts';
import { BOT_PERMISSIONS } from './seed-data.ts';
import { readSettings } from './settings.ts';
import type { Simulator } from './simulator.ts';
import { archiveThreads } from './thread-state.ts';
import type { World } from './world.ts';
import { worldOfChannel, worldOfGuild } from './worlds.ts';

/** What happens at Discord without a call of ours. */
export const worldActs: Record<string, Act> = {
  'forget-nonces': (sim) => sim.world.nonces.clear(),
  'expire-attachments': (sim) => sim.world.files.expireLinks(),
  'revoke-token': (sim) => {
    const { id, token } = sim.directory.bot;
    sim.world.tokens.delete(token);
    sim.gateway.each(id, (connection) => connection.close(4004, 'Authentication failed.'));
  },
  'restore-token': (sim) => {
    const { id, token } = sim.directory.bot;
    sim.world.tokens.set(token, id);
  },
  'vanish-message': (sim, { channel_id, message_id }) => {
    const world = worldOfChannel(sim, channel_id);
    const message = world.message(channel_id ?? '', message_id ?? '');
    if (message) deleteMessage(world, message);
  },
  set: (sim, { settings }) => {
    const { known, unknown } = readSettings((settings ?? {}) as Record<string, unknown>);
    if (unknown.length > 0) {
      throw invalidField(['settings'], 'UNKNOWN_SETTING', `Not settings: ${unknown.join(', ')}`);
    }
    Object.assign(sim.settings, known);
  },
  'remove-member': (sim, { who, guild_id }) => {
    removeMember(worldOfGuild(sim, guild_id), userOf(sim, who));
  },
  'add-member': (sim, { who, guild_id }) => {
    const role = addMember(worldOfGuild(sim, guild_id), userOf(sim, who), BOT_PERMISSIONS);
    const { directory } = sim;
    const guild = directory.others.find(({ guildId }) => guildId === guild_id) ?? directory;
    if (role !== undefined) guild.roles.bot = role;
  },
  'archive-threads': (sim, { channel_id }) => {
    const worlds = channel_id === undefined ? sim.worlds : [worldOfChannel(sim, channel_id)];
    for (const world of worlds) archiveThreads(world, channel_id);
  },
  'proxy-message': (sim, { channel_id, message_id, first, ...copy }) => {
    const world = worldOfChannel(sim, channel_id);
    proxyMessage(world, messageOf(world, channel_id, message_id), { first, ...copy });
  },
};

/** A user by id; the bot when nobody is named. */
function userOf(sim: Simulator, who: string | undefined): string {
  const id = who === undefined || who === 'bot' ? sim.directory.bot.id : who;
  if (!sim.world.users.has(id)) throw unknown('user');
  return id;
}

function messageOf(world: World, channelId: string | undefined, id: string | undefined) {
  const message = world.message(channelId ?? '', id ?? '');
  if (!message) throw unknown('message');
  return message;
}
