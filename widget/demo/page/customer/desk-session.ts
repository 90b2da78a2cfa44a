import { createDeskClient, type DeskClient } from '../../../../client/client.ts';
import type { OpenTicket } from '../../../../client/open-ticket.ts';
import { createLocalStorage } from '../../../../client/storage.ts';
import type { TicketView } from '../../../../src/contract/tickets.ts';
import { Listeners, type Observable } from '../listeners.ts';
import type { Places } from '../places.ts';

const KEPT = 'deskcord-demo';
const TYPING_MS = 6000;

/** The partner's backend says who its visitor is. */
async function fetchToken(customer: string): Promise<string> {
  const answer = await fetch(`support-token?customer=${customer}`);
  if (!answer.ok) throw new Error(`the shop answered ${answer.status}`);
  const { token } = (await answer.json()) as { token: string };
  return token;
}

/** Every start of the demo has a database of its own: what was kept for another one is of no use. */
function forgetEarlierRuns(run: string): void {
  for (const key of Object.keys(localStorage)) {
    if (key.startsWith(`${KEPT}/`) && !key.startsWith(`${KEPT}/${run}/`)) {
      localStorage.removeItem(key);
    }
  }
}

type Screen = 'list' | 'new' | 'chat';

/** The chat of one customer of the shop: a client, the tickets, and which of them is open. */
export class DeskSession implements Observable {
  readonly customer: string;
  readonly client: DeskClient;
  readonly onChange: Observable['onChange'];
  readonly unread = new Map<string, number>();
  screen: Screen = 'list';
  tickets: TicketView[] | undefined;
  open: OpenTicket | undefined;
  /** Who of the other side is writing in the open ticket. */
  typing: string | undefined;
  mustSignIn = false;
  /** Where the open ticket is remembered, so that a reload comes back to it. */
  readonly #place: string;
  readonly #listeners = new Listeners();
  readonly #tryAgain = () => this.client.connect();
  #endTicket: () => void = () => {};
  #endTyping: ReturnType<typeof setTimeout> | undefined;

  constructor(places: Places, customer: string) {
    forgetEarlierRuns(places.run);
    this.customer = customer;
    this.#place = `${KEPT}/${places.run}/${customer}/open`;
    this.onChange = this.#listeners.add;
    this.client = createDeskClient({
      url: places.serverUrl,
      getToken: () => fetchToken(customer),
      storage: createLocalStorage(`${KEPT}/${places.run}/${customer}`),
    });
    this.#listen();
    this.client.connect();
    window.addEventListener('online', this.#tryAgain);
    const last = sessionStorage.getItem(this.#place);
    if (last) this.openTicket(last);
  }

  close(): void {
    window.removeEventListener('online', this.#tryAgain);
    this.#leaveTicket();
    this.client.close();
  }

  show(screen: Exclude<Screen, 'chat'>): void {
    this.#leaveTicket();
    sessionStorage.removeItem(this.#place);
    this.screen = screen;
    this.#listeners.tell();
  }

  openTicket(id: string): void {
    this.#leaveTicket();
    this.screen = 'chat';
    sessionStorage.setItem(this.#place, id);
    this.unread.delete(id);
    this.open = this.client.openTicket(id);
    this.#endTicket = this.open.onChange(this.#listeners.tell);
    this.#listeners.tell();
  }

  /** @throws DeskError */
  async create(topic: string, description: string): Promise<void> {
    const ticket = await this.client.tickets.create({ topic, description });
    this.#put(ticket);
    this.openTicket(ticket.id);
  }

  #leaveTicket(): void {
    this.#endTicket();
    this.open?.release();
    this.open = undefined;
    this.typing = undefined;
  }

  #listen(): void {
    const { client } = this;
    client.on('connection', ({ state }) => {
      if (state === 'online') {
        this.mustSignIn = false;
        void this.#list();
      }
      this.#listeners.tell();
    });
    client.on('auth_required', () => {
      this.mustSignIn = true;
      this.#listeners.tell();
    });
    for (const name of ['ticket_created', 'ticket_updated', 'ticket_closed'] as const) {
      client.on(name, (ticket) => this.#put(ticket));
    }
    client.on('message', ({ ticket_id, author_id }) => {
      this.typing = undefined;
      if (author_id !== this.customer && ticket_id !== this.open?.id) {
        this.unread.set(ticket_id, (this.unread.get(ticket_id) ?? 0) + 1);
      }
      this.#listeners.tell();
    });
    client.on('typing', ({ ticket_id, username }) => {
      if (ticket_id === this.open?.id) this.#startTyping(username);
    });
  }

  async #list(): Promise<void> {
    try {
      this.tickets = await this.client.tickets.list();
      this.#listeners.tell();
    } catch {
      // The next connection asks again.
    }
  }

  #put(ticket: TicketView): void {
    const others = (this.tickets ?? []).filter(({ id }) => id !== ticket.id);
    this.tickets = [ticket, ...others].sort((a, b) => (a.id < b.id ? 1 : -1));
    this.#listeners.tell();
  }

  #startTyping(username: string): void {
    this.typing = username;
    clearTimeout(this.#endTyping);
    this.#endTyping = setTimeout(() => {
      this.typing = undefined;
      this.#listeners.tell();
    }, TYPING_MS);
    this.#listeners.tell();
  }
}
