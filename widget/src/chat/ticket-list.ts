import type { DeskClient } from '../../../client/client.ts';
import { newer } from '../../../client/track.ts';
import type { TicketView } from '../../../src/contract/tickets.ts';

/** As many as the server lists at once. */
const LISTED = 100;

/** Those of `known` that the server, which lists the newest, would have listed if it had them. */
export function findGone(known: Iterable<string>, listed: readonly TicketView[]): string[] {
  const ids = listed.map(({ id }) => id).sort();
  // Ids sort by time; of what is older than a full page nothing is known.
  const oldest = ids.length < LISTED ? '' : (ids[0] ?? '');
  return [...known].filter((id) => id > oldest && !ids.includes(id));
}

/** The person's tickets, newest first, as the server has last told of them. */
export class TicketList {
  /** Undefined until they are known. */
  all: TicketView[] | undefined;
  /** What an answer that was asked for before may still name. */
  readonly #removed = new Set<string>();
  readonly #client: DeskClient;
  readonly #tell: () => void;

  constructor(client: DeskClient, tell: () => void) {
    this.#client = client;
    this.#tell = tell;
  }

  get(id: string): TicketView | undefined {
    return this.all?.find((ticket) => ticket.id === id);
  }

  /** Rejects where they cannot be read. */
  async load(): Promise<TicketView[]> {
    const before = new Set(this.all);
    const listed = await this.#client.tickets.list();
    // What has come meanwhile may be newer than the answer.
    const isNews = (ticket: TicketView) => !before.has(ticket);
    const told = (this.all ?? []).filter(isNews);
    this.all = listed.filter(({ id }) => !this.#removed.has(id));
    for (const ticket of told) this.put(ticket);
    this.#tell();
    return listed;
  }

  put(told: TicketView): void {
    const others = (this.all ?? []).filter(({ id }) => id !== told.id);
    const ticket = newer(this.get(told.id), told);
    this.all = [ticket, ...others].sort((a, b) => (a.id < b.id ? 1 : -1));
    this.#tell();
  }

  remove(id: string): void {
    this.#removed.add(id);
    this.all = this.all?.filter((ticket) => ticket.id !== id);
    this.#tell();
  }

  /** A ticket will be closed at a time, or with null will not. */
  setClosing(id: string, closing_due_at: number | null): void {
    const ticket = this.get(id);
    if (ticket) this.put({ ...ticket, closing_due_at });
  }
}
