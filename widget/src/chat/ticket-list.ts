import type { DeskClient } from '../../../client/client.ts';
import { newer } from '../../../client/track.ts';
import type { TicketView } from '../../../src/contract/tickets.ts';

/** The person's tickets, newest first, as the server has last told of them. */
export class TicketList {
  /** Undefined until they are known. */
  all: TicketView[] | undefined;
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
    this.all = await this.#client.tickets.list();
    this.#tell();
    return this.all;
  }

  put(told: TicketView): void {
    const others = (this.all ?? []).filter(({ id }) => id !== told.id);
    const ticket = newer(this.get(told.id), told);
    this.all = [ticket, ...others].sort((a, b) => (a.id < b.id ? 1 : -1));
    this.#tell();
  }

  remove(id: string): void {
    this.all = this.all?.filter((ticket) => ticket.id !== id);
    this.#tell();
  }

  /** A ticket will be closed at a time, or with null will not. */
  setClosing(id: string, closing_due_at: number | null): void {
    const ticket = this.get(id);
    if (ticket) this.put({ ...ticket, closing_due_at });
  }
}
