import type { AppContext } from '../context.ts';
import type { AuthorizeAck } from '../contract/events.ts';
import { sizes } from '../contract/limits.ts';
import { type Actor, actorView, isStaff } from '../domain/access/actor.ts';
import { readOpenHeads } from '../domain/tickets.ts';
import { AppError } from '../errors.ts';
import { setAlarm } from './alarm.ts';
import { type DeskSocket, ownRoom, room } from './audience.ts';
import type { Delivery } from './delivery.ts';
import type { EngineConnection } from './engine.ts';
import type { Places } from './places.ts';

export interface Authorizer {
  /** Authorises or renews a socket. @throws AppError UNAUTHORIZED, CONFLICT, RATELIMIT */
  authorize(socket: DeskSocket, token: string | undefined): Promise<AuthorizeAck>;
  /** Verifies the token of a handshake before the socket is let in. @throws AppError */
  admit(socket: DeskSocket): void;
}

function tokenOf(socket: DeskSocket, token: string | undefined): string {
  const fromQuery = socket.handshake.query.token;
  const found = token ?? socket.handshake.auth.token ?? fromQuery;
  if (typeof found === 'string' && found.length > 0) return found;
  throw new AppError('UNAUTHORIZED', 'a token is required');
}

/** Warns 60 s before the token ends, and cuts the socket when REST would refuse the token. */
function armExpiry(ctx: AppContext, socket: DeskSocket): () => void {
  const { expiresAt = Number.POSITIVE_INFINITY } = socket.data;
  if (expiresAt === Number.POSITIVE_INFINITY) return () => undefined;
  const cut = () => {
    socket.emit('error', { error: 'UNAUTHORIZED', message: 'token expired' });
    socket.disconnect(true);
  };
  // One after the other: there are as many of them as sockets.
  let cancel = setAlarm(ctx.clock, expiresAt - sizes.authExpiringBefore, () => {
    cancel = setAlarm(ctx.clock, expiresAt + sizes.tokenClockSkew, cut);
    socket.emit('auth_expiring', { expires_at: expiresAt });
  });
  return () => cancel();
}

/** Who a socket belongs to: at the handshake, by `authorize`, and again to renew. */
export function createAuthorizer(ctx: AppContext, places: Places, delivery: Delivery): Authorizer {
  /** What cancels the alarms of a socket's present token. */
  const disarms = new WeakMap<DeskSocket, () => void>();

  const rearm = (socket: DeskSocket) => {
    const disarm = disarms.get(socket);
    if (disarm) disarm();
    else socket.once('disconnect', () => disarms.get(socket)?.());
    disarms.set(socket, armExpiry(ctx, socket));
  };

  const accept = (socket: DeskSocket, token: string): Actor => {
    const { actor, expiresAt } = ctx.tokens.verify(token);
    const current = socket.data.actor;
    if (current && current.key !== actor.key) {
      throw new AppError('FORBIDDEN', 'this socket belongs to another user; open a new one');
    }
    if (!current) places.claim(socket.conn as unknown as EngineConnection, actor.key);
    socket.data.actor = actor;
    socket.data.expiresAt = expiresAt;
    return actor;
  };

  /** A renewal may bring another role; what the former one heard is not for this one. */
  const leaveRooms = async (socket: DeskSocket) => {
    for (const name of socket.rooms) if (name !== socket.id) await socket.leave(name);
    delete socket.data.subscribedToAll;
  };

  const join = async (socket: DeskSocket, actor: Actor) => {
    await socket.join(ownRoom(actor));
    if (!isStaff(actor)) return;
    socket.data.subscribedToAll ??= true;
    if (socket.data.subscribedToAll) await socket.join(room.allStaff);
  };

  return {
    admit(socket) {
      const { token } = socket.handshake.auth;
      if (token === undefined) return;
      if (typeof token !== 'string') throw new AppError('UNAUTHORIZED', 'the token is not text');
      accept(socket, token);
    },
    async authorize(socket, token) {
      // A room that is joined after the end would never be left.
      if (!socket.connected) throw new AppError('CONFLICT', 'the socket has been closed');
      const former = socket.data.actor;
      const actor = accept(socket, tokenOf(socket, token));
      if (former && isStaff(former) !== isStaff(actor)) await leaveRooms(socket);
      rearm(socket);
      // Join first, read the heads second: what is written in between comes on this socket.
      const joinSequence = delivery.audience.joinSequence();
      await join(socket, actor);
      const heads = await readOpenHeads(ctx, actor);
      const cursors: Record<string, number> = {};
      for (const [id, head] of heads) {
        cursors[id] = head.seq;
        delivery.follow(id, actor.key, head, joinSequence);
      }
      return { user: actorView(actor), cursors };
    },
  };
}
