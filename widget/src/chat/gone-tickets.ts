import { isPending } from '../../../client/new-tickets.ts';
import type { OutboxStorage } from '../../../client/storage.ts';
import { BLANK } from './conversation.ts';
import { Draft, type DraftState, isEmpty } from './draft.ts';
import { fingerprint } from './keeper.ts';
import type { Session } from './session.ts';

/** Texts of which it is remembered that they stand on the blank page. */
const MOVED_KEPT = 50;
/** What one tab stores is there for the others after a moment, in milliseconds. */
const SETTLE_MS = 50;

/**
 * Tickets that were deleted, whether or not somebody listened then: nothing of them is shown or counted,
 * and what was not sent goes onto the blank page.
 */
export class GoneTickets {
  /** What to say of it, on the list and the blank page. */
  notice: 'gone' | 'goneKept' | undefined;
  readonly #session: Session;
  readonly #storage: OutboxStorage;
  readonly #known = new Set<string>();
  #saving: Promise<void> = Promise.resolve();

  constructor(session: Session, storage: OutboxStorage) {
    this.#session = session;
    this.#storage = storage;
  }

  /** The tickets that something on this machine is about. */
  heardOf(): Set<string> {
    const { list, states, kept, client, current } = this.#session;
    const all = [
      ...(list.all ?? []).map(({ id }) => id),
      ...states.ids,
      ...kept.names('draft/').map((name) => name.slice('draft/'.length)),
      ...client.outboxTickets,
      current?.id ?? BLANK,
    ];
    return new Set(all.filter((id) => id !== BLANK && !isPending(id)));
  }

  /** A ticket is not there any more. What is refused only later comes here again. */
  add(id: string): void {
    const { client, current, kept, list, states } = this.#session;
    states.forget(id);
    list.remove(id);
    kept.set(`rating/${id}`, undefined);
    const draft = current?.id === id ? current.draft : new Draft(kept, client.blobs, id);
    const unsent = draft.state;
    const hasUnsent = !isEmpty(unsent) || client.outbox(id).length > 0;
    if (hasUnsent || !this.#known.has(id)) this.notice = hasUnsent ? 'goneKept' : 'gone';
    this.#known.add(id);
    if (current?.id === id) {
      const isAlone = list.all?.length === 0 && client.newTickets.length === 0;
      this.#session.show(hasUnsent || isAlone ? BLANK : undefined);
    }
    this.#saving = this.#saving.then(() => this.#save(id, draft, unsent)).catch(() => {});
    this.#session.tell();
  }

  /** Another screen is shown: what was said has been read by whoever goes on with a conversation. */
  leave(from: string | undefined, to: string | undefined): void {
    const isSaid = (id: string | undefined) => id === undefined || id === BLANK;
    if (isSaid(from) && !isSaid(to)) this.notice = undefined;
  }

  dismiss(): void {
    this.notice = undefined;
    this.#session.tell();
  }

  get #blank(): Draft {
    const { client, current, kept } = this.#session;
    return current?.id === BLANK ? current.draft : new Draft(kept, client.blobs, BLANK);
  }

  /** One tab after the other: where several have the same text, the first one writes it down. */
  async #save(id: string, draft: Draft, unsent: DraftState): Promise<void> {
    const { client, tell } = this.#session;
    const work = async () => {
      if (!isEmpty(unsent)) {
        const mark = fingerprint(JSON.stringify(unsent));
        await this.#moveOnce(`${id}/${mark}`, () => this.#blank.add(unsent));
        draft.take();
      }
      for (const { client_id, content, state, uploads = [] } of client.outbox(id)) {
        if (state !== 'failed') continue;
        const files = [...uploads];
        const move = () => this.#blank.takeOver({ text: content, files });
        await this.#moveOnce(`${id}/${client_id}`, move);
        client.discard(id, client_id);
      }
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    };
    await (this.#storage.exclusive?.(`gone/${id}`, work) ?? work());
    // Another tab may have moved it before this one came to it.
    if (this.notice === 'gone' && this.#moved.some((mark) => mark.startsWith(`${id}/`)))
      this.notice = 'goneKept';
    tell();
  }

  get #moved(): string[] {
    return this.#session.kept.get<string[]>('moved') ?? [];
  }

  async #moveOnce(mark: string, move: () => void | Promise<void>): Promise<void> {
    if (this.#moved.includes(mark)) return;
    await move();
    this.#session.kept.set('moved', [...this.#moved, mark].slice(-MOVED_KEPT));
  }
}
