import type { AppContext } from '../context.ts';
import type { ErrorCode } from '../contract/errors.ts';
import { clientEvents } from '../contract/events.ts';
import type { DeskSocket } from './audience.ts';
import { cutConnection, type EngineConnection } from './engine.ts';
import type { Places } from './places.ts';
import { WindowCounter } from './window-counter.ts';

/**
 * Points a refused event costs. One that no working client sends much of costs ten times what one
 * over a limit does, because a client may well tell every keystroke; what a limit counts is bounded
 * by that, and costs nothing.
 */
function costOf(event: string, code: ErrorCode): number {
  if (code === 'RATELIMIT') return 1;
  return code === 'UNAUTHORIZED' || !Object.hasOwn(clientEvents, event) ? 10 : 0;
}
/** Points of one socket in a minute. */
const PER_SOCKET = 1000;
/** Points of all sockets of one user, or of one address before they authorise, in a minute. */
const PER_OWNER = 5000;
/** How long a socket that is closed for it may take to read why, in milliseconds. */
const LINGER_MS = 500;

export interface EventBudget {
  /** False for a socket that is being closed: its events are dropped unseen. */
  isOpen(socket: DeskSocket): boolean;
  /** Charges a socket for an event that was refused, and closes it when that was one too many. */
  charge(socket: DeskSocket, event: string, code: ErrorCode): void;
}

/** A budget for refused events: answering costs us more than sending costs them. */
export function createEventBudget(ctx: AppContext, places: Places): EventBudget {
  const factor = Math.max(1, ctx.config.rateLimitFactor);
  const sockets = new WindowCounter(PER_SOCKET * factor);
  const owners = new WindowCounter(PER_OWNER * factor);
  const closing = new WeakSet<DeskSocket>();

  const close = (socket: DeskSocket) => {
    closing.add(socket);
    ctx.log.warn(
      { socket: socket.id, user: socket.data.actor?.key, address: socket.handshake.address },
      'closed a socket that sends too many events that are refused',
    );
    socket.emit('error', { error: 'RATELIMIT', message: 'too many refused events' });
    socket.disconnect(true);
    const connection = socket.conn as unknown as EngineConnection;
    setTimeout(() => cutConnection(connection), LINGER_MS).unref();
  };

  return {
    isOpen: (socket) => !closing.has(socket),
    charge(socket, event, code) {
      const points = costOf(event, code);
      if (points === 0 || closing.has(socket)) return;
      const owner = places.ownerOf(socket.conn as unknown as EngineConnection);
      const within = sockets.take(socket.id, points);
      if (!owners.take(owner, points) || !within) close(socket);
    },
  };
}
