import { isEnded } from '../../../client/ended.ts';
import { isPending, type NewTicketItem, pendingId } from '../../../client/new-tickets.ts';
import type { OpenTicket, ShownMessage } from '../../../client/open-ticket.ts';
import { newer } from '../../../client/track.ts';
import type { MessageView } from '../../../src/contract/messages.ts';
import type { TicketView } from '../../../src/contract/tickets.ts';
import { Draft } from './draft.ts';
import { topicOf } from './rows.ts';
import type { Session } from './session.ts';

/** A blank page: the first message makes the ticket. */
export const BLANK = 'new';
/** Messages that are kept of a talk whose end is looked at; twice as many before others go. */
const KEPT = 500;

/** What somebody looks at: a ticket, one that is on its way to the server, or a blank page. */
export class Conversation {
  readonly id: string;
  readonly draft: Draft;
  readonly open: OpenTicket | undefined;
  /** While a copy of it is made. */
  keepsAll = false;
  /** Shows the message of that key; there while the list of them is. */
  goTo: ((key: string) => void) | undefined;
  readonly #session: Session;
  readonly #end: () => void;

  constructor(session: Session, id: string) {
    this.#session = session;
    this.id = id;
    const { kept, client, blank } = session;
    if (id === BLANK) blank.reload();
    this.draft = id === BLANK ? blank : new Draft(kept, client.blobs, id);
    const isReal = id !== BLANK && !isPending(id);
    this.open = isReal ? session.client.openTicket(id) : undefined;
    this.#end =
      this.open?.onChange(() => {
        if (this.open?.refusal?.code === 'NOT_FOUND') session.gone.add(id);
        session.tell();
      }) ?? (() => {});
  }

  get ticket(): TicketView | undefined {
    const known = this.#session.list.get(this.id);
    const shown = this.open?.ticket;
    return known && shown ? newer(known, shown) : (shown ?? known);
  }

  /** When it will be closed, where that has been decided. */
  get closingDueAt(): number | null {
    if (this.isClosed) return null;
    const ticket = this.#session.list.get(this.id) ?? this.open?.ticket;
    return ticket?.closing_due_at ?? null;
  }

  get pending(): NewTicketItem | undefined {
    return this.#session.client.newTickets.find(
      ({ client_id }) => pendingId(client_id) === this.id,
    );
  }

  get isLoading(): boolean {
    return this.open !== undefined && !this.open.loaded && !this.open.refusal;
  }

  get isClosed(): boolean {
    return this.ticket !== undefined && isEnded(this.ticket);
  }

  get messages(): ShownMessage[] {
    if (this.open) return this.open.messages;
    if (this.id === BLANK) return [];
    return this.#session.client
      .outbox(this.id)
      .map((item) => ({ key: item.client_id, state: item.state, item }));
  }

  #loadingOlder = false;

  /** Asked for with every step near the top; one page at a time. */
  loadOlder(): void {
    const { open } = this;
    if (!open?.hasOlder || this.#loadingOlder) return;
    this.#loadingOlder = true;
    // What fails is asked for again with the next step.
    void open
      .loadOlder()
      .catch(() => {})
      .finally(() => {
        this.#loadingOlder = false;
      });
  }

  /** A talk of hours grows no further: what is far above comes again when it is scrolled to. */
  shrink(): void {
    if (!this.keepsAll && this.messages.length > 2 * KEPT) this.open?.keepNewest(KEPT);
  }

  /** Sends the draft; of a blank page it makes a ticket. */
  send(): void {
    const { client, context } = this.#session;
    const { text, files, reply } = this.draft.take();
    if (this.id !== BLANK) {
      client.send(this.id, text, { uploads: files, reply_to: reply });
      return;
    }
    const description = text || files.map(({ name }) => name).join(', ');
    const { pending_id } = client.startTicket(topicOf(description), description, {
      ...(context && { context }),
    });
    if (files.length > 0) client.send(pending_id, '', { uploads: files });
    this.#session.show(pending_id);
  }

  /** Tells staff that everything shown here has been read. */
  markRead(): void {
    const last = this.messages.findLast(({ state }) => state === 'sent');
    if (last?.state !== 'sent') return;
    const { states, client } = this.#session;
    const { seq } = last.message;
    // Another tab may have heard of more than this one shows: telling of that again would never end.
    if (!states.get(this.id).unread.some((one) => one <= seq)) return;
    states.read(this.id, (one) => one <= seq);
    client.read(this.id, seq);
    this.#session.tell();
  }

  /** What is written next answers the message of that id; undefined takes it back. */
  reply(id: string | undefined): void {
    this.draft.change({ reply: id, edit: undefined });
    this.#session.tell();
  }

  beginEdit({ id, content }: MessageView): void {
    this.draft.change({ edit: { id, text: content, before: content } });
    this.#session.tell();
  }

  endEdit(): void {
    this.draft.change({ edit: undefined });
    this.#session.tell();
  }

  /** The edit stays open, with its text, until the server has it. @throws DeskError */
  async saveEdit(): Promise<void> {
    const { edit } = this.draft.state;
    if (!edit) return;
    if (edit.text !== edit.before) await this.open?.edit(edit.id, edit.text);
    if (this.draft.state.edit?.id === edit.id) this.endEdit();
  }

  /** Calls off what has not left yet, or takes away what was refused. */
  cancel(clientId: string): void {
    const { client } = this.#session;
    if (!client.cancel(this.id, clientId)) client.discard(this.id, clientId);
  }

  /** What came too late goes onto a blank page, files and all. */
  async moveToNew(clientId: string): Promise<void> {
    const { client, blank } = this.#session;
    const item = client.outbox(this.id).find(({ client_id }) => client_id === clientId);
    if (!item) return;
    const files = await blank.copy(item.uploads ?? [], clientId);
    blank.add({ text: item.content, files });
    client.discard(this.id, clientId);
    this.#session.show(BLANK);
  }

  /** What was being written when the ticket was closed goes onto a blank page. */
  moveDraftToNew(): void {
    const unsent = this.draft.take();
    this.#session.show(BLANK);
    this.#session.blank.add(unsent);
    this.#session.tell();
  }

  release(): void {
    this.#end();
    this.open?.release();
  }
}
