import type { AppContext } from '../context.ts';
import type { AuthorizeAck } from '../contract/events.ts';
import { sizes } from '../contract/limits.ts';
import { type Actor, actorView, isStaff } from '../domain/access/actor.ts';
import type { VerifiedToken } from '../domain/access/identity.ts';
import { watchesAll } from '../domain/access/policy.ts';
import { withIdentities } from '../domain/agents/identities.ts';
import { readAssignedTickets, readOpenHeads } from '../domain/tickets/read.ts';
import { createTurns } from '../domain/turns.ts';
import { AppError } from '../errors.ts';
import { setAlarm } from './alarm.ts';
import { type DeskSocket, isStaffRoom, isTicketRoom, ownRoom, room } from './audience.ts';
import type { Delivery } from './delivery.ts';
import type { EngineConnection } from './engine.ts';
import type { Places } from './places.ts';
import { showPresence } from './staff-presence.ts';

export interface Authorizer {
  /**
   * Authorises or renews a socket; without a token by that of its handshake.
   * @throws AppError UNAUTHORIZED, FORBIDDEN (another user's), CONFLICT, RATELIMIT
   */
  authorize(socket: DeskSocket, token: string | undefined): Promise<AuthorizeAck>;
  /** Verifies the token of a handshake before the socket is let in. @throws AppError */
  admit(socket: DeskSocket): Promise<void>;
  /** Runs what changes a socket's rooms when no other change of its user or rooms is under way. */
  inTurn<T>(socket: DeskSocket, work: () => Promise<T>): Promise<T>;
}

/** The token a handshake authorises with at once: `auth.token`, or else a bearer's header. */
function tokenOfHandshake({ handshake }: DeskSocket): unknown {
  const { token } = handshake.auth;
  if (token !== undefined) return token;
  return /^Bearer +(\S+)$/i.exec(handshake.headers.authorization ?? '')?.[1];
}

function tokenOf(socket: DeskSocket, token: string | undefined): string {
  const found = token ?? tokenOfHandshake(socket) ?? socket.handshake.query.token;
  if (typeof found === 'string' && found.length > 0) return found;
  throw new AppError('UNAUTHORIZED', 'a token is required');
}

function requireConnected({ connected }: DeskSocket): void {
  if (!connected) throw new AppError('CONFLICT', 'the socket has been closed');
}

/** One person of one issuer; the same one may be staff now and a customer later. */
function isSamePerson(one: Actor, other: Actor): boolean {
  return one.id === other.id && one.partner === other.partner;
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

  /** One for all sockets: each of their listeners has a closure of its own otherwise. */
  function disarmThis(this: DeskSocket): void {
    disarms.get(this)?.();
  }

  const rearm = (socket: DeskSocket) => {
    const disarm = disarms.get(socket);
    if (disarm) disarm();
    else socket.once('disconnect', disarmThis);
    disarms.set(socket, armExpiry(ctx, socket));
  };

  const turns = createTurns<DeskSocket>();

  const accept = (socket: DeskSocket, { actor, expiresAt }: VerifiedToken): void => {
    const current = socket.data.actor;
    if (current && !isSamePerson(current, actor)) {
      throw new AppError('FORBIDDEN', 'this socket belongs to another user; open a new one');
    }
    places.claim(socket.conn as unknown as EngineConnection, actor.key);
    socket.data.actor = { via: { door: 'socket', requestId: socket.id }, ...actor };
    socket.data.expiresAt = expiresAt;
  };

  /** A renewal may bring another role; what the former one heard is not for this one. */
  const leaveRooms = async (socket: DeskSocket) => {
    delete socket.data.subscribedToAll;
    const rooms = [...socket.rooms].filter((name) => name !== socket.id);
    // All at once: between two of them an event could still come in.
    await Promise.all(rooms.map((name) => socket.leave(name)));
  };

  const join = async (socket: DeskSocket, actor: Actor) => {
    const own = [ownRoom(actor), ...(actor.others ?? []).map(room.staff)];
    for (const name of socket.rooms) {
      // Of somebody whose identity was parted from this one since.
      if (isStaffRoom(name) && !own.includes(name)) await socket.leave(name);
    }
    await socket.join(own);
    if (!isStaff(actor)) return;
    if (!watchesAll(actor, ctx.config)) {
      // Whoever has become an agent may have been in charge before.
      socket.data.subscribedToAll = false;
      await socket.leave(room.allStaff);
      const theirs = new Set((await readAssignedTickets(ctx, actor)).map(room.ticket));
      for (const name of socket.rooms) {
        if (isTicketRoom(name) && !theirs.has(name)) await socket.leave(name);
      }
      await socket.join([...theirs]);
      return;
    }
    socket.data.subscribedToAll ??= true;
    if (socket.data.subscribedToAll) await socket.join(room.allStaff);
  };

  const authorize = async (socket: DeskSocket, token: string | undefined) => {
    const verified = await ctx.tokens.verify(tokenOf(socket, token));
    const actor = await withIdentities(ctx, verified.actor);
    // A room that is joined after the end would never be left.
    requireConnected(socket);
    const former = socket.data.actor;
    accept(socket, verified);
    ctx.desk.seen.note(actor);
    showPresence(ctx, socket, actor);
    if (former && former.key !== actor.key) await leaveRooms(socket);
    rearm(socket);
    // Join first, read the heads second: what is written in between comes on this socket.
    const joinSequence = delivery.audience.joinSequence();
    await join(socket, actor);
    const heads = await readOpenHeads(ctx, actor);
    requireConnected(socket);
    const cursors: Record<string, number> = {};
    for (const [id, head] of heads) {
      cursors[id] = head.seq;
      delivery.follow(id, actor.key, head, joinSequence);
    }
    return { user: actorView(actor), cursors };
  };

  return {
    inTurn: turns.take,
    authorize: (socket, token) => turns.take(socket, () => authorize(socket, token)),
    async admit(socket) {
      const token = tokenOfHandshake(socket);
      if (token === undefined) return;
      if (typeof token !== 'string') throw new AppError('UNAUTHORIZED', 'the token is not text');
      accept(socket, await ctx.tokens.verify(token));
    },
  };
}
