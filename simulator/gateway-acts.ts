import type { Act } from './act.ts';
import { type Connection, Op } from './gateway/connection.ts';
import { worldOfGuild } from './worlds.ts';

/** Faults of connections and sessions. */
export const gatewayActs: Record<string, Act> = {
  'gateway-drop': (sim, { who, code }) => {
    sim.gateway.each(who, (connection) => drop(connection, code));
  },
  'gateway-reconnect': (sim, { who }) => {
    sim.gateway.each(who, (c) => c.send({ op: Op.reconnect, t: null, s: null, d: null }));
  },
  'gateway-invalidate': (sim, { who, resumable = false }) => {
    sim.gateway.each(who, (connection) => {
      sim.gateway.detach(connection, resumable);
      connection.send({ op: Op.invalid, t: null, s: null, d: resumable });
    });
  },
  'gateway-refuse-resume': (sim, { times = 1 }) => {
    sim.gateway.faults.refuseResumes = times;
  },
  'gateway-refuse': (sim, { ms = 5000 }) => {
    sim.gateway.faults.refuseUntil = Date.now() + ms;
  },
  'gateway-silence': (sim, { ms = 5000 }) => {
    sim.gateway.faults.silentUntil = Date.now() + ms;
  },
  'gateway-lose': (sim, { ms = 5000, events = [] }) => {
    Object.assign(sim.gateway.faults, { loseUntil: Date.now() + ms, lose: events });
  },
  'guild-unavailable': (sim, { ms, guild_id }) => {
    const world = worldOfGuild(sim, guild_id);
    sim.gateway.setOutage(world, true);
    if (ms !== undefined) world.later(ms, () => sim.gateway.setOutage(world, false));
  },
  'guild-available': (sim, { guild_id }) => {
    sim.gateway.setOutage(worldOfGuild(sim, guild_id), false);
  },
  'gateway-duplicate': (sim, { times = 1 }) => {
    sim.gateway.faults.double = times;
  },
  'forget-sessions': (sim) => sim.gateway.forgetSessions(),
};

/** With a code the socket is closed in order; without one it just breaks off. */
function drop(connection: Connection, code: number | undefined): void {
  if (code === undefined) connection.socket.terminate();
  else connection.close(code, 'Dropped.');
}
