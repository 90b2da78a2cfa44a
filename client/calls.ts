import type {
  ClientEventAcks,
  ClientEventInput,
  ClientEventName,
  SyncAck,
} from '../src/contract/events.ts';
import type { FileView, MessageView } from '../src/contract/messages.ts';
import type { ListTicketsQuery } from '../src/contract/ticket-lists.ts';
import type { CreateTicketBody, TicketView } from '../src/contract/tickets.ts';
import { retryDelay } from './backoff.ts';
import type { Clock } from './clock.ts';
import type { Connection } from './connection.ts';
import { isRefusal, toDeskError } from './errors.ts';
import { newId } from './ids.ts';
import { bodyOf, type OutboxItem } from './outbox-item.ts';
import type { Rest } from './rest.ts';
import type { UploadWatch } from './upload.ts';

export type TicketQuery = Partial<Record<keyof ListTicketsQuery, string | number>>;
export type NewTicket = Omit<CreateTicketBody, 'client_id'>;

const TYPING_EVERY_MS = 3000;
const CREATE_TRIES = 4;
/** Below 0, which is the description. */
const NOTHING = -1;
/** As long as the server waits for a request. */
export const UPLOAD_TIMEOUT_MS = 120_000;

interface CallOptions {
  connection: Connection;
  rest: Rest;
  clock: Clock;
  random: () => number;
  newest?: number | undefined;
}

/** Every call of the contract, once: over the socket where there is one, else over REST. */
export class Calls {
  readonly #options: CallOptions;
  readonly #lastTyping = new Map<string, number>();
  readonly #lastRead = new Map<string, number>();

  constructor(options: CallOptions) {
    this.#options = options;
  }

  listTickets(query: TicketQuery): Promise<TicketView[]> {
    return this.#rest('GET', '/tickets', { query });
  }

  getTicket(id: string): Promise<TicketView> {
    return this.#rest('GET', `/tickets/${id}`);
  }

  /** One ticket, however often the request has to be repeated. */
  async createTicket(given: NewTicket): Promise<TicketView> {
    const { clock, random } = this.#options;
    const body = { ...given, client_id: newId() };
    for (let failures = 1; ; failures++) {
      try {
        return await this.#rest<TicketView>('POST', '/tickets', { body });
      } catch (thrown) {
        const error = toDeskError(thrown);
        const isLost = error.code === 'NETWORK' || error.code === 'TIMEOUT';
        const isTryable = isLost || error.code === 'SERVICE_UNAVAILABLE';
        if (isRefusal(error) || !isTryable || failures === CREATE_TRIES) throw error;
        const delay = retryDelay(failures, random, error);
        await new Promise<void>((resolve) => void clock.after(delay, resolve));
      }
    }
  }

  /** One try to create the ticket that `client_id` stands for. */
  createOnce(body: CreateTicketBody): Promise<TicketView> {
    return this.#rest<TicketView>('POST', '/tickets', { body });
  }

  async send(item: OutboxItem): Promise<MessageView> {
    const { ticket_id } = item;
    const body = bodyOf(item);
    const { message } = await this.#ask('send_message', { ticket_id, ...body }, async () => ({
      message: await this.#rest('POST', `/tickets/${ticket_id}/messages`, { body }),
    }));
    return message;
  }

  async edit(ticket_id: string, message_id: string, content: string): Promise<MessageView> {
    const path = `/tickets/${ticket_id}/messages/${message_id}`;
    const input = { ticket_id, message_id, content };
    const { message } = await this.#ask('edit', input, async () => ({
      message: await this.#rest('PATCH', path, { body: { content } }),
    }));
    return message;
  }

  async remove(ticket_id: string, message_id: string): Promise<MessageView> {
    const path = `/tickets/${ticket_id}/messages/${message_id}`;
    const { message } = await this.#ask('delete', { ticket_id, message_id }, async () => ({
      message: await this.#rest('DELETE', path),
    }));
    return message;
  }

  async closeTicket(ticket_id: string, reason: string | undefined): Promise<TicketView> {
    const body = reason ? { reason } : {};
    const { ticket } = await this.#ask('close_ticket', { ticket_id, ...body }, async () => ({
      ticket: await this.#rest('POST', `/tickets/${ticket_id}/close`, { body }),
    }));
    return ticket;
  }

  upload(ticketId: string, file: Blob, name: string, watch: UploadWatch = {}): Promise<FileView> {
    const body = new FormData();
    body.append('file', file, name);
    const options = { body, timeout: UPLOAD_TIMEOUT_MS, ...watch };
    return this.#rest('POST', `/tickets/${ticketId}/attachments`, options);
  }

  sync(ticket_id: string, after: number): Promise<SyncAck> {
    return this.#options.connection.ask('sync', { ticket_id, after });
  }

  async readNewest(ticketId: string, before?: number) {
    const path = `/tickets/${ticketId}/messages`;
    const { body, headers } = await this.#options.rest.call<MessageView[]>('GET', path, {
      query: { before, limit: before ? undefined : this.#options.newest },
    });
    const more = /rel="next"/.test(headers.get('link') ?? '');
    const seqIn = (name: string, none: number) => Number(headers.get(`deskcord-${name}`) ?? none);
    return { messages: body, head: seqIn('head', 0), delivered: seqIn('delivered', NOTHING), more };
  }

  typing(ticket_id: string): void {
    const now = this.#options.clock.now();
    if (now - (this.#lastTyping.get(ticket_id) ?? 0) < TYPING_EVERY_MS) return;
    this.#lastTyping.set(ticket_id, now);
    this.#signal('typing', { ticket_id });
  }

  read(ticket_id: string, seq: number): void {
    if (seq <= (this.#lastRead.get(ticket_id) ?? 0)) return;
    this.#lastRead.set(ticket_id, seq);
    this.#signal('read', { ticket_id, seq });
  }

  /** Nobody keeps a signal, so one that is lost is not missed. */
  #signal<N extends 'typing' | 'read'>(event: N, input: ClientEventInput<N>): void {
    const { connection } = this.#options;
    if (connection.online) connection.ask(event, input).catch(() => {});
  }

  #ask<N extends ClientEventName>(
    event: N,
    input: ClientEventInput<N>,
    overRest: () => Promise<ClientEventAcks[N]>,
  ): Promise<ClientEventAcks[N]> {
    const { connection } = this.#options;
    return connection.online ? connection.ask(event, input) : overRest();
  }

  async #rest<T>(method: string, path: string, options?: Parameters<Rest['call']>[2]): Promise<T> {
    return (await this.#options.rest.call<T>(method, path, options)).body;
  }
}
