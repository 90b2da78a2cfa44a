import type { Message } from './entities.ts';
import { compareSnowflakes } from './snowflake.ts';

/** One channel's messages in order of id; finding, adding at the end and paging stay cheap for long logs. */
export class MessageLog {
  private readonly ids: string[] = [];
  private readonly byId = new Map<string, Message>();

  get size(): number {
    return this.ids.length;
  }

  get(id: string): Message | undefined {
    return this.byId.get(id);
  }

  /** Ids only grow, so a new message always goes to the end. */
  add(message: Message): void {
    this.ids.push(message.id);
    this.byId.set(message.id, message);
  }

  delete(id: string): Message | undefined {
    const message = this.byId.get(id);
    if (!message) return undefined;
    this.byId.delete(id);
    this.ids.splice(this.position(id), 1);
    return message;
  }

  /** Oldest first. */
  all(): Message[] {
    return this.slice(0, this.ids.length);
  }

  /** The newest `limit` older than `id` (or of all), newest first. */
  before(id: string | undefined, limit: number): Message[] {
    const end = id === undefined ? this.ids.length : this.position(id);
    return this.slice(Math.max(0, end - limit), end).reverse();
  }

  /** The oldest `limit` newer than `id`, newest first as Discord sends them. */
  after(id: string, limit: number): Message[] {
    let start = this.position(id);
    if (this.ids[start] === id) start += 1;
    return this.slice(start, start + limit).reverse();
  }

  /** About half of `limit` on each side of `id`, newest first. */
  around(id: string, limit: number): Message[] {
    const middle = this.position(id);
    const start = Math.max(0, middle - Math.floor(limit / 2));
    return this.slice(start, start + limit).reverse();
  }

  private slice(start: number, end: number): Message[] {
    return this.ids.slice(start, end).flatMap((id) => this.byId.get(id) ?? []);
  }

  /** Index of the first id that is not older than the given one. */
  private position(id: string): number {
    let low = 0;
    let high = this.ids.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compareSnowflakes(this.ids[middle] ?? '', id) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
