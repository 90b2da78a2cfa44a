import { invalidField } from './errors.ts';
import type { Connection } from './gateway/connection.ts';
import { Op } from './gateway/connection.ts';
import { deleteMessage } from './messages.ts';
import { readSettings } from './settings.ts';
import type { Simulator } from './simulator.ts';
import {
  anything,
  bool,
  integer,
  list,
  object,
  optional,
  text,
  validate,
} from './validation/fields.ts';

const body = object({
  kind: text(),
  /** "bot", "people" or a user id; everybody when left out. */
  who: optional(text()),
  code: optional(integer({ min: 1000, max: 4999 })),
  ms: optional(integer({ min: 0 })),
  times: optional(integer({ min: 1 })),
  resumable: optional(bool),
  events: optional(list(text())),
  settings: optional(anything),
  channel_id: optional(text()),
  message_id: optional(text()),
});

type Given = ReturnType<typeof body>;
type Act = (sim: Simulator, fault: Given) => void;

/** Faults that act at once, on the gateway or on what the simulator knows. */
const ACTS: Record<string, Act> = {
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
  'gateway-duplicate': (sim, { times = 1 }) => {
    sim.gateway.faults.double = times;
  },
  'forget-sessions': (sim) => sim.gateway.forgetSessions(),
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
};

/** Whether this fault acts at once rather than waiting for a call. */
export function isGatewayFault(fault: object): boolean {
  return 'kind' in fault && typeof fault.kind === 'string' && Object.hasOwn(ACTS, fault.kind);
}

/** Carries such a fault out. */
export function strikeNow(sim: Simulator, fault: unknown): void {
  const read = validate(body, fault, true);
  ACTS[read.kind]?.(sim, read);
}

/** With a code the socket is closed in order; without one it just breaks off. */
function drop(connection: Connection, code: number | undefined): void {
  if (code === undefined) connection.socket.terminate();
  else connection.close(code, 'Dropped.');
}
