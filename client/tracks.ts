import { createTrack, type Track } from './track.ts';

/** Tickets of which all is kept, beside those that somebody looks at or that are behind. */
const MAX_KEPT = 1000;
/** Tickets of which only the place in the stream is kept. */
const MAX_REMEMBERED = 10_000;

/** What has to outlive a track: where its stream goes on, and that its creation was told of. */
interface Place {
  cursor: number | undefined;
  isTold: boolean;
}

function isIdle({ opened, listeners, wanted, isNews, log }: Track): boolean {
  return opened === 0 && listeners.size === 0 && !wanted && !isNews && !log.behind;
}

/** The tickets a client has heard of: least recently used ones shrink to their place in the stream. */
export class Tracks {
  readonly #kept = new Map<string, Track>();
  readonly #places = new Map<string, Place>();

  get(id: string): Track | undefined {
    return this.#kept.get(id);
  }

  has(id: string): boolean {
    return this.#kept.has(id) || this.#places.has(id);
  }

  values(): IterableIterator<Track> {
    return this.#kept.values();
  }

  /** The track of a ticket, made or made anew where there is none. */
  use(id: string): Track {
    const track = this.#kept.get(id) ?? this.#create(id);
    this.#kept.delete(id);
    this.#kept.set(id, track);
    return track;
  }

  delete(id: string): void {
    this.#kept.delete(id);
    this.#places.delete(id);
  }

  /** Lets go of the rest of tickets that nothing waits for, where there are too many. */
  shrink(): void {
    if (this.#kept.size <= MAX_KEPT) return;
    for (const [id, track] of this.#kept) {
      if (this.#kept.size <= MAX_KEPT) break;
      if (!isIdle(track)) continue;
      this.#kept.delete(id);
      this.#places.delete(id);
      this.#places.set(id, { cursor: track.log.safeCursor, isTold: track.isTold });
    }
    for (const id of this.#places.keys()) {
      if (this.#places.size <= MAX_REMEMBERED) return;
      this.#places.delete(id);
    }
  }

  #create(id: string): Track {
    const track = createTrack(id);
    const place = this.#places.get(id);
    if (!place) return track;
    this.#places.delete(id);
    track.isTold = place.isTold;
    if (place.cursor !== undefined) track.log.begin(place.cursor);
    return track;
  }
}
