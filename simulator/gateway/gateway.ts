import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Json, User } from '../entities.ts';
import type { Outgoing } from '../outgoing.ts';
import type { Settings } from '../settings.ts';
import type { World } from '../world.ts';
import { closings } from './closing.ts';
import { Connection, type Host, Op } from './connection.ts';
import { copiesOf, noFaults } from './faults.ts';
import { IdentifyBudget } from './identify-budget.ts';
import { grantedIntents, Intent } from './intents.ts';
import { membersChunk } from './members.ts';
import { guildData, readyData } from './ready.ts';
import { Session } from './session.ts';

/** Whose connections a fault means: all bots, all people, or one user by id. */
export type Whose = 'bot' | 'people' | string | undefined;

const INVALID = { op: Op.invalid, d: false, t: null, s: null };

/** Holds the connections and sessions, and gives every event to the sessions that should have it. */
export class Gateway implements Host {
  readonly settings: Settings;
  readonly url: string;
  /** Faults that are on. Times are moments in milliseconds. */
  readonly faults = noFaults();
  readonly identifies: IdentifyBudget;
  private readonly worlds: () => readonly World[];
  private readonly server = new WebSocketServer({ noServer: true });
  private readonly connections = new Set<Connection>();
  private readonly sessions = new Map<string, Session>();

  constructor(worlds: () => readonly World[], settings: Settings, url: string) {
    this.worlds = worlds;
    this.settings = settings;
    this.identifies = new IdentifyBudget(settings);
    this.url = url;
  }

  get silent(): boolean {
    return this.faults.silentUntil > Date.now();
  }

  upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const query = new URL(request.url ?? '/', this.url).searchParams;
    const compressed = query.has('compress') || query.get('encoding') === 'etf';
    if (compressed || this.faults.refuseUntil > Date.now()) {
      socket.end(`HTTP/1.1 ${compressed ? '400 Bad Request' : '503 Service Unavailable'}\r\n\r\n`);
      return;
    }
    this.server.handleUpgrade(request, socket, head, (ws: WebSocket) => {
      const version = query.get('v') ?? '10';
      if (version === '10' || version === '9') this.connections.add(new Connection(this, ws));
      else ws.close(4012, 'Invalid API version.');
    });
  }

  identify(connection: Connection, data: unknown): void {
    const { token, intents, shard, properties } = (data ?? {}) as Json;
    if (typeof properties !== 'object') throw closings.decode();
    const user = this.userOf(token);
    if (!user) throw closings.badToken();
    const asked = grantedIntents(user, intents, this.settings.privilegedIntents);
    if (!this.identifies.take(user)) {
      connection.send(INVALID);
      return;
    }
    const session = new Session(user, String(token), asked, this.settings.sessionBuffer);
    this.sessions.set(session.id, session);
    this.attach(session, connection);
    session.push('READY', readyData(this.worlds(), user, session.id, this.url, shard));
    if ((session.intents & Intent.GUILDS) === 0) return;
    for (const world of this.worlds()) {
      const isTold = world.members.has(user.id) && !this.faults.outage.has(world.guild.id);
      if (isTold) session.push('GUILD_CREATE', guildData(world, user));
    }
  }

  resume(connection: Connection, data: unknown): void {
    const { token, session_id, seq } = (data ?? {}) as Json;
    if (!this.userOf(token)) throw closings.badToken();
    const session = this.sessions.get(String(session_id));
    const known = session?.token === token ? session : undefined;
    if (known && Number(seq) > known.seq) throw closings.badSeq();
    const missed = known && !this.expired(known) ? known.since(Number(seq)) : undefined;
    const refused = this.faults.refuseResumes > 0;
    if (refused) this.faults.refuseResumes -= 1;
    if (!known || !missed || refused || known.forgotten) {
      if (known) this.forget(known);
      connection.send(INVALID);
      return;
    }
    this.attach(known, connection);
    for (const sent of missed) connection.send(sent);
    known.push('RESUMED', { _trace: ['simulator'] });
  }

  /** Ends a session: it can no longer be resumed. */
  forget(session: Session): void {
    this.sessions.delete(session.id);
    session.link = undefined;
  }

  /** A connection is gone; 1000 and 1001 from the client end its session too. */
  left(connection: Connection, code: number): void {
    this.connections.delete(connection);
    this.detach(connection, code !== 1000 && code !== 1001);
  }

  /** Parts a connection from its session, which may be `resumable` from another one for a while. */
  detach(connection: Connection, resumable: boolean): void {
    const { session } = connection;
    connection.session = undefined;
    if (!session || session.link !== connection) return;
    session.link = undefined;
    session.leftAt = Date.now();
    if (!resumable) this.forget(session);
  }

  dispatch(events: Outgoing[]): void {
    for (const session of this.sessions.values()) if (this.expired(session)) this.forget(session);
    for (const event of events) {
      const copies = copiesOf(this.faults, event);
      for (const session of this.sessions.values()) {
        if (copies === 0 || !event.sees(session.user)) continue;
        for (let n = 0; n < copies; n += 1) {
          session.offer(this.first, event.name, event.data, event.dm);
        }
      }
    }
  }

  sendMembers(session: Session, data: unknown): void {
    const { guild_id } = (data ?? {}) as Json;
    const world = this.worlds().find(({ guild }) => guild.id === guild_id) ?? this.first;
    session.push('GUILD_MEMBERS_CHUNK', membersChunk(world, data));
  }

  /** The sessions there are, for the state. */
  list(): Json[] {
    return [...this.sessions.values()].map((session) => session.describe());
  }

  /** A server is out of order, or back: its members are told, and hear nothing of it in between. */
  setOutage(world: World, outage: boolean): void {
    const out = this.faults.outage;
    if (out.has(world.guild.id) === outage) return;
    if (outage) out.add(world.guild.id);
    else out.delete(world.guild.id);
    for (const session of this.sessions.values()) {
      if (!world.members.has(session.user.id)) continue;
      const { id } = world.guild;
      if (outage) session.offer(world, 'GUILD_DELETE', { id, unavailable: true }, false);
      else session.offer(world, 'GUILD_CREATE', guildData(world, session.user), false);
    }
  }

  /** Runs something over the connections a fault means. */
  each(whose: Whose, act: (connection: Connection) => void): void {
    for (const connection of [...this.connections]) {
      const user = connection.session?.user;
      const kind = user?.bot === false ? 'people' : 'bot';
      if (whose === undefined || whose === kind || whose === user?.id) act(connection);
    }
  }

  /** Goes on with the sessions there are, but lets none of them be resumed. */
  forgetSessions(): void {
    for (const session of this.sessions.values()) session.forgotten = true;
  }

  clearFaults(): void {
    for (const world of this.worlds()) this.setOutage(world, false);
    Object.assign(this.faults, noFaults());
  }

  /** Ends every session and connection; clients have to identify anew. */
  reset(): void {
    this.sessions.clear();
    this.identifies.reset();
    for (const connection of this.connections) connection.close(1012, 'The simulator was reset.');
  }

  close(): void {
    this.sessions.clear();
    for (const { socket } of this.connections) socket.terminate();
    this.server.close();
  }

  private attach(session: Session, connection: Connection): void {
    connection.session = session;
    session.link = connection;
  }

  private userOf(token: unknown): User | undefined {
    const bare = typeof token === 'string' ? token.replace(/^Bot /, '') : '';
    const id = this.first.tokens.get(bare);
    return id === undefined ? undefined : this.first.users.get(id);
  }

  private get first(): World {
    return this.worlds()[0] as World;
  }

  private expired(session: Session): boolean {
    return !session.link && Date.now() - session.leftAt > this.settings.sessionLifetimeMs;
  }
}
