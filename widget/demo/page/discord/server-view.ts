import { Listeners, type Observable } from '../../../src/chat/listeners.ts';
import type { Places, StaffMember } from '../places.ts';
import { DiscordApi } from './api.ts';
import { Gateway } from './gateway.ts';
import {
  type Channel,
  ChannelType,
  type Choice,
  type Command,
  type Message,
  type Modal,
  type Reaction,
  type User,
} from './shapes.ts';

const TYPING_MS = 10_000;

interface ReactionEvent {
  user_id: string;
  channel_id: string;
  message_id: string;
  emoji: { name: string };
}

const byPosition = (a: Channel, b: Channel) =>
  a.position - b.position || a.id.length - b.id.length || (a.id < b.id ? -1 : 1);

/** What one person sees of the Discord server, live. */
export class ServerView implements Observable {
  readonly me: StaffMember;
  readonly api: DiscordApi;
  readonly onChange: Observable['onChange'];
  connected = false;
  commands: Command[] = [];
  selected: string | undefined;
  modal: Modal | undefined;
  /** What the bot has last offered, and for which option of a command. */
  completed: { key: string; choices: Choice[] } = { key: '', choices: [] };
  /** Channels with something new in them. */
  readonly unread = new Set<string>();
  readonly #listeners = new Listeners();
  readonly #gateway: Gateway;
  readonly #channels = new Map<string, Channel>();
  readonly #messages = new Map<string, Message[]>();
  readonly #loaded = new Set<string>();
  readonly #names = new Map<string, string>();
  readonly #typing = new Map<string, { channelId: string; name: string }>();

  constructor({ discord }: Places, me: StaffMember) {
    this.me = me;
    this.onChange = this.#listeners.add;
    this.api = new DiscordApi(discord, me);
    this.#gateway = new Gateway({
      url: discord.gatewayUrl,
      token: me.token,
      onEvent: (name, data) => this.#accept(name, data),
      onConnected: (connected) => {
        this.connected = connected;
        this.#listeners.tell();
      },
    });
  }

  close(): void {
    this.#gateway.close();
  }

  /** Categories in order with their channels; first the channels that have none. */
  get groups(): { category: Channel | undefined; channels: Channel[] }[] {
    const all = [...this.#channels.values()].sort(byPosition);
    const categories = all.filter(({ type }) => type === ChannelType.category);
    const kinds: number[] = [ChannelType.text, ChannelType.forum];
    const texts = all.filter(({ type }) => kinds.includes(type));
    const of = (id: string | null) => texts.filter(({ parent_id }) => (parent_id ?? null) === id);
    const named = categories.map((category) => ({ category, channels: of(category.id) }));
    return [...named, { category: undefined, channels: of(null) }];
  }

  /** Threads below a channel, or posts of a forum, that are not archived; the oldest first. */
  threadsOf(channelId: string): Channel[] {
    const kinds: number[] = [ChannelType.publicThread, ChannelType.privateThread];
    return [...this.#channels.values()]
      .filter(({ type, parent_id }) => kinds.includes(type) && parent_id === channelId)
      .filter(({ thread_metadata }) => !thread_metadata?.archived)
      .sort((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1));
  }

  channel(id: string | undefined): Channel | undefined {
    return id === undefined ? undefined : this.#channels.get(id);
  }

  /** Undefined until they are loaded. */
  get messages(): Message[] | undefined {
    const id = this.selected ?? '';
    return this.#loaded.has(id) ? this.#messages.get(id) : undefined;
  }

  get typing(): string[] {
    const here = [...this.#typing.values()].filter((one) => one.channelId === this.selected);
    return here.map(({ name }) => name);
  }

  nameOf(id: string): string {
    return this.#names.get(id) ?? this.#channels.get(id)?.name ?? 'somebody';
  }

  select(channelId: string): void {
    this.selected = channelId;
    this.unread.delete(channelId);
    this.#listeners.tell();
    if (!this.#messages.has(channelId)) void this.#load(channelId);
  }

  closeModal(): void {
    this.modal = undefined;
    this.#listeners.tell();
  }

  /** Takes a message nobody but this person has ever seen away. */
  dismiss(message: Message): void {
    this.#change(message.channel_id, (all) => all.filter(({ id }) => id !== message.id));
    this.#listeners.tell();
  }

  /** What comes meanwhile is kept, and stands behind what is loaded. */
  async #load(channelId: string): Promise<void> {
    this.#messages.set(channelId, []);
    const newest = await this.api.listMessages(channelId).catch(() => []);
    const known = this.#messages.get(channelId) ?? [];
    const ids = new Set(known.map(({ id }) => id));
    const older = newest.filter(({ id }) => !ids.has(id)).reverse();
    this.#messages.set(channelId, [...older, ...known]);
    this.#loaded.add(channelId);
    this.#listeners.tell();
  }

  #accept(name: string, data: unknown): void {
    const handler = this.#handlers[name];
    if (!handler) return;
    handler(data as never);
    this.#listeners.tell();
  }

  readonly #handlers: Record<string, (data: never) => void> = {
    READY: () => {
      this.#channels.clear();
      this.#messages.clear();
      this.#loaded.clear();
    },
    GUILD_CREATE: (guild: {
      channels: Channel[];
      threads: Channel[];
      members: { user: User }[];
    }) => {
      for (const channel of [...guild.channels, ...guild.threads])
        this.#channels.set(channel.id, channel);
      for (const { user } of guild.members) this.#note(user);
      if (this.selected && this.#channels.has(this.selected)) this.select(this.selected);
      else this.selected = undefined;
      void this.#loadCommands();
    },
    CHANNEL_CREATE: (channel: Channel) => {
      this.#channels.set(channel.id, channel);
      this.#messages.set(channel.id, []);
      this.#loaded.add(channel.id);
      if (channel.type !== ChannelType.text) return;
      this.unread.add(channel.id);
      // The first ticket opens by itself: there is nothing else to look at.
      if (!this.selected) this.select(channel.id);
    },
    CHANNEL_UPDATE: (channel: Channel) => this.#channels.set(channel.id, channel),
    CHANNEL_DELETE: ({ id }: Channel) => {
      for (const thread of this.threadsOf(id)) this.#forget(thread.id);
      this.#forget(id);
    },
    THREAD_CREATE: (thread: Channel) => this.#channels.set(thread.id, thread),
    THREAD_UPDATE: (thread: Channel) => this.#channels.set(thread.id, thread),
    THREAD_DELETE: ({ id }: Channel) => this.#forget(id),
    MESSAGE_CREATE: (message: Message) => this.#take(message),
    MESSAGE_UPDATE: (message: Message) =>
      this.#change(message.channel_id, (all) =>
        all.map((one) => (one.id === message.id ? { ...one, ...message } : one)),
      ),
    MESSAGE_DELETE: ({ channel_id, id }: { channel_id: string; id: string }) =>
      this.#change(channel_id, (all) => all.filter((one) => one.id !== id)),
    MESSAGE_REACTION_ADD: (event: ReactionEvent) => this.#react(event, 1),
    MESSAGE_REACTION_REMOVE: (event: ReactionEvent) => this.#react(event, -1),
    TYPING_START: (event: { channel_id: string; user_id: string }) => this.#startTyping(event),
    APPLICATION_COMMAND_AUTOCOMPLETE_RESPONSE: ({ choices }: { choices: Choice[] }) => {
      this.completed = { ...this.completed, choices };
    },
    INTERACTION_MODAL_CREATE: (modal: Modal) => {
      this.modal = modal;
    },
  };

  #forget(id: string): void {
    this.#channels.delete(id);
    this.#messages.delete(id);
    this.#loaded.delete(id);
    this.unread.delete(id);
    if (this.selected === id) this.selected = undefined;
  }

  async #loadCommands(): Promise<void> {
    this.commands = await this.api.listCommands().catch(() => []);
    this.#listeners.tell();
  }

  #note(user: User): void {
    this.#names.set(user.id, user.global_name ?? user.username);
  }

  #take(message: Message): void {
    this.#note(message.author);
    this.#typing.delete(`${message.channel_id} ${message.author.id}`);
    if (message.channel_id !== this.selected) this.unread.add(message.channel_id);
    this.#change(message.channel_id, (all) =>
      all.some(({ id }) => id === message.id) ? all : [...all, message],
    );
  }

  #change(channelId: string, change: (all: Message[]) => Message[]): void {
    const all = this.#messages.get(channelId);
    if (all) this.#messages.set(channelId, change(all));
  }

  #react({ channel_id, message_id, user_id, emoji }: ReactionEvent, by: 1 | -1): void {
    const isMine = user_id === this.me.id;
    this.#change(channel_id, (all) =>
      all.map((message) => {
        if (message.id !== message_id) return message;
        const known = message.reactions ?? [];
        const old = known.find((one) => one.emoji.name === emoji.name);
        const next: Reaction = {
          emoji,
          count: (old?.count ?? 0) + by,
          me: isMine ? by === 1 : (old?.me ?? false),
        };
        const reactions = old ? known.map((one) => (one === old ? next : one)) : [...known, next];
        return { ...message, reactions: reactions.filter(({ count }) => count > 0) };
      }),
    );
  }

  #startTyping({ channel_id, user_id }: { channel_id: string; user_id: string }): void {
    if (user_id === this.me.id) return;
    const key = `${channel_id} ${user_id}`;
    const one = { channelId: channel_id, name: this.nameOf(user_id) };
    this.#typing.set(key, one);
    setTimeout(() => {
      if (this.#typing.get(key) !== one) return;
      this.#typing.delete(key);
      this.#listeners.tell();
    }, TYPING_MS);
  }
}
