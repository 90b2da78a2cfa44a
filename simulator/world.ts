import type { Command, Interaction, Webhook } from './app-entities.ts';
import type { Channel, Json, Member, Message, Role, Sticker, User } from './entities.ts';
import { ChannelType } from './entities.ts';
import { FileStore } from './file-store.ts';
import { MessageLog } from './message-log.ts';
import type { Audience, Outgoing } from './outgoing.ts';
import {
  ALL_PERMISSIONS,
  applyOverwrites,
  basePermissions,
  P,
  withoutImplied,
} from './permissions.ts';
import type { Settings } from './settings.ts';

export interface Guild {
  id: string;
  name: string;
  owner_id: string;
  description: string | null;
  icon: string | null;
}

const KEPT_INTERACTIONS = 500;
const KEPT_EPHEMERAL = 1000;

/**
 * Everything Discord would know of one guild: its members and what they wrote. Several guilds are several of
 * these, which share accounts, files and the application. Reset throws them away whole.
 */
export class World {
  readonly settings: Settings;
  /** Where this simulator is reached, for links. */
  readonly url: string;
  readonly users: Map<string, User>;
  /** User id by token, without "Bot ". */
  readonly tokens: Map<string, string>;
  readonly members = new Map<string, Member>();
  readonly roles = new Map<string, Role>();
  readonly channels = new Map<string, Channel>();
  readonly logs = new Map<string, MessageLog>();
  /** Ephemeral messages by id; they are in no channel's log. */
  readonly ephemeral = new Map<string, Message>();
  readonly stickers = new Map<string, Sticker>();
  /** Ids of those whom a user has blocked, by the user's id. */
  readonly blocked: Map<string, Set<string>>;
  readonly banned = new Set<string>();
  readonly webhooks = new Map<string, Webhook>();
  readonly commands = new Map<string, Command>();
  readonly interactions = new Map<string, Interaction>();
  readonly nonces = new Map<string, { messageId: string; at: number }>();
  readonly files: FileStore;
  readonly application: { id: string; name: string; description: string };
  guild: Guild = { id: '', name: '', owner_id: '', description: null, icon: null };
  /** Events of the present call, not yet sent. */
  outbox: Outgoing[] = [];
  readonly renames = new Map<string, number[]>();
  private today = { since: Date.now(), channels: 0, commands: 0 };
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly deliver: (events: Outgoing[]) => void;

  /** @param first the world of the first guild, where this is another */
  constructor(
    settings: Settings,
    url: string,
    deliver: (events: Outgoing[]) => void,
    first?: World,
  ) {
    this.users = first?.users ?? new Map();
    this.tokens = first?.tokens ?? new Map();
    this.blocked = first?.blocked ?? new Map();
    this.files = first?.files ?? new FileStore();
    this.application = first?.application ?? { id: '', name: '', description: '' };
    this.settings = settings;
    this.url = url;
    this.deliver = deliver;
  }

  /** Counters for the limits that run over a day; they begin anew when it is over. */
  get daily(): { since: number; channels: number; commands: number } {
    const now = Date.now();
    if (now - this.today.since >= this.settings.dayMs) {
      this.today = { since: now, channels: 0, commands: 0 };
    }
    return this.today;
  }

  /** Puts an event in the outbox; whoever runs the call decides when it leaves. */
  emit(name: string, data: Json, audience: Audience = {}): void {
    const { channel, only } = audience;
    const dm = channel?.guild_id === null;
    // Bots are told of every channel of the guild, seen or not; what happens inside is for those who see it.
    const toldBots = name.startsWith('CHANNEL_') && !dm;
    const sees = (user: User) => {
      if (only !== undefined) return user.id === only;
      if (!dm && !this.members.has(user.id)) return false;
      return channel === undefined || (toldBots && user.bot) || this.canSee(user.id, channel);
    };
    const guild = !dm && only === undefined ? this.guild.id : null;
    this.outbox.push({ name, data, dm, guild, sees });
  }

  /** Sends what is in the outbox. */
  flush(): void {
    const events = this.outbox;
    this.outbox = [];
    if (events.length === 0) return;
    const { eventDelayMs } = this.settings;
    if (eventDelayMs > 0) this.later(eventDelayMs, () => this.deliver(events));
    else this.deliver(events);
  }

  /** Runs something later and sends its events; forgotten when the world ends. */
  later(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      act();
      this.flush();
    }, ms);
    timer.unref();
    this.timers.add(timer);
  }

  end(): void {
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
    this.outbox = [];
  }

  /** The channel whose overwrites count: a thread's parent, else the channel itself. */
  ruling(channel: Channel): Channel {
    if (!channel.thread || channel.parent_id === null) return channel;
    return this.channels.get(channel.parent_id) ?? channel;
  }

  /** A user's permissions in the guild, or in one channel of it. Nothing for those who are not members. */
  permissionsOf(userId: string, channel?: Channel): bigint {
    if (channel && channel.guild_id === null) {
      const inside = channel.recipients.includes(userId);
      return inside ? ALL_PERMISSIONS & ~(P.MANAGE_MESSAGES | P.MANAGE_CHANNELS) : 0n;
    }
    const member = this.members.get(userId);
    if (!member) return 0n;
    if (this.guild.owner_id === userId) return ALL_PERMISSIONS;
    const holder = { userId, roles: member.roles };
    const base = basePermissions(this.guild.id, holder, (id) =>
      BigInt(this.roles.get(id)?.permissions ?? 0),
    );
    if (!channel) return base;
    const overwrites = this.ruling(channel).permission_overwrites;
    const bits = withoutImplied(applyOverwrites(base, this.guild.id, holder, overwrites));
    const until = member.communication_disabled_until;
    const silenced = until !== null && Date.parse(until) > Date.now();
    if (!silenced || (bits & P.ADMINISTRATOR) !== 0n) return bits;
    return bits & (P.VIEW_CHANNEL | P.READ_MESSAGE_HISTORY);
  }

  canSee(userId: string, channel: Channel): boolean {
    if ((this.permissionsOf(userId, channel) & P.VIEW_CHANNEL) === 0n) return false;
    if (channel.type !== ChannelType.privateThread) return true;
    const moderates = (this.permissionsOf(userId, channel) & P.MANAGE_THREADS) !== 0n;
    return moderates || (channel.thread?.members.has(userId) ?? false);
  }

  /** The highest position among someone's roles; the owner stands above all. */
  rankOf(userId: string): number {
    if (userId === this.guild.owner_id) return Number.POSITIVE_INFINITY;
    const roles = this.members.get(userId)?.roles ?? [];
    return Math.max(0, ...roles.map((id) => this.roles.get(id)?.position ?? 0));
  }

  log(channelId: string): MessageLog {
    let log = this.logs.get(channelId);
    if (!log) {
      log = new MessageLog();
      this.logs.set(channelId, log);
    }
    return log;
  }

  /** Keeps a message only one person sees; the oldest of many are forgotten. */
  hide(message: Message): void {
    this.ephemeral.set(message.id, message);
    for (const id of this.ephemeral.keys()) {
      if (this.ephemeral.size <= KEPT_EPHEMERAL) break;
      this.ephemeral.delete(id);
    }
  }

  /** A message of a channel, ephemeral ones included. */
  message(channelId: string, id: string): Message | undefined {
    const hidden = this.ephemeral.get(id);
    if (hidden?.channel_id === channelId) return hidden;
    return this.logs.get(channelId)?.get(id);
  }

  guildChannels(): Channel[] {
    return [...this.channels.values()].filter((c) => c.guild_id !== null && !c.thread);
  }

  threads(): Channel[] {
    return [...this.channels.values()].filter((c) => c.thread !== undefined);
  }

  remember(interaction: Interaction): void {
    this.interactions.set(interaction.id, interaction);
    for (const id of this.interactions.keys()) {
      if (this.interactions.size <= KEPT_INTERACTIONS) break;
      this.interactions.delete(id);
    }
  }

  interactionByToken(token: string): Interaction | undefined {
    for (const interaction of this.interactions.values()) {
      if (interaction.token === token) return interaction;
    }
    return undefined;
  }
}
