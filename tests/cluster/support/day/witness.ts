import type { Ear, Heard } from '../../../../simulator/person.ts';
import type { Channel, Post } from './evidence.ts';

/** Every text of a day is a word like this. */
export const wordPattern = /\bword\d+\b/g;
/** What the bot posts for one message. */
const speech = /^(?:📝 \*\*note\*\* · )?\*\*.+?\*\*(?: \(\w+\))*: ?(?:word\d+)?$/;

/** What the bot says where transcripts are of a ticket whose channel has made room. */
const parkedLine = /\bTicket #(\d+) is idle and was parked\b/;

/** Milliseconds since 1970 at which an id was made. */
export const timeOf = (snowflake: string): number =>
  Number(BigInt(snowflake) >> 22n) + 1_420_070_400_000;

/** What staff saw in the channels of tickets, from a gateway session of one of them: by the ticket's number. */
export class Witness {
  readonly byNumber = new Map<number, Channel[]>();
  /** Channels that a test's people have deleted. */
  readonly deletedByPeople = new Set<string>();
  /** Tickets that staff were told to be parked, by their numbers. */
  readonly toldParked = new Set<number>();
  readonly #channels = new Map<string, Channel>();
  /** The channels of threads. */
  readonly #threads = new Map<string, string>();
  readonly #posts = new Map<string, Post>();
  readonly #ear: Ear;
  readonly #botId: string;
  #read = 0;

  constructor(ear: Ear, botId: string) {
    this.#ear = ear;
    this.#botId = botId;
  }

  /** Takes in what has come since. */
  look(): this {
    const { events } = this.#ear;
    for (; this.#read < events.length; this.#read++) this.#take(events[this.#read] as Heard);
    return this;
  }

  /** The channel a ticket has now. */
  channelOf(number: number): Channel | undefined {
    return this.look()
      .byNumber.get(number)
      ?.findLast(({ goneBy }) => !goneBy);
  }

  channelsOf(number: number): Channel[] {
    return this.byNumber.get(number) ?? [];
  }

  postById(id: string): Post | undefined {
    return this.#posts.get(id);
  }

  postIn(word: string): { post: Post; channel: Channel } | undefined {
    for (const channel of this.#channels.values()) {
      const post = channel.posts.find(({ isBots, words }) => !isBots && words.includes(word));
      if (post) return { post, channel };
    }
    return undefined;
  }

  #take({ t, d }: Heard): void {
    if (t === 'CHANNEL_CREATE') this.#open(d);
    else if (t === 'THREAD_CREATE') this.#threads.set(d.id, d.parent_id);
    else if (t === 'CHANNEL_DELETE') {
      const channel = this.#channels.get(d.id);
      if (channel) channel.goneBy = this.deletedByPeople.has(d.id) ? 'people' : 'bot';
    } else if (t === 'MESSAGE_CREATE') this.#post(d);
    else if (t === 'MESSAGE_UPDATE') this.#change(d);
    else if (t === 'MESSAGE_DELETE') {
      const post = this.#posts.get(d.id);
      if (post) post.deleted = true;
    } else if (t.startsWith('MESSAGE_REACTION_') && d.user_id === this.#botId) {
      const post = this.#posts.get(d.message_id);
      if (!post) return;
      post.marks = post.marks.filter((one) => one !== d.emoji.name);
      if (t === 'MESSAGE_REACTION_ADD') post.marks.push(d.emoji.name);
    }
  }

  #open(d: Heard['d']): void {
    const number = Number(/^ticket-(\d+)$/.exec(d.name)?.[1]);
    if (!number || this.#channels.has(d.id)) return;
    const channel: Channel = { id: d.id, createdAt: timeOf(d.id), posts: [] };
    this.#channels.set(d.id, channel);
    this.byNumber.set(number, [...(this.byNumber.get(number) ?? []), channel]);
  }

  #post(d: Heard['d']): void {
    const parked = d.author.id === this.#botId && parkedLine.exec(d.content)?.[1];
    if (parked) this.toldParked.add(Number(parked));
    const channel = this.#channels.get(this.#threads.get(d.channel_id) ?? d.channel_id);
    if (!channel || (d.type !== 0 && d.type !== 19)) return;
    const isBots = d.author.id === this.#botId;
    const post: Post = {
      ...{ id: d.id, words: [], isBots, isSummary: false, files: [], deleted: false, marks: [] },
      ...(this.#threads.has(d.channel_id) && { inThread: true }),
    };
    this.#posts.set(d.id, post);
    channel.posts.push(post);
    this.#change(d);
  }

  #change(d: Heard['d']): void {
    const post = this.#posts.get(d.id);
    if (!post) return;
    if (d.content !== undefined) {
      post.words = d.content.match(wordPattern) ?? [];
      post.isSummary = post.isBots && !speech.test(d.content);
    }
    if (d.attachments) {
      post.files = d.attachments.map(({ filename }: { filename: string }) => filename);
    }
  }
}
