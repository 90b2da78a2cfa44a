import { LRUCache } from 'lru-cache';
import type { ClusterTime } from '../domain/log/cluster-clock.ts';
import type { Entry } from '../domain/log/entry.ts';
import type { Log } from '../infra/log.ts';

export interface ReorderBufferOptions {
  /** Sends an entry to the sockets of this node. */
  emit(entry: Entry): void;
  /** Since when a socket of this node gets the ticket's events, at the latest; undefined where none does. */
  audienceSince(ticketId: string, owner: string): number | undefined;
  /** The first entries of a ticket in (`after`, `upTo`], in order, at least one. */
  read(ticketId: string, after: number, upTo: number): Promise<Entry[]>;
  /** What MongoDB took in before this moment of its clock, every node has been told of. */
  watermark(): ClusterTime;
  /**
   * The entries of a ticket up to `upTo`, in order, without those that are older than `since`
   * (milliseconds since 1970) or than the watermark given.
   */
  readRecent(
    ticketId: string,
    upTo: number,
    since: number,
    watermark: ClusterTime,
  ): Promise<Entry[]>;
  /** Told when what comes after a seq cannot be read: the sockets must ask for themselves. */
  onLost(ticketId: string, owner: string, after: number): void;
  log: Log;
}

interface Track {
  owner: string;
  /** The last entry emitted; undefined until the first one is known. */
  last: number | undefined;
  /** Entries behind a hole; made when there is one, since there are as many tracks as open tickets. */
  buffered: Map<number, Entry> | undefined;
  timer: NodeJS.Timeout | undefined;
  filling: boolean;
  /** The newest seq known to exist. */
  highWaterMark: number;
  /**
   * The watermark when the first hint came, while nothing is emitted yet: until it can be read, the
   * watermark may move past what was only noted here.
   */
  watermark: ClusterTime | undefined;
}

/** How long a hole may be filled by a late hint before it is read, in milliseconds. */
export const GAP_TIMEOUT_MS = 150;
const MAX_TRACKS = 50_000;
/** After so many failed reads in a row (about 6 s) the sockets are told to ask for themselves. */
const MAX_FAILURES = 6;

/**
 * Emits the entries of each ticket to this node's sockets in order of seq, each once, however late
 * or often their hints come. What never comes is read from the log.
 */
export class ReorderBuffer {
  readonly #options: ReorderBufferOptions;
  readonly #tracks = new LRUCache<string, Track>({
    max: MAX_TRACKS,
    dispose: (track) => clearTimeout(track.timer),
  });

  constructor(options: ReorderBufferOptions) {
    this.#options = options;
  }

  /** A hint: the entry is stored. */
  accept(entry: Entry): void {
    const track = this.#trackFor(entry.ticket_id, entry.owner, entry.seq);
    if (!track) return;
    this.#raise(track, entry.seq);
    if (track.last !== undefined && entry.seq <= track.last) return;
    if (track.last !== undefined && entry.seq === track.last + 1) {
      this.#emit(track, entry);
      this.#flushBuffered(track);
    } else {
      track.buffered ??= new Map();
      track.buffered.set(entry.seq, entry);
    }
    this.#fillLater(entry.ticket_id, track, track.last === undefined ? 0 : GAP_TIMEOUT_MS);
  }

  /**
   * A hint without the entry: the log reaches up to `seq`.
   * @param timeoutMs how long the entry itself may still be on its way, in milliseconds
   */
  noteHead(ticketId: string, owner: string, seq: number, timeoutMs = 0): void {
    const track = this.#trackFor(ticketId, owner, seq);
    if (!track || (track.last !== undefined && track.last >= seq)) return;
    this.#raise(track, seq);
    this.#fillLater(ticketId, track, timeoutMs);
  }

  /** Nobody here waits for an entry up to `head`: where nothing else is known, the next one follows it. */
  setBaseline(ticketId: string, owner: string, head: number): void {
    const track = this.#tracks.get(ticketId) ?? this.#create(ticketId, owner);
    if (track.highWaterMark === 0) track.last ??= head;
  }

  close(): void {
    this.#tracks.clear();
  }

  /** Without an audience there is nothing to keep in order; an audience that comes later asks the log. */
  #trackFor(ticketId: string, owner: string, seq: number): Track | undefined {
    const known = this.#tracks.get(ticketId);
    const isHeard = this.#options.audienceSince(ticketId, owner) !== undefined;
    if (isHeard) return known ?? this.#create(ticketId, owner);
    if (known?.last === undefined) return undefined;
    // Nobody would hear it, so it counts as emitted: the next audience starts behind it.
    if (seq === known.last + 1) known.last = seq;
    else this.#tracks.delete(ticketId);
    return undefined;
  }

  #create(ticketId: string, owner: string): Track {
    const track: Track = {
      owner,
      last: undefined,
      buffered: undefined,
      timer: undefined,
      filling: false,
      highWaterMark: 0,
      watermark: undefined,
    };
    this.#tracks.set(ticketId, track);
    return track;
  }

  #raise(track: Track, seq: number): void {
    if (track.last === undefined) track.watermark ??= this.#options.watermark();
    track.highWaterMark = Math.max(track.highWaterMark, seq);
  }

  #emit(track: Track, entry: Entry): void {
    track.last = entry.seq;
    this.#options.emit(entry);
  }

  #flushBuffered(track: Track): void {
    const { buffered } = track;
    if (!buffered) return;
    for (;;) {
      const next = buffered.get((track.last ?? 0) + 1);
      if (!next) break;
      buffered.delete(next.seq);
      this.#emit(track, next);
    }
    if (buffered.size === 0) track.buffered = undefined;
  }

  #isBehind(track: Track): boolean {
    return track.highWaterMark > (track.last ?? 0);
  }

  #fillLater(ticketId: string, track: Track, delay: number): void {
    if (!this.#isBehind(track)) {
      clearTimeout(track.timer);
      track.timer = undefined;
      return;
    }
    if (track.timer || track.filling) return;
    track.timer = setTimeout(() => {
      track.timer = undefined;
      void this.#fill(ticketId, track);
    }, delay);
  }

  /** Reads what is missing, or for a ticket met for the first time, all that this node has not emitted. */
  async #fill(ticketId: string, track: Track): Promise<void> {
    if (track.filling || !this.#isBehind(track)) return;
    track.filling = true;
    for (let failures = 0; failures < MAX_FAILURES && this.#isBehind(track); ) {
      try {
        await this.#fillOnce(ticketId, track);
      } catch (error) {
        this.#options.log.debug({ reason: (error as Error).message }, 'a hole cannot be read yet');
        await new Promise((resolve) => setTimeout(resolve, 100 * 2 ** failures++));
      }
    }
    track.filling = false;
    if (!this.#isBehind(track)) return;
    const after =
      track.last ?? Math.min(track.highWaterMark, ...(track.buffered?.keys() ?? [])) - 1;
    this.#options.onLost(ticketId, track.owner, after);
    this.#tracks.delete(ticketId);
  }

  async #fillOnce(ticketId: string, track: Track): Promise<void> {
    const upTo = track.highWaterMark;
    const entries = await this.#readMissing(ticketId, track);
    const [first] = entries;
    if (track.last === undefined) {
      if (!first) return this.#dismiss(track, upTo);
      // Everything older than what was found has been emitted.
      track.last = first.seq - 1;
    }
    for (const entry of entries) {
      if (entry.seq !== track.last + 1) continue;
      this.#emit(track, entry);
    }
    this.#flushBuffered(track);
    this.#dropBuffered(track, track.last);
  }

  /** A hint of old: it says nothing of where the ticket stands now. */
  #dismiss(track: Track, upTo: number): void {
    if (track.highWaterMark === upTo) {
      track.highWaterMark = 0;
      track.watermark = undefined;
    }
    this.#dropBuffered(track, upTo);
  }

  #dropBuffered({ buffered }: Track, upTo: number): void {
    for (const seq of buffered?.keys() ?? []) if (seq <= upTo) buffered?.delete(seq);
  }

  async #readMissing(ticketId: string, track: Track): Promise<Entry[]> {
    const { owner, last, highWaterMark, watermark = this.#options.watermark() } = track;
    if (last !== undefined) return this.#options.read(ticketId, last, highWaterMark);
    const since = this.#options.audienceSince(ticketId, owner);
    if (since === undefined) return [];
    return this.#options.readRecent(ticketId, highWaterMark, since, watermark);
  }
}
