import type { FileView, MessageView } from '../../src/contract/messages.ts';
import type { TicketView } from '../../src/contract/tickets.ts';

/** A visitor who exists in this page alone. */
export const visitor = { id: 'preview', username: 'You', email: null, role: 'TEMP_USER' } as const;
const agent = { author_id: 'agent', author_name: 'Sample agent', author_role: 'AGENT' } as const;

const THINKING_MS = 600;
const WRITING_MS = 1600;
const REOPENABLE_MS = 7 * 24 * 3_600_000;

type Tell = (event: string, data: unknown) => void;

/** What an event of the visitor's may carry. */
export interface Fields {
  ticket_id?: string;
  message_id?: string;
  content?: string;
  client_id?: string;
  attachments?: string[];
}

export interface Kept {
  ticket: TicketView;
  messages: MessageView[];
}

/** What closing changes. */
export function closed(): Partial<TicketView> {
  const closed_at = Date.now();
  const reopen_until = closed_at + REOPENABLE_MS;
  return { status: 'CLOSED', closed_at, closing_due_at: null, reopen_until };
}

/** Enough of the contract for a conversation of one visitor, in the memory of the page. */
export class PretendServer {
  /** Where events go: the newest socket. */
  tell: Tell = () => {};
  readonly #kept = new Map<string, Kept>();
  readonly #files = new Map<string, FileView>();
  #ids = 0;

  get tickets(): TicketView[] {
    return [...this.#kept.values()].map(({ ticket }) => ticket).reverse();
  }

  get cursors(): Record<string, number> {
    return Object.fromEntries(this.tickets.map(({ id, last_seq }) => [id, last_seq]));
  }

  find(id: string): Kept | undefined {
    return this.#kept.get(id);
  }

  create({ topic, description }: { topic: string; description: string }): TicketView {
    const now = Date.now();
    const ticket: TicketView = {
      ...{ id: this.#newId(), number: this.#kept.size + 1, topic, description, status: 'OPEN' },
      ...{ user_id: visitor.id, user_role: visitor.role, username: visitor.username },
      ...{ created_at: now, updated_at: now, changed_at: now },
      ...{ closed_at: null, close_reason: null },
      ...{ support_role: 'GENERAL', issue_level: 'NORMAL', assigned_to: null, last_seq: 0 },
      ...{ reference: '', priority: 'MEDIUM', category: null, sub_category: null },
      ...{
        scheduled_date: null,
        assignee: null,
        files: [],
        context: {},
        reopened: 0,
        reopen_until: null,
        rating: null,
      },
      ...{ first_response_at: null, response_time: null, resolved_at: null },
      ...{ resolution_time: null, rejection_reason: null, close_request: null },
    };
    this.#kept.set(ticket.id, { ticket, messages: [] });
    this.tell('ticket_created', ticket);
    this.#answer(ticket.id, 'Hello! This is what an **answer** of your team looks like.');
    return ticket;
  }

  /** @returns what the acknowledgement carries */
  act(event: string, fields: Fields): object {
    const kept = this.#kept.get(fields.ticket_id ?? '');
    if (!kept) return {};
    switch (event) {
      case 'send_message':
        return this.#sent(kept, fields);
      case 'edit':
        return this.#rewrite(kept, fields, { content: fields.content ?? '', edited: true });
      case 'delete':
        return this.#rewrite(kept, fields, { content: '', files: [], deleted: true });
      case 'close_ticket':
        return { ticket: this.change(kept, closed(), 'ticket_closed') };
      case 'sync':
        return { ...kept, head: kept.ticket.last_seq, more: false };
      default:
        return {};
    }
  }

  /** Changes the ticket itself, and tells of it. */
  change(kept: Kept, fields: Partial<TicketView>, event = 'ticket_updated'): TicketView {
    Object.assign(kept.ticket, fields);
    const ticket = { ...this.#step(kept) };
    this.tell(event, ticket);
    return ticket;
  }

  keepFile(file: File): FileView {
    const { name, type, size } = file;
    const view = { id: this.#newId(), name, type, size, url: URL.createObjectURL(file) };
    this.#files.set(view.id, view);
    return view;
  }

  #sent(kept: Kept, fields: Fields): object {
    const { content = '', client_id = null, attachments = [] } = fields;
    const files = attachments.flatMap((id) => this.#files.get(id) ?? []);
    const author = { author_id: visitor.id, author_name: visitor.username };
    const message = this.#write(kept, { ...author, content, files, client_id });
    this.#answer(kept.ticket.id, 'Thank you! Nothing of this leaves your browser.');
    return { message };
  }

  #write(kept: Kept, given: Partial<MessageView>): MessageView {
    const { last_seq: seq, updated_at: now, id: ticket_id } = this.#step(kept);
    const message: MessageView = {
      ...{ id: this.#newId(), ticket_id, seq, rev: seq, created_at: now, updated_at: now },
      ...{ author_id: '', author_name: '', author_role: visitor.role, client_id: null },
      ...{ content: '', attachments: [], files: [], reply_to: null, reactions: [] },
      ...{ edited: false, deleted: false },
      ...given,
    };
    kept.messages.push(message);
    this.tell('message', message);
    return message;
  }

  #rewrite(kept: Kept, { message_id }: Fields, change: Partial<MessageView>): object {
    const message = kept.messages.find(({ id }) => id === message_id);
    const { last_seq: rev } = this.#step(kept);
    const changed = Object.assign(message ?? {}, change, { rev }) as MessageView;
    this.tell(change.deleted ? 'delete_message' : 'edit_message', changed);
    return { message: changed };
  }

  #step({ ticket }: Kept): TicketView {
    ticket.last_seq++;
    ticket.updated_at = Date.now();
    return ticket;
  }

  /** Somebody reads, writes and answers, as staff would. */
  #answer(ticketId: string, content: string): void {
    const kept = this.#kept.get(ticketId) as Kept;
    const { author_id: user_id, author_name: username, author_role: role } = agent;
    const person = { ticket_id: ticketId, user_id, username, role };
    setTimeout(() => {
      this.tell('read', { ...person, seq: kept.ticket.last_seq });
      this.tell('typing', person);
    }, THINKING_MS);
    setTimeout(() => {
      if (kept.ticket.closed_at !== null) return;
      kept.ticket.first_response_at ??= Date.now();
      this.#write(kept, { ...agent, content });
    }, THINKING_MS + WRITING_MS);
  }

  #newId(): string {
    return (++this.#ids).toString(16).padStart(24, '0');
  }
}
