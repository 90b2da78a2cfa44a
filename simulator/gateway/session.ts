import { randomBytes } from 'node:crypto';
import type { Json, User } from '../entities.ts';
import type { World } from '../world.ts';
import { Intent, wants } from './intents.ts';

export interface Sent {
  op: 0;
  t: string;
  s: number;
  d: Json;
}

interface Link {
  send: (payload: unknown) => void;
}

const MESSAGE_EVENTS = new Set(['MESSAGE_CREATE', 'MESSAGE_UPDATE']);

/**
 * What one IDENTIFY began: it outlives its connection, keeps numbering events while there is none, and holds
 * the last of them for a resume.
 */
export class Session {
  readonly id = randomBytes(16).toString('hex');
  readonly user: User;
  readonly token: string;
  readonly intents: number;
  seq = 0;
  /** The connection it is on at present. */
  link: Link | undefined;
  /** When its last connection went; it may be resumed for a while after. */
  leftAt = 0;
  /** Goes on while connected, but cannot be resumed. */
  forgotten = false;
  private readonly room: number;
  private buffer: Sent[] = [];

  constructor(user: User, token: string, intents: number, room: number) {
    this.user = user;
    this.token = token;
    this.intents = intents;
    this.room = room;
  }

  /** Numbers an event, keeps it, and sends it if there is a connection. */
  push(name: string, data: Json): void {
    this.seq += 1;
    const sent: Sent = { op: 0, t: name, s: this.seq, d: data };
    this.buffer.push(sent);
    if (this.buffer.length > this.room) this.buffer = this.buffer.slice(-this.room);
    this.link?.send(sent);
  }

  /** Takes an event if the intents ask for it, with the content taken out where they do not cover it. */
  offer(world: World, name: string, data: Json, dm: boolean): void {
    if (!wants(this.intents, name, dm) && !this.concerns(name, data)) return;
    const hide =
      MESSAGE_EVENTS.has(name) &&
      !dm &&
      this.user.bot &&
      (this.intents & Intent.MESSAGE_CONTENT) === 0;
    this.push(name, hide ? withoutContent(world, data, this.user.id) : data);
  }

  /** What the state shows of it. */
  describe(): Json {
    const { id, user, intents, seq, link } = this;
    const { username } = user;
    return { id, user: username, user_id: user.id, intents, seq, connected: link !== undefined };
  }

  /** Changes to one's own membership need no intent. */
  private concerns(name: string, data: Json): boolean {
    const user = data.user as { id?: string } | undefined;
    return name === 'GUILD_MEMBER_UPDATE' && user?.id === this.user.id;
  }

  /** The events after `seq`, oldest first; undefined when some of them are no longer held. */
  since(seq: number): Sent[] | undefined {
    const missed = this.buffer.filter((sent) => sent.s > seq);
    return missed.length === this.seq - seq ? missed : undefined;
  }
}

/** Empties what the content intent guards, except in one's own messages and those that mention one. */
export function withoutContent(world: World, data: Json, userId: string): Json {
  const author = data.author as { id?: string } | undefined;
  const mentions = (data.mentions ?? []) as { id: string }[];
  const own = author?.id === userId || data.application_id === world.application.id;
  if (own || mentions.some((one) => one.id === userId)) return data;
  const { poll: _poll, ...rest } = data;
  return { ...rest, content: '', embeds: [], attachments: [], components: [] };
}
