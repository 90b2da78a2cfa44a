import type { AppContext } from '../context.ts';
import type { AuthorizeAck } from '../contract/events.ts';
import { sizes } from '../contract/limits.ts';
import { type Actor, actorView, isStaff } from '../domain/actor.ts';
import { readCursors } from '../domain/tickets.ts';
import { AppError } from '../errors.ts';
import { type DeskServer, type DeskSocket, room } from './audience.ts';
import type { Sequencer } from './sequencer.ts';

export interface Authorizer {
  /** Authorises or renews a socket. @throws AppError UNAUTHORIZED, CONFLICT, RATELIMIT */
  authorize(socket: DeskSocket, token: string | undefined): Promise<AuthorizeAck>;
  /** Verifies the token of a handshake before the socket is let in. @throws AppError */
  admit(socket: DeskSocket): void;
}

/** Node counts a timer of more than 2^31 ms as none at all. */
const MAX_TIMER_MS = 2 ** 31 - 1;

function tokenOf(socket: DeskSocket, token: string | undefined): string {
  const fromQuery = socket.handshake.query.token;
  const found = token ?? socket.handshake.auth.token ?? fromQuery;
  if (typeof found === 'string' && found.length > 0) return found;
  throw new AppError('UNAUTHORIZED', 'a token is required');
}

/** Warns 60 s before the token ends, and cuts the socket when REST would refuse the token. */
function armExpiry(ctx: AppContext, socket: DeskSocket, timers: WeakMap<DeskSocket, Timers>): void {
  const { expiresAt = Number.POSITIVE_INFINITY } = socket.data;
  const former = timers.get(socket);
  disarm(former);
  if (!former) socket.once('disconnect', () => disarm(timers.get(socket)));
  if (expiresAt === Number.POSITIVE_INFINITY) return;
  const now = ctx.clock();
  const at = (time: number, act: () => void) =>
    setTimeout(act, Math.min(Math.max(0, time - now), MAX_TIMER_MS)).unref();
  const warning = at(expiresAt - sizes.authExpiringBefore, () =>
    socket.emit('auth_expiring', { expires_at: expiresAt }),
  );
  const end = at(expiresAt + sizes.tokenClockSkew, () => {
    socket.emit('error', { error: 'UNAUTHORIZED', message: 'token expired' });
    socket.disconnect(true);
  });
  timers.set(socket, { warning, end });
}

interface Timers {
  warning: NodeJS.Timeout;
  end: NodeJS.Timeout;
}

function disarm(timers: Timers | undefined): void {
  clearTimeout(timers?.warning);
  clearTimeout(timers?.end);
}

/** Who a socket belongs to: at the handshake, by `authorize`, and again to renew. */
export function createAuthorizer(
  ctx: AppContext,
  io: DeskServer,
  sequencer: Sequencer,
): Authorizer {
  const timers = new WeakMap<DeskSocket, Timers>();

  const accept = (socket: DeskSocket, token: string): Actor => {
    const { actor, expiresAt } = ctx.tokens.verify(token);
    const current = socket.data.actor;
    if (current && current.key !== actor.key) {
      throw new AppError('FORBIDDEN', 'this socket belongs to another user; open a new one');
    }
    if (!current) requireRoom(actor);
    socket.data.actor = actor;
    socket.data.expiresAt = expiresAt;
    return actor;
  };

  const requireRoom = (actor: Actor) => {
    const name = isStaff(actor) ? `staff:${actor.key}` : room.user(actor.key);
    const open = io.sockets.adapter.rooms.get(name)?.size ?? 0;
    if (open < ctx.config.maxConnectionsPerUser) return;
    throw new AppError(
      'RATELIMIT',
      `one user may have ${ctx.config.maxConnectionsPerUser} sockets`,
      {
        retryAfter: 60,
      },
    );
  };

  const join = async (socket: DeskSocket, actor: Actor) => {
    if (!isStaff(actor)) return socket.join(room.user(actor.key));
    await socket.join(`staff:${actor.key}`);
    socket.data.wide ??= true;
    if (socket.data.wide) await socket.join(room.allStaff);
  };

  return {
    admit(socket) {
      const { token } = socket.handshake.auth;
      if (token === undefined) return;
      if (typeof token !== 'string') throw new AppError('UNAUTHORIZED', 'the token is not text');
      accept(socket, token);
    },
    async authorize(socket, token) {
      const actor = accept(socket, tokenOf(socket, token));
      armExpiry(ctx, socket, timers);
      // Join first, read the heads second: what is written in between comes on this socket.
      await join(socket, actor);
      const cursors = await readCursors(ctx, actor);
      for (const [id, head] of Object.entries(cursors)) sequencer.base(id, actor.key, head);
      return { user: actorView(actor), cursors };
    },
  };
}
