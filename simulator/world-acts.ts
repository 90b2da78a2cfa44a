import type { Act } from './act.ts';
import { invalidField, unknown } from './errors.ts';
import { deleteMessage } from './messages.ts';
import { proxyMessage } from './proxy.ts';
import { readSettings } from './settings.ts';
import type { Simulator } from './simulator.ts';

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
    const message = sim.world.message(channel_id ?? '', message_id ?? '');
    if (message) deleteMessage(sim.world, message);
  },
  set: (sim, { settings }) => {
    const { known, unknown } = readSettings((settings ?? {}) as Record<string, unknown>);
    if (unknown.length > 0) {
      throw invalidField(['settings'], 'UNKNOWN_SETTING', `Not settings: ${unknown.join(', ')}`);
    }
    Object.assign(sim.settings, known);
  },
  'proxy-message': (sim, { channel_id, message_id, first, ...copy }) => {
    proxyMessage(sim.world, messageOf(sim, channel_id, message_id), { first, ...copy });
  },
};

function messageOf(sim: Simulator, channelId: string | undefined, id: string | undefined) {
  const message = sim.world.message(channelId ?? '', id ?? '');
  if (!message) throw unknown('message');
  return message;
}
